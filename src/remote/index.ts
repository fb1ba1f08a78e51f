/** `pannier/remote`: servers that answer if no backend can. */
export { type OpenInferenceOptions, openInference } from './open-inference.js';

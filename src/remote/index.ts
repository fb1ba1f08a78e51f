/** Servers that answer where no backend can. */
export { type OpenInferenceOptions, openInference } from './open-inference.js';

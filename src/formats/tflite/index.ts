/** The door to the reader of TensorFlow Lite's models: the packer imports it when a model is one. */
export { associatedFiles } from './associated-files.js';
export { readTfliteMetadata } from './metadata.js';
export { parseTflite } from './model.js';
export { readTflite } from './read/read.js';
export { ultralyticsAmong } from './ultralytics.js';

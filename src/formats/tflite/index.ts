/** The door to the reader of TensorFlow Lite's models: the packer imports it when a model is one. */
export { parseTflite, type TfliteModel, type TfliteSignature } from './model.js';
export { readTflite } from './read/read.js';

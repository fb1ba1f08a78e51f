/** The door to the reader of ONNX models: the packer imports it when a model is one. */
export { externalLocations, parseModel } from './proto.js';
export { readOnnx } from './read/read.js';

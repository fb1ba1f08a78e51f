/** What reads ONNX models, in one door: the packer imports it when a model is one. */
export { externalLocations, parseModel } from './proto.js';
export { readOnnx } from './read/read.js';

/** The door to the reader of ONNX models: the packer imports it when a model is one. */
export { type Binding, bindInputs, freeInputs } from './bind.js';
export { dataTypeOf } from './element-types.js';
export { externalLocations, parseModel } from './proto.js';
export { readOnnx } from './read/read.js';
export { readUltralytics, type Ultralytics } from './ultralytics.js';

// Written by `pannier pack` from best.onnx. Do not edit.
import type { DetectorTensor, ImageInput, ModelSource, Shaped } from 'pannier';

export type DetectorInputs = {
  /** float32 [1, 3, 640, 640]; a picture is fitted into 640 × 640 */
  readonly images: ImageInput | Float32Array | Shaped<'float32', readonly [1, 3, 640, 640]>;
};

export type DetectorOutputs = {
  /** float32 [1, 6, 8400]; boxes, as pannier/read reads them */
  readonly output0: DetectorTensor<'cat' | 'dog', 'float32', readonly [1, 6, 8400]>;
};

declare const detector: ModelSource<DetectorInputs, DetectorOutputs>;
export default detector;

// Written by `pannier pack` from model.json. Do not edit.
import type { ImageInput, ModelSource, Shaped, Tensor } from 'pannier';

export type DetectorInputs = {
  /** int32 [1, 320, 320, 3]; a picture is fitted into 320 × 320 */
  readonly image: ImageInput | Int32Array | BigInt64Array | Uint8Array | Uint8ClampedArray | Shaped<'int32', readonly [1, 320, 320, 3]>;
};

export type DetectorOutputs = {
  /** float32 [1, 100, 6] */
  readonly detections: Tensor<'float32', readonly [1, 100, 6]>;
};

declare const detector: ModelSource<DetectorInputs, DetectorOutputs>;
export default detector;

// Written by `pannier pack` from model.json. Do not edit.
import type { ImageInput, ModelSource, Shaped, Tensor } from 'pannier';

export type PoseInputs = {
  /** int32 [1, 192, 192, 3]; a picture is fitted into 192 × 192 */
  readonly image: ImageInput | Int32Array | BigInt64Array | Uint8Array | Uint8ClampedArray | Shaped<'int32', readonly [1, 192, 192, 3]>;
};

export type PoseOutputs = {
  /** float32 [1, 1, 17, 3] */
  readonly keypoints: Tensor<'float32', readonly [1, 1, 17, 3]>;
};

declare const pose: ModelSource<PoseInputs, PoseOutputs>;
export default pose;

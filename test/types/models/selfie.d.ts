// Written by `pannier pack` from model.json. Do not edit.
import type { ImageInput, ModelSource, Shaped, Tensor } from 'pannier';

export type SelfieInputs = {
  /** float32 [1, 144, 256, 3]; a picture is stretched to 256 × 144 */
  readonly image: ImageInput | Float32Array | Shaped<'float32', readonly [1, 144, 256, 3]>;
};

export type SelfieOutputs = {
  /** float32 [1, 144, 256, 1] */
  readonly mask: Tensor<'float32', readonly [1, 144, 256, 1]>;
};

declare const selfie: ModelSource<SelfieInputs, SelfieOutputs>;
export default selfie;

// Written by `pannier pack` from model.json. Do not edit.
import type { ImageInput, LabelledTensor, ModelSource, Shaped } from 'pannier';

export type PetsInputs = {
  /** float32 [?, 224, 224, 3]; a picture is cut to cover 224 × 224 */
  readonly photo: ImageInput | Float32Array | Shaped<'float32', readonly [batch: number, 224, 224, 3]>;
};

export type PetsOutputs = {
  /** float32 [?, 3]; logits */
  readonly scores: LabelledTensor<'cat' | 'dog' | 'rabbit', 'float32', readonly [batch: number, 3]>;
};

declare const pets: ModelSource<PetsInputs, PetsOutputs>;
export default pets;

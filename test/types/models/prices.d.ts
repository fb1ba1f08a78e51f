// Written by `pannier pack` from model.json. Do not edit.
import type { ModelSource, Shaped, Tensor } from 'pannier';

export type PricesInputs = {
  /** float32 [?, 3] */
  readonly features: Float32Array | Shaped<'float32', readonly [number, 3]>;
};

export type PricesOutputs = {
  /** float32 [?] */
  readonly price: Tensor<'float32', readonly [number]>;
  /** int32 [?] */
  readonly band: Tensor<'int32', readonly [number]>;
};

declare const prices: ModelSource<PricesInputs, PricesOutputs>;
export default prices;

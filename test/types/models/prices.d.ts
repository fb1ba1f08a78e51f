// Written by `pannier pack` from model.json. Do not edit.
import type { ModelSource, Shaped, Tensor } from 'pannier';

/** One row: a value for each column. */
export type PricesFeaturesRow = {
  readonly rooms: number;
  readonly area: number;
  readonly city: 'Bern' | 'Chur' | 'Thun';
};

export type PricesInputs = {
  /** float32 [?, 5]; a row, or an array of rows */
  readonly features: PricesFeaturesRow | readonly PricesFeaturesRow[] | Shaped<'float32', readonly [batch: number, 5]>;
};

export type PricesOutputs = {
  /** float32 [?] */
  readonly price: Tensor<'float32', readonly [batch: number]>;
  /** int32 [?] */
  readonly band: Tensor<'int32', readonly [batch: number]>;
};

declare const prices: ModelSource<PricesInputs, PricesOutputs>;
export default prices;

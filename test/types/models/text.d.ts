// Written by `pannier pack` from model.json. Do not edit.
import type { ModelSource, Shaped, Tensor } from 'pannier';

export type TextInputs = {
  /** int32 [?, ?] */
  readonly tokens: Shaped<'int32', readonly [batch: number, length: number]>;
};

export type TextOutputs = {
  /** bool [?] */
  readonly spam: Tensor<'bool', readonly [batch: number]>;
};

declare const text: ModelSource<TextInputs, TextOutputs>;
export default text;

/** One layer with inputs and weights, and the answer that follows from its definition, worked out by hand. */
import type { Json } from '../../fixtures/layers.js';

/** Values of a shape. That of an input is without the batch, which is 1. */
export type Values = readonly [shape: readonly number[], values: readonly number[]];

export interface LayerCase {
  readonly kind: string;
  readonly config?: Json;
  /** Fields that Keras 2 alone writes. */
  readonly keras2?: Json;
  /** Fields that Keras 3 alone writes. */
  readonly keras3?: Json;
  /** The inputs, which are called x0, x1 and so on. */
  readonly inputs: readonly Values[];
  /** Whether the inputs are whole numbers. */
  readonly isWhole?: boolean;
  /** Arguments of the call: names of inputs, which then stand there alone, lists of such names, or true. */
  readonly arguments?: Readonly<Record<string, string | readonly string[] | true>>;
  /** The weights by their names behind the layer's. */
  readonly weights?: Readonly<Record<string, Values>>;
  /** Names of weights that are others in Keras 3. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** The values of each output. */
  readonly wanted: readonly (readonly number[])[];
  /** The same in Keras 3, if it answers otherwise. */
  readonly wanted3?: readonly (readonly number[])[];
}

/** A case of one input and one output. */
export const one = (
  kind: string,
  config: Json,
  shape: readonly number[],
  values: readonly number[],
  wanted: readonly number[],
  more: Partial<LayerCase> = {},
): LayerCase => ({ kind, config, inputs: [[shape, values]], wanted: [wanted], ...more });

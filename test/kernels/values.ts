/** Values for the inputs of a case: seeded, of both signs, with the corners of each element type. */
import { sizeOf } from '../../src/base/dtype.js';
import { DATA_TYPES, type DataType } from '../../src/graph/element-type.js';
import type { Tensor } from '../../src/graph/tensor.js';

/** The element types that a tensor of TF.js has. */
export type CaseType = 'float32' | 'int32' | 'bool';

/** Gives numbers in [0, 1). */
export type Random = () => number;

/** Makes one value; `index` is its place in the tensor. */
export type Draw = (random: Random, index: number) => number;

/** Any whole number from `low` to `high`. */
export const wholes =
  (low: number, high: number): Draw =>
  (random) =>
    low + Math.floor(random() * (high - low + 1));

/** Any number from `low` to `high`. */
export const between =
  (low: number, high: number): Draw =>
  (random) =>
    low + random() * (high - low);

/** These values one after another, from the `offset`-th on. */
export const each =
  (values: readonly number[], offset = 0): Draw =>
  (_, index) =>
    values[(index + offset) % values.length] as number;

/** One of these values. */
export const oneOf =
  (values: readonly number[]): Draw =>
  (random) =>
    values[Math.floor(random() * values.length)] as number;

/** Numbers about 0 with a spread of about 1, as activations and weights are; one in sixteen is 0. */
export const normal: Draw = (random) => {
  if (random() < 1 / 16) return 0;
  return (random() + random() + random() + random() - 2) * 1.7;
};

export const flags: Draw = (random) => Number(random() < 0.5);

/** What an op meets most. */
export const ordinary: Readonly<Record<CaseType, Draw>> = { float32: normal, int32: wholes(-9, 9), bool: flags };

/** Values with few different ones, so that equal ones meet. */
export const ties: Readonly<Record<CaseType, Draw>> = {
  float32: oneOf([-1.5, 0, 0.25, 2]),
  int32: oneOf([-3, 0, 1, 2]),
  bool: flags,
};

/** Whole numbers that float32 does not hold, and the ends of the range. */
export const INT_CORNERS = [
  0,
  1,
  -1,
  2,
  -7,
  100_000_000,
  -100_000_000,
  2 ** 24,
  2 ** 24 + 1,
  -(2 ** 24) - 1,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 30 + 3,
  255,
  256,
  -257,
  65_536,
] as const;

/** Finite floats at which roundings, halves and signs are decided. */
export const FLOAT_CORNERS = [
  0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, -1.5, 3, 1e8, -1e8, 1e-20, -1e-20, 16_777_216, -3.7, 2_147_483_648, -3e9, 1e30, -1e30,
] as const;

/** What is no finite number. */
export const NOT_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const;

export const CORNERS: Readonly<Record<CaseType, readonly number[]>> = {
  float32: [...FLOAT_CORNERS, ...NOT_FINITE],
  int32: INT_CORNERS,
  bool: [0, 1, 1],
};

/** A tensor whose values are drawn one after another. */
export function drawn(random: Random, dataType: DataType, shape: readonly number[], draw: Draw): Tensor {
  const data = new DATA_TYPES[dataType](sizeOf(shape));
  for (let index = 0; index < data.length; index++) data[index] = draw(random, index);
  return { dataType, shape, data };
}

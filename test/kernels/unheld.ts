/** Values that people do not compute with, at which TF.js's kernels answer otherwise than the reference. `docs/kernels.md` lists them. */
import type { OpName } from '../../src/graph/ops/index.js';
import type { Tensor } from '../../src/graph/tensor.js';

export interface Unheld {
  readonly ops: readonly OpName[];
  /** A noun phrase: what is among the inputs. */
  readonly values: string;
  /** A sentence: why TF.js answers otherwise. */
  readonly why: string;
  readonly includes: (...inputs: readonly Tensor[]) => boolean;
}

const numbersOf = ({ data }: Tensor): readonly number[] => Array.from<number | bigint, number>(data, Number);

const some =
  (includes: (value: number) => boolean): Unheld['includes'] =>
  (first) =>
    numbersOf(first as Tensor).some(includes);

const isNotFinite = (value: number) => !Number.isFinite(value);

/** The greatest absolute value. */
const sizeOf = (tensor: Tensor): number => numbersOf(tensor).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const whole =
  (resultOf: (...inputs: readonly Tensor[]) => number): Unheld['includes'] =>
  (...inputs) =>
    inputs[0]?.dataType !== 'float32' && resultOf(...inputs) > 2 ** 53;

export const UNHELD: readonly Unheld[] = [
  {
    ops: ['argMax', 'argMin', 'topK', 'maxPool2d'],
    values: 'NaN',
    why: 'NaN has no place in an order; on cpu, a window skips it.',
    includes: some(Number.isNaN),
  },
  {
    ops: ['convTranspose2d', 'resample2d'],
    values: 'NaN and infinities',
    why: 'TF.js multiplies them by the zeros of a dilated filter, and subtracts neighbours.',
    includes: some(isNotFinite),
  },
  {
    ops: ['reduceL2', 'l2Pool2d', 'layerNormalization', 'instanceNormalization'],
    values: 'numbers beyond 2^64',
    why: 'Their squares are no float32.',
    includes: some((value) => Math.abs(value) > 2 ** 64),
  },
  {
    ops: ['mod'],
    values: 'an infinite divisor',
    why: 'TF.js adds it to the remainder, and divides once more.',
    includes: (_, divisor) => numbersOf(divisor as Tensor).some(isNotFinite),
  },
  {
    ops: ['reduceProduct', 'cumulativeProduct'],
    values: 'whole numbers whose product is beyond 2^53',
    why: 'TF.js multiplies them in float64.',
    includes: whole((input) => numbersOf(input as Tensor).reduce((product, value) => product * Math.max(1, Math.abs(value)), 1)),
  },
  {
    ops: ['pow'],
    values: 'whole numbers whose power is beyond 2^53',
    why: 'TF.js computes it in float64.',
    includes: whole((base, exponent) => sizeOf(base as Tensor) ** sizeOf(exponent as Tensor)),
  },
];

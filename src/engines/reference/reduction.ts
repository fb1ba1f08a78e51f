/** The reference of the ops that combine elements along axes. */
import { sizeOf } from '../../base/dtype.js';
import { eachRow, stridesOf } from '../../base/strided.js';
import { type DataType, INTEGER_RANGE, isFloat } from '../../graph/element-type.js';
import type { REDUCTION_OPS } from '../../graph/ops/reduction.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernels } from './kernel.js';
import { cumulative, logSoftmax, placeOfExtreme, softmax } from './lines.js';
import { narrow, type WideArray, wide, wideArray } from './wide.js';

/** The part of a call that a reduction's kernel takes. */
interface Call {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: { readonly axes: readonly number[] };
  readonly shapes: readonly (readonly number[] | undefined)[];
}

/** A reduction: totals begin with `initial`, take one element after another, and are turned into results. */
interface Reduction {
  readonly initial: number;
  /** @param place of the total among all */
  readonly combine: (total: number, x: number, place: number) => number;
  /** @param count of the elements in one total */
  readonly finish?: (total: number, count: number, place: number) => number;
}

/** Totals in float64 of the elements along some axes. */
function totalsOf(values: WideArray, { shape }: Tensor, axes: readonly number[], { initial, combine }: Reduction): Float64Array {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const totals = new Float64Array(sizeOf(kept)).fill(initial);
  eachRow(shape, [stridesOf(shape), strides], (starts, length, steps) => {
    const [start, place] = starts as readonly [number, number];
    const [step, move] = steps as readonly [number, number];
    for (let index = 0; index < length; index++) {
      const at = place + index * move;
      totals[at] = combine(totals[at] as number, values[start + index * step] as number, at);
    }
  });
  return totals;
}

function reduced(reduction: Reduction, { inputs: [given], attributes: { axes }, shapes: [shape] }: Call): [Tensor] {
  const input = given as Tensor;
  const { dataType } = input;
  const totals = totalsOf(wide(input.data), input, axes, reduction);
  const count = axes.reduce((product, axis) => product * (input.shape[axis] as number), 1);
  const results = wideArray(dataType, totals.length);
  const { finish = (total: number) => total } = reduction;
  for (let index = 0; index < totals.length; index++) results[index] = finish(totals[index] as number, count, index);
  return [{ dataType, shape: shape as readonly number[], data: narrow(dataType, results) }];
}

/** The kernel of a reduction that depends on the element type. */
const by =
  (reductionOf: (dataType: DataType) => Reduction) =>
  (call: Call): [Tensor] =>
    reduced(reductionOf((call.inputs[0] as Tensor).dataType), call);

const always = (reduction: Reduction) => by(() => reduction);

/** A sum of a function of each element. Sums of whole numbers wrap at 32 bits; `whole` is then the function in its lowest 32 bits. */
const sumOf = (f: (x: number) => number, whole = f) =>
  by((dataType) =>
    isFloat(dataType) || dataType === 'int64'
      ? { initial: 0, combine: (total, x) => total + f(x) }
      : { initial: 0, combine: (total, x) => (total + whole(x)) | 0 },
  );

const product = by((dataType) => ({
  initial: 1,
  combine: isFloat(dataType) || dataType === 'int64' ? (total, x) => total * x : Math.imul,
}));

/** Means of whole numbers are rounded towards zero; their sums are exact. */
const mean = by((dataType) => ({
  initial: 0,
  combine: (total, x) => total + x,
  finish: (total, count) => {
    if (isFloat(dataType)) return total / count;
    if (count === 0) throw new RangeError('takes the mean of no whole numbers');
    return Math.trunc(total / count);
  },
}));

/** The greatest element, or NaN if one is. Without elements, it is the least number of the type. */
const greatest = by((dataType) => ({
  initial: INTEGER_RANGE[dataType]?.[0] ?? Number.NEGATIVE_INFINITY,
  combine: (total, x) => Math.max(total, x),
}));

const least = by((dataType) => ({
  initial: INTEGER_RANGE[dataType]?.[1] ?? Number.POSITIVE_INFINITY,
  combine: (total, x) => Math.min(total, x),
}));

/** ln Σe^x, where the greatest x is taken out of the sum, so that nothing overflows. */
function logSumExp(call: Call): [Tensor] {
  const input = call.inputs[0] as Tensor;
  const peaks = totalsOf(wide(input.data), input, call.attributes.axes, {
    initial: Number.NEGATIVE_INFINITY,
    combine: (total, x) => Math.max(total, x),
  }).map((peak) => (Number.isFinite(peak) ? peak : 0));
  const combine = (total: number, x: number, place: number) => total + Math.exp(x - (peaks[place] as number));
  return reduced({ initial: 0, combine, finish: (total, _, place) => Math.log(total) + (peaks[place] as number) }, call);
}

export const REDUCTION_KERNELS: Kernels<keyof typeof REDUCTION_OPS> = {
  reduceSum: sumOf((x) => x),
  reduceMean: mean,
  reduceProduct: product,
  reduceMax: greatest,
  reduceMin: least,
  reduceL1: sumOf(Math.abs),
  reduceL2: always({ initial: 0, combine: (total, x) => total + x * x, finish: Math.sqrt }),
  reduceSumSquare: sumOf(
    (x) => x * x,
    (x) => Math.imul(x, x),
  ),
  reduceLogSum: always({ initial: 0, combine: (total, x) => total + x, finish: Math.log }),
  reduceLogSumExp: logSumExp,
  reduceAll: always({ initial: 1, combine: (total, x) => total & x }),
  reduceAny: always({ initial: 0, combine: (total, x) => total | x }),
  argMax: ({ inputs: [input], attributes, shapes: [shape] }) => [
    placeOfExtreme(input as Tensor, attributes, shape as readonly number[], 1),
  ],
  argMin: ({ inputs: [input], attributes, shapes: [shape] }) => [
    placeOfExtreme(input as Tensor, attributes, shape as readonly number[], -1),
  ],
  cumulativeSum: ({ inputs: [input], attributes }) => [
    cumulative(
      input as Tensor,
      attributes,
      0,
      (a, b) => a + b,
      (a, b) => (a + b) | 0,
    ),
  ],
  cumulativeProduct: ({ inputs: [input], attributes }) => [cumulative(input as Tensor, attributes, 1, (a, b) => a * b, Math.imul)],
  softmax: ({ inputs: [input], attributes: { axis } }) => [softmax(input as Tensor, axis)],
  logSoftmax: ({ inputs: [input], attributes: { axis } }) => [logSoftmax(input as Tensor, axis)],
};

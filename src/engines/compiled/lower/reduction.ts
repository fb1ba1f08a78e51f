/** Ops that combine elements along axes. */
import { sizeOf } from '../../../base/dtype.js';
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { Node, Value } from '../../../graph/graph.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from '../kernels/kernel.js';
import { log } from '../kernels/logarithm.js';
import { type Axes, broadcastStrides, rowMajor } from '../kernels/loops.js';
import { FLOAT_MAX, FLOAT_PRODUCT, FLOAT_SUM, type Reduction, reduce, WHOLE_PRODUCT, WHOLE_SUM } from '../kernels/reduce.js';
import { narrowed } from './formula-table.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { shapeOf } from './values.js';

const square = (element: Parameters<typeof f32x4.mul>[0]) => f32x4.mul(element, element);

/** Reductions of floats. @param count how many elements become one */
const ofFloats = (kernels: Kernels, op: string, count: number): Reduction | undefined => {
  switch (op) {
    case 'reduceSum':
      return FLOAT_SUM;
    case 'reduceMean':
      return { ...FLOAT_SUM, name: `mean of ${count}`, after: (_, sum) => f32x4.mul(sum, f32x4.const(1 / count)) };
    case 'reduceMax':
      return FLOAT_MAX;
    case 'reduceMin':
      return { name: 'min', neutral: f32x4.const(Number.POSITIVE_INFINITY), combine: f32x4.min };
    case 'reduceProduct':
      return FLOAT_PRODUCT;
    case 'reduceL1':
      return { ...FLOAT_SUM, name: 'l1', before: (_, element) => f32x4.abs(element) };
    case 'reduceL2':
      return { ...FLOAT_SUM, name: 'l2', before: (body, element) => square(body.let(element)), after: (_, sum) => f32x4.sqrt(sum) };
    case 'reduceSumSquare':
      return { ...FLOAT_SUM, name: 'sum of squares', before: (body, element) => square(body.let(element)) };
    case 'reduceLogSum':
      return { ...FLOAT_SUM, name: 'log of sum', after: (_, sum) => log(kernels)(sum) };
    default:
      return undefined;
  }
};

/** Reductions of whole numbers and booleans. */
const OF_WHOLE: Readonly<Record<string, Reduction>> = {
  reduceSum: WHOLE_SUM,
  reduceMax: { name: 'whole max', neutral: i32x4.const(-(2 ** 31)), combine: i32x4.max },
  reduceMin: { name: 'whole min', neutral: i32x4.const(2 ** 31 - 1), combine: i32x4.min },
  reduceProduct: WHOLE_PRODUCT,
  reduceAll: { name: 'all', neutral: i32x4.const(1), combine: v128.and },
  reduceAny: { name: 'any', neutral: i32x4.const(0), combine: v128.or },
};

/** A reduction of whole numbers whose results keep as many of their lowest bits as their type has. */
export const inType = (reduction: Reduction, type: DataType): Reduction => ({
  ...{ ...reduction, name: `${reduction.name} ${type}` },
  after: (_, result) => narrowed(result, type),
});

/** The loops of a reduction. */
export interface ReducedAxes {
  readonly shape: readonly number[];
  /** The axes of the results, with the strides of the tensor and of the results. */
  readonly kept: Axes;
  /** The axes that are combined, with the strides of the tensor. */
  readonly gone: Axes;
  /** How many elements become one. */
  readonly count: number;
  /** How many results there are. */
  readonly results: number;
  /** The strides with which the results run along with the tensor. */
  readonly resultStrides: readonly number[];
}

/** The loops that reduce a tensor of some shape along axes. */
export function reducedAxes(shape: readonly number[], axes: readonly number[]): ReducedAxes {
  const strides = rowMajor(shape);
  const all = [...shape.keys()];
  const pick = (values: readonly number[], isGone: boolean): number[] =>
    all.filter((axis) => axes.includes(axis) === isGone).map((axis) => values[axis] as number);
  const sizes = pick(shape, false);
  const results = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return {
    shape,
    kept: { sizes, strides: [pick(strides, false), rowMajor(sizes)] },
    gone: { sizes: pick(shape, true), strides: [pick(strides, true)] },
    count: sizeOf(pick(shape, true)),
    results: sizeOf(sizes),
    resultStrides: broadcastStrides(results, shape),
  };
}

/** Lowers a reduction, if the op is one that has a kernel for its element type. */
export function lowerReduction(node: Node & { readonly attributes: { readonly axes: readonly number[] } }, lowering: Lowering): Step {
  const input = node.inputs[0] as Value;
  const { kept, gone, count } = reducedAxes(shapeOf(input), node.attributes.axes);
  const type = input.type?.dataType as DataType;
  const whole = OF_WHOLE[node.op];
  const reduction = isFloat(type) ? ofFloats(lowering.kernels, node.op, count) : whole && inType(whole, type);
  if (reduction === undefined) throw new RangeError(`reduces ${type}`);
  if (count === 0) throw new RangeError('reduces no elements');
  const run = reduce(lowering.kernels, kept, gone, reduction);
  return plainStep(node, { write: ({ body }, [from], [to]) => body.call(run, from, to) });
}

/** The loops of ops that reduce a tensor along axes, and of those that combine each element with such a result. */
import { sizeOf } from '../../../base/dtype.js';
import type { V128 } from '../asm/code.js';
import type { Callable } from '../asm/function.js';
import { f32x4 } from '../asm/vector.js';
import { elementwise, type NamedFormula } from '../kernels/elementwise.js';
import type { Kernels } from '../kernels/kernel.js';
import { type Axes, broadcastStrides, rowMajor } from '../kernels/loops.js';

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

/**
 * Combines each element with the result of its reduction, element by element.
 * Parameters: the addresses of the elements, of the results, of tensors of other strides and of the output, which may be that of the elements.
 */
export const withResults = (
  kernels: Kernels,
  { shape, resultStrides }: ReducedAxes,
  formula: NamedFormula,
  ...others: readonly (readonly number[])[]
): Callable => elementwise(kernels, { sizes: shape, strides: [rowMajor(shape), resultStrides, ...others, rowMajor(shape)] }, formula);

/** The distance of each element from the result of its reduction. */
export const MINUS: NamedFormula = { name: 'minus', write: (_, [x, y]) => f32x4.sub(x as V128, y as V128) };

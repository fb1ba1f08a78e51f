/** Ops that combine elements along axes. */
import { type DataType, INTEGER_RANGE, isFloat } from '../../../graph/element-type.js';
import type { Node, Value } from '../../../graph/graph.js';
import type { V128 } from '../asm/code.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import { elementwise } from '../kernels/elementwise.js';
import type { Kernels } from '../kernels/kernel.js';
import { log } from '../kernels/logarithm.js';
import { type Reduction, reduce } from '../kernels/reduce.js';
import { FLOAT_MAX, FLOAT_PRODUCT, FLOAT_SUM, floatMean, SQUARE_SUM, squared, WHOLE_PRODUCT, WHOLE_SUM } from '../kernels/reductions.js';
import { narrowed } from './formula-table.js';
import { plainStep } from './plain-step.js';
import { reducedAxes } from './reduced-axes.js';
import type { Lowering, Step } from './step.js';
import { bitsOf, elementCount, shapeOf } from './values.js';

/** Reductions of floats. @param count how many elements become one */
const ofFloats = (kernels: Kernels, op: string, count: number): Reduction | undefined => {
  switch (op) {
    case 'reduceSum':
      return FLOAT_SUM;
    case 'reduceMean':
      return floatMean(count);
    case 'reduceMax':
      return FLOAT_MAX;
    case 'reduceMin':
      return { name: 'min', neutral: f32x4.const(Number.POSITIVE_INFINITY), combine: f32x4.min };
    case 'reduceProduct':
      return FLOAT_PRODUCT;
    case 'reduceL1':
      return { ...FLOAT_SUM, name: 'l1', before: (_, element) => f32x4.abs(element) };
    case 'reduceL2':
      return { ...SQUARE_SUM, name: 'l2', after: (_, sum) => f32x4.sqrt(sum) };
    case 'reduceSumSquare':
      return SQUARE_SUM;
    case 'reduceLogSum':
      return { ...FLOAT_SUM, name: 'log of sum', after: (body, sum) => log(kernels, body, sum) };
    default:
      return undefined;
  }
};

/** Reductions of whole numbers and booleans. */
const ofWhole = (op: string, type: DataType): Reduction | undefined => {
  const [least, greatest] = (INTEGER_RANGE[type] ?? [0, 1]).map((bound) => i32x4.const(bitsOf(type, bound))) as [V128, V128];
  switch (op) {
    case 'reduceSum':
      return WHOLE_SUM;
    case 'reduceProduct':
      return WHOLE_PRODUCT;
    case 'reduceL1':
      return { ...WHOLE_SUM, name: 'whole l1', before: (_, element) => i32x4.abs(element) };
    case 'reduceSumSquare':
      return { ...WHOLE_SUM, name: 'whole sum of squares', before: squared(i32x4.mul) };
    case 'reduceMax':
      return { name: 'whole max', neutral: least, combine: i32x4.max };
    case 'reduceMin':
      return { name: 'whole min', neutral: greatest, combine: i32x4.min };
    case 'reduceAll':
      return { name: 'all', neutral: i32x4.const(1), combine: v128.and };
    case 'reduceAny':
      return { name: 'any', neutral: i32x4.const(0), combine: v128.or };
    default:
      return undefined;
  }
};

/** A reduction of whole numbers whose results keep as many of their lowest bits as their type has. */
export const inType = (reduction: Reduction, type: DataType): Reduction => ({
  ...{ ...reduction, name: `${reduction.name} ${type}` },
  after: (_, result) => narrowed(result, type),
});

/** Results of no elements. */
export function ofNothing(node: Node, { kernels }: Lowering, { name, neutral, after }: Reduction): Step {
  const sizes = [elementCount(node.outputs[0] as Value)];
  const run = elementwise(kernels, { sizes, strides: [[1]] }, { name: `no ${name}`, write: (body) => after?.(body, neutral) ?? neutral });
  return plainStep(node, { write: ({ body }, _, [to]) => body.call(run, to) });
}

/** Lowers a reduction, if the op is one that has a kernel for its element type. */
export function lowerReduction(node: Node & { readonly attributes: { readonly axes: readonly number[] } }, lowering: Lowering): Step {
  const input = node.inputs[0] as Value;
  const { kept, gone, count } = reducedAxes(shapeOf(input), node.attributes.axes);
  const type = input.type?.dataType as DataType;
  const whole = ofWhole(node.op, type);
  const reduction = isFloat(type) ? ofFloats(lowering.kernels, node.op, count) : whole && inType(whole, type);
  if (reduction === undefined) throw new RangeError(`reduces ${type}`);
  if (count === 0) return ofNothing(node, lowering, reduction);
  const run = reduce(lowering.kernels, kept, gone, reduction);
  return plainStep(node, { write: ({ body }, [from], [to]) => body.call(run, from, to) });
}

/** Ops that combine elements along axes. */
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { Node, Value } from '../../../graph/graph.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from '../kernels/kernel.js';
import { log } from '../kernels/logarithm.js';
import { type Reduction, reduce } from '../kernels/reduce.js';
import { FLOAT_MAX, FLOAT_PRODUCT, FLOAT_SUM, floatMean, SQUARE_SUM, WHOLE_PRODUCT, WHOLE_SUM } from '../kernels/reductions.js';
import { narrowed } from './formula-table.js';
import { plainStep } from './plain-step.js';
import { reducedAxes } from './reduced-axes.js';
import type { Lowering, Step } from './step.js';
import { shapeOf } from './values.js';

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
const OF_WHOLE: Readonly<Record<string, Reduction>> = {
  reduceSum: WHOLE_SUM,
  reduceL1: { ...WHOLE_SUM, name: 'whole l1', before: (_, element) => i32x4.abs(element) },
  reduceSumSquare: {
    ...{ ...WHOLE_SUM, name: 'whole sum of squares' },
    before: (body, given) => {
      const element = body.let(given);
      return i32x4.mul(element, element);
    },
  },
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

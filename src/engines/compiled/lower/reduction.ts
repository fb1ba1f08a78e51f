/** Ops that combine elements along axes. */
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { Node, Value } from '../../../graph/graph.js';
import type { V128 } from '../asm/code.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import { rowMajor } from '../kernels/loops.js';
import { FLOAT_SUM, type Reduction, reduce, WHOLE_SUM } from '../kernels/reduce.js';
import { narrowed } from './formula-table.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { shapeOf } from './values.js';

const square = (element: Parameters<typeof f32x4.mul>[0]) => f32x4.mul(element, element);

/** Reductions of floats. @param count how many elements become one */
const ofFloats = (op: string, count: number): Reduction | undefined => {
  switch (op) {
    case 'reduceSum':
      return FLOAT_SUM;
    case 'reduceMean':
      return { ...FLOAT_SUM, name: `mean of ${count}`, after: (_, sum) => f32x4.mul(sum, f32x4.const(1 / count)) };
    case 'reduceMax':
      return { name: 'max', neutral: f32x4.const(Number.NEGATIVE_INFINITY), combine: f32x4.max };
    case 'reduceMin':
      return { name: 'min', neutral: f32x4.const(Number.POSITIVE_INFINITY), combine: f32x4.min };
    case 'reduceProduct':
      return { name: 'product', neutral: f32x4.const(1), combine: f32x4.mul };
    case 'reduceL1':
      return { ...FLOAT_SUM, name: 'l1', before: (_, element) => f32x4.abs(element) };
    case 'reduceL2':
      return { ...FLOAT_SUM, name: 'l2', before: (body, element) => square(body.let(element)), after: (_, sum) => f32x4.sqrt(sum) };
    case 'reduceSumSquare':
      return { ...FLOAT_SUM, name: 'sum of squares', before: (body, element) => square(body.let(element)) };
    default:
      return undefined;
  }
};

/** Reductions of whole numbers and booleans. */
const OF_WHOLE: Readonly<Record<string, Reduction>> = {
  reduceSum: WHOLE_SUM,
  reduceMax: { name: 'whole max', neutral: i32x4.const(-(2 ** 31)), combine: i32x4.max },
  reduceMin: { name: 'whole min', neutral: i32x4.const(2 ** 31 - 1), combine: i32x4.min },
  reduceProduct: { name: 'whole product', neutral: i32x4.const(1), combine: i32x4.mul },
  reduceAll: { name: 'all', neutral: i32x4.const(1), combine: v128.and },
  reduceAny: { name: 'any', neutral: i32x4.const(0), combine: v128.or },
};

/** Lowers a reduction, if the op is one that has a kernel for its element type. */
export function lowerReduction(node: Node & { readonly attributes: { readonly axes: readonly number[] } }, lowering: Lowering): Step {
  const input = node.inputs[0] as Value;
  const shape = shapeOf(input);
  const { axes } = node.attributes;
  const strides = rowMajor(shape);
  const isGone = (axis: number): boolean => axes.includes(axis);
  const all = [...shape.keys()];
  const pick = (values: readonly number[], gone: boolean): number[] =>
    all.filter((axis) => isGone(axis) === gone).map((axis) => values[axis] as number);
  const count = pick(shape, true).reduce((product, size) => product * size, 1);
  const type = input.type?.dataType as DataType;
  const whole = OF_WHOLE[node.op];
  const reduction = isFloat(type)
    ? ofFloats(node.op, count)
    : whole && { ...whole, name: `${whole.name} ${type}`, after: (_: unknown, result: V128) => narrowed(result, type) };
  if (reduction === undefined) throw new RangeError(`reduces ${type}`);
  if (count === 0) throw new RangeError('reduces no elements');
  const sizes = pick(shape, false);
  const kept = { sizes, strides: [pick(strides, false), rowMajor(sizes)] };
  const run = reduce(lowering.kernels, kept, { sizes: pick(shape, true), strides: [pick(strides, true)] }, reduction);
  return plainStep(node, { write: ({ body }, [from], [to]) => body.call(run, from, to) });
}

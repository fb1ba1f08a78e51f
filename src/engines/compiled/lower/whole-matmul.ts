/** Matrix products of whole numbers, as quantised models have them. */
import type { DataType } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import { broadcastStrides, rowMajor } from '../kernels/loops.js';
import { WHOLE_SUM } from '../kernels/reductions.js';
import { wholeProduct } from '../kernels/whole-product.js';
import { plainStep } from './plain-step.js';
import { inType } from './reduction.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

export function lowerWholeMatmul(node: NodeOf<'matmul'>, { kernels }: Lowering): Step {
  const [left, right] = node.inputs as readonly [Value, Value];
  const [output] = node.outputs as readonly [Value];
  const [rows, depth] = shapeOf(left).slice(-2) as [number, number];
  const columns = shapeOf(right).at(-1) as number;
  if (elementCount(left) === 0) throw new RangeError('multiplies matrices without elements');
  const sizes = shapeOf(output).slice(0, -2);
  const matrices = (value: Value, elements: number): number[] =>
    broadcastStrides(shapeOf(value).slice(0, -2), sizes).map((stride) => stride * elements);
  const strides = [
    matrices(left, rows * depth),
    matrices(right, depth * columns),
    rowMajor(sizes).map((stride) => stride * rows * columns),
  ];
  const sum = inType(WHOLE_SUM, output.type?.dataType as DataType);
  const run = wholeProduct(kernels, { batch: { sizes, strides }, rows, depth, columns }, sum);
  return plainStep(node, { write: ({ body }, [a, b], [to]) => body.call(run, a, b as typeof a, to) });
}

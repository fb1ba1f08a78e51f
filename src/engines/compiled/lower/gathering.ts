/** Ops that take slices or elements by indices. */
import { sizeOf } from '../../../base/dtype.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import { gatherElements } from '../kernels/elements.js';
import { gather, gatherRows } from '../kernels/gather.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

/** No index is right in a tensor of no elements. */
function checkHasElements(input: Value): void {
  if (elementCount(input) === 0) throw new RangeError('takes elements of an empty tensor');
}

export const GATHERING = {
  gather: (node: NodeOf<'gather'>, lowering: Lowering): Step => {
    const [input, indices] = node.inputs as readonly [Value, Value];
    const { axis, batchDimensions } = node.attributes;
    const shape = shapeOf(input);
    const run = gather(lowering.kernels, {
      batches: sizeOf(shape.slice(0, batchDimensions)),
      outer: sizeOf(shape.slice(batchDimensions, axis)),
      length: shape[axis] as number,
      indices: sizeOf(shapeOf(indices).slice(batchDimensions)),
      inner: sizeOf(shape.slice(axis + 1)),
    });
    checkHasElements(input);
    return plainStep(node, { write: ({ body }, [from, at], [to]) => body.call(run, from, at as typeof from, to) });
  },
  gatherND: (node: NodeOf<'gatherND'>, lowering: Lowering): Step => {
    const [input, indices] = node.inputs as readonly [Value, Value];
    const { batchDimensions } = node.attributes;
    checkHasElements(input);
    const shape = shapeOf(input);
    const depth = shapeOf(indices).at(-1) as number;
    const run = gatherRows(lowering.kernels, {
      batches: sizeOf(shape.slice(0, batchDimensions)),
      rows: sizeOf(shapeOf(indices).slice(batchDimensions, -1)),
      lengths: shape.slice(batchDimensions, batchDimensions + depth),
      inner: sizeOf(shape.slice(batchDimensions + depth)),
    });
    return plainStep(node, { write: ({ body }, [from, at], [to]) => body.call(run, from, at as typeof from, to) });
  },
  gatherElements: (node: NodeOf<'gatherElements'>, { kernels }: Lowering): Step => {
    const [input, indices] = node.inputs as readonly [Value, Value];
    checkHasElements(input);
    const run = gatherElements(kernels, { sizes: shapeOf(indices), shape: shapeOf(input), axis: node.attributes.axis });
    return plainStep(node, { write: ({ body }, [from, at], [to]) => body.call(run, from, at as typeof from, to) });
  },
} as const;

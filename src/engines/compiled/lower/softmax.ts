/** Softmax along an axis: along the last one as it is, along any other one between two copies. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { NO_TERM, softmax } from '../kernels/softmax.js';
import { axisCopies, isLastAxis } from './last-axis.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, memoryBytes, shapeOf } from './values.js';

export function lowerSoftmax(node: NodeOf<'softmax'>, lowering: Lowering): Step {
  const input = node.inputs[0] as Value;
  const shape = shapeOf(input);
  const { axis } = node.attributes;
  const length = shape[axis] as number;
  const { kernels } = lowering;
  const run = softmax(kernels, { rows: elementCount(input) / length, length, rowStride: length }, NO_TERM);
  if (isLastAxis(shape, axis)) return plainStep(node, { mayReplace: [input], write: ({ body }, [from], [to]) => body.call(run, from, to) });
  const { toLast, fromLast } = axisCopies(kernels, shape, axis);
  return plainStep(node, {
    scratchBytes: memoryBytes(input),
    write: ({ body, scratch }, [from], [to]) => {
      body.call(toLast, from, scratch);
      body.call(run, scratch, scratch);
      body.call(fromLast, scratch, to);
    },
  });
}

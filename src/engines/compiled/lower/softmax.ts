/** Softmax along an axis: along the last one as it is, along any other one between two copies. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { copy } from '../kernels/copy.js';
import { rowMajor } from '../kernels/loops.js';
import { softmax } from '../kernels/softmax.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, memoryBytes, shapeOf } from './values.js';

export function lowerSoftmax(node: NodeOf<'softmax'>, lowering: Lowering): Step {
  const input = node.inputs[0] as Value;
  const shape = shapeOf(input);
  const { axis } = node.attributes;
  const length = shape[axis] as number;
  const { kernels } = lowering;
  const run = softmax(kernels, elementCount(input) / length, length);
  if (shape.slice(axis + 1).every((size) => size === 1))
    return plainStep(node, { mayReplace: [input], write: ({ body }, [from], [to]) => body.call(run, from, to) });
  const sizes = [...shape.toSpliced(axis, 1), length];
  const strides = rowMajor(shape);
  const moved = [...strides.toSpliced(axis, 1), strides[axis] as number];
  const [there, back] = [
    copy(kernels, { sizes, strides: [moved, rowMajor(sizes)] }),
    copy(kernels, { sizes, strides: [rowMajor(sizes), moved] }),
  ];
  return plainStep(node, {
    scratchBytes: memoryBytes(input),
    write: ({ body, scratch }, [from], [to]) => {
      body.call(there, from, scratch);
      body.call(run, scratch, scratch);
      body.call(back, scratch, to);
    },
  });
}

/** Ops that choose elements along an axis by their values. */
import { sizeOf } from '../../../base/dtype.js';
import { isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { argExtreme } from '../kernels/arg-extreme.js';
import { topK } from '../kernels/top-k.js';
import { axisCopies, isLastAxis } from './last-axis.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, memoryBytes, shapeOf } from './values.js';

const isOfFloats = ({ type }: Value): boolean => isFloat(type?.dataType ?? 'float32');

const place =
  (isGreatest: boolean) =>
  (node: NodeOf<'argMax'> | NodeOf<'argMin'>, { kernels }: Lowering): Step => {
    const [input] = node.inputs as readonly [Value];
    const shape = shapeOf(input);
    const { axis } = node.attributes;
    if (shape[axis] === 0) throw new RangeError('asks for a place along an axis that has none');
    const run = argExtreme(kernels, {
      ...{ isGreatest, isFloat: isOfFloats(input) },
      ...{ outer: sizeOf(shape.slice(0, axis)), length: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)) },
    });
    return plainStep(node, { write: ({ body }, [from], [to]) => body.call(run, from, to) });
  };

function lowerTopK(node: NodeOf<'topK'>, { kernels }: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const [values] = node.outputs as readonly [Value];
  const shape = shapeOf(input);
  const { axis, k, largest } = node.attributes;
  const length = shape[axis] as number;
  const run = topK(kernels, {
    ...{ rows: elementCount(input) / length, length, k: k as number },
    ...{ isLargest: largest, isFloat: isOfFloats(input) },
  });
  if (isLastAxis(shape, axis))
    return plainStep(node, { write: ({ body }, [from], [to, places]) => body.call(run, from, to, places as typeof to) });
  const { toLast } = axisCopies(kernels, shape, axis);
  const { fromLast } = axisCopies(kernels, shapeOf(values), axis);
  const [inputBytes, outputBytes] = [memoryBytes(input), memoryBytes(values)];
  return plainStep(node, {
    scratchBytes: inputBytes + 2 * outputBytes,
    write: ({ body, scratch }, [from], outputs) => {
      const moved = [inputBytes, inputBytes + outputBytes].map((bytes) => body.let(i32.offset(scratch, bytes)));
      body.call(toLast, from, scratch);
      body.call(run, scratch, ...moved);
      for (const [index, each] of moved.entries()) body.call(fromLast, each, outputs[index] as typeof from);
    },
  });
}

export const SELECTION = { topK: lowerTopK, argMax: place(true), argMin: place(false) } as const;

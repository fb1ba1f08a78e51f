/** Refuses graphs whose values are too large before the first of them is computed: what doubles forty times has filled memory by then. */
import { sizeOf } from '../../base/dtype.js';
import { opError } from '../../graph/node-error.js';
import { evaluate, namesIn } from '../../graph/size.js';
import { type Shape, shapeText, type TensorType } from '../../graph/tensor.js';
import type { Step } from './plan.js';

/** The most elements of one value: 512 MiB of float32. */
export const MAX_ELEMENTS = 2 ** 27;

/** The most elements of all values that are kept at one time: 2 GiB of float32. */
const MAX_KEPT_ELEMENTS = 2 ** 29;

/**
 * Checks the values of which the sizes are known before a run; those that the values of others decide are not.
 * @param sizes the numbers that open sizes are
 * @throws {PannierError} `predict`, naming the node
 */
export function checkElements(steps: readonly Step[], sizes: ReadonlyMap<string, number>): void {
  const counts = new Map<string, number>();
  let kept = 0;
  for (const { node, dropped } of steps) {
    for (const { name, type } of node.outputs) {
      const shape = closedShape((type as TensorType).shape, sizes);
      if (shape === undefined) continue;
      const count = sizeOf(shape);
      kept += count;
      const problem =
        count > MAX_ELEMENTS
          ? `more than ${MAX_ELEMENTS} elements`
          : kept > MAX_KEPT_ELEMENTS
            ? `more than ${MAX_KEPT_ELEMENTS} elements with the values that are kept for later nodes`
            : undefined;
      if (problem !== undefined) throw opError(node.op, node.origin, `gives ${shapeText(shape)}, which is ${problem}`, 'predict');
      counts.set(name, count);
    }
    for (const name of dropped) kept -= counts.get(name) ?? 0;
  }
}

/** A shape in numbers; undefined where one is decided by the values of a tensor, or by a rule that the run will find broken. */
function closedShape(shape: Shape, sizes: ReadonlyMap<string, number>): readonly number[] | undefined {
  if (shape.some((size) => [...namesIn(size)].some((name) => !sizes.has(name)))) return undefined;
  try {
    const numbers = shape.map((size) => evaluate(size, sizes));
    return numbers.every((number) => number >= 0) ? numbers : undefined;
  } catch {
    return undefined;
  }
}

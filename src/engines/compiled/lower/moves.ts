/** Steps that are copies alone. */
import type { Node, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { copy, fill } from '../kernels/copy.js';
import type { Axes } from '../kernels/loops.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount } from './values.js';

/** One copy: from an element of an input to an element of an output. */
export interface Move {
  readonly axes: Axes;
  readonly from?: { readonly input?: number; readonly element?: number };
  readonly to?: { readonly output?: number; readonly element?: number };
}

/**
 * A step that does some copies in order; those of no elements are left out.
 * @param around the four bytes of each element of the first output that no copy reaches; undefined if the copies reach all
 */
export function movesStep(node: Node, { kernels }: Lowering, moves: readonly Move[], around?: number): Step {
  const runs = moves.filter(({ axes }) => axes.sizes.every((size) => size > 0)).map((move) => ({ ...move, run: copy(kernels, move.axes) }));
  const all = { sizes: [elementCount(node.outputs[0] as Value)], strides: [[1]] };
  const before = around === undefined ? undefined : fill(kernels, all, around);
  return plainStep(node, {
    write: ({ body }, inputs, outputs) => {
      if (before !== undefined) body.call(before, outputs[0]);
      for (const { run, from = {}, to = {} } of runs)
        body.call(
          run,
          i32.offset(inputs[from.input ?? 0] as (typeof inputs)[0], 4 * (from.element ?? 0)),
          i32.offset(outputs[to.output ?? 0] as (typeof outputs)[0], 4 * (to.element ?? 0)),
        );
    },
  });
}

/** The number of the element at a place. @param strides elements for a step along each axis */
export const elementAt = (place: readonly number[], strides: readonly number[]): number =>
  place.reduce((sum, each, axis) => sum + each * (strides[axis] as number), 0);

/** Every list with one entry of each list. */
export const combinations = <T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] =>
  lists.reduce<readonly (readonly T[])[]>((made, list) => made.flatMap((each) => list.map((entry) => [...each, entry])), [[]]);

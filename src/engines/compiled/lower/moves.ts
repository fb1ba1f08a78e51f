/** Steps that are copies alone. */
import type { Node } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { copy } from '../kernels/copy.js';
import type { Axes } from '../kernels/loops.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';

/** One copy: from an element of an input to an element of an output. */
export interface Move {
  readonly axes: Axes;
  readonly from?: { readonly input?: number; readonly element?: number };
  readonly to?: { readonly output?: number; readonly element?: number };
}

/** A step that does some copies in order; those of no elements are left out. */
export function movesStep(node: Node, lowering: Lowering, moves: readonly Move[]): Step {
  const runs = moves
    .filter(({ axes }) => axes.sizes.every((size) => size > 0))
    .map((move) => ({ ...move, run: copy(lowering.kernels, move.axes) }));
  return plainStep(node, {
    write: ({ body }, inputs, outputs) => {
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

/** How many transposes are left if one of them moves as far as it can. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import type { GraphView } from './pass.js';
import { composed, isIdentity, type Permutation } from './permutation.js';
import { isTransposedInput, transposedOp } from './transposed-op.js';
import { untransposed } from './untransposed.js';

/** A value behind a transpose which moves. */
interface Carried {
  readonly value: Value;
  readonly permutation: Permutation;
}

/**
 * Whether there are fewer transposes if one moves behind all that can have its axes in another order. It disappears where it meets one
 * that undoes it, and one is needed for each value that something else takes, too.
 */
export function leavesFewer(transpose: Extract<Node, { op: 'transpose' }>, graph: GraphView): boolean {
  const moved = new Set<Node>([transpose]);
  const left: Carried[] = [{ value: transpose.outputs[0] as Value, permutation: transpose.attributes.permutation }];
  let [needed, cancelled] = [0, 0];
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    const { value, permutation } = each;
    let isNeeded = graph.isOutput(value);
    for (const user of graph.usersOf(value)) {
      if (moved.has(user)) continue;
      if (user.op === 'transpose') {
        if (isIdentity(composed(permutation, user.attributes.permutation))) cancelled++;
        continue;
      }
      const op = transposedOp(user, permutation);
      const inputs = user.inputs.slice(0, op?.transposed) as readonly TypedValue[];
      if (op === undefined || !isTransposedInput(value, user, op) || !inputs.every((input) => isCarried(input, permutation, user))) {
        isNeeded = true;
      } else {
        moved.add(user);
        if (!isIdentity(op.permutation)) left.push(...user.outputs.map((output) => ({ value: output, permutation: op.permutation })));
      }
    }
    if (isNeeded) needed++;
  }
  return needed - cancelled < 1;

  /** Whether an input needs no transpose of its own, as it comes from what has moved or moves as well. */
  function isCarried(input: TypedValue, permutation: Permutation, user: Node, depth = 0): boolean {
    const producer = graph.producerOf(input);
    if (untransposed(input, permutation, user, graph) !== undefined || (producer && moved.has(producer))) return true;
    if (producer === undefined || depth === MAX_DEPTH) return false;
    const op = transposedOp(producer, permutation);
    const inputs = producer.inputs.slice(0, op?.transposed) as readonly TypedValue[];
    return (
      op !== undefined &&
      `${op.permutation}` === `${permutation}` &&
      inputs.every((each) => isCarried(each, permutation, producer, depth + 1))
    );
  }
}

/** How many ops one behind the other are followed back from an input. */
const MAX_DEPTH = 4;

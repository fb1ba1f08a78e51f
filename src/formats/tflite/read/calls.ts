/** Reads operators that stand for subgraphs of the file: calls, branches, and loops whose number of steps is known. */
import { PannierError } from '../../../base/errors.js';
import type { TypedValue } from '../../../graph/graph.js';
import { typeText } from '../../../graph/tensor.js';
import { LIMITS } from '../../limits.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { ReadTensor } from '../../reading/tensors.js';
import type { Call, Importer, Importers } from './call.js';

/** A subgraph in the place of its call. A composite also has a name for what it computes, which its subgraph says in full. */
const inlined =
  (option: string): Importer =>
  (call) =>
    call.subgraph(call.attributes.whole(option), call.allInputs());

/** The branch that a known condition takes. Both run where it is not known, and the condition chooses between their results. */
function branch(call: Call): readonly ReadTensor[] {
  const [condition, ...given] = call.allInputs() as readonly [ReadTensor, ...ReadTensor[]];
  const [then, otherwise] = [call.attributes.whole('then_subgraph'), call.attributes.whole('else_subgraph')];
  if ('sizes' in condition) return call.subgraph(condition.sizes[0] === 0 ? otherwise : then, given);
  const [a, b] = [then, otherwise].map((index) => readBranch(call, index, given)) as [readonly TypedValue[], readonly TypedValue[]];
  if (a.length !== b.length) throw call.broken('has branches of different numbers of outputs');
  return a.map((value, index) => {
    const other = b[index] as TypedValue;
    if (typeText(value.type) !== typeText(other.type))
      throw cannotExpress(`has a condition that is computed, and branches that give ${typeText(value.type)} and ${typeText(other.type)}`);
    return call.apply('where', call.reshaped(condition, []), value, other);
  });
}

function readBranch(call: Call, index: number, given: readonly ReadTensor[]): readonly TypedValue[] {
  try {
    return call.subgraph(index, given).map((each) => call.asValue(each));
  } catch (thrown) {
    if (!(thrown instanceof PannierError)) throw thrown;
    // The message that names both operators ends with one full stop, and one address.
    throw cannotExpress(
      `has a condition that is computed, and a branch that is refused: ${thrown.message.replace(/\.(?: \(\S+\))?$/, '')}`,
    );
  }
}

/** Unrolls a loop whose condition is known before each step. */
function loop(call: Call): readonly ReadTensor[] {
  const [condition, body] = [call.attributes.whole('cond_subgraph'), call.attributes.whole('body_subgraph')];
  let carried = call.allInputs();
  for (let steps = 0; ; steps++) {
    const [goesOn] = call.subgraph(condition, carried);
    if (goesOn === undefined || !('sizes' in goesOn))
      throw cannotExpress('runs until a condition that is computed; export the model with a loop of known length');
    if (goesOn.sizes[0] === 0) return carried;
    if (steps >= LIMITS.timeSteps) throw cannotExpress(`has more than ${LIMITS.timeSteps} steps, which are unrolled`);
    carried = call.subgraph(body, carried);
    if (carried.length !== call.count) throw call.broken('has a body that does not give what it takes');
  }
}

export const CALL_IMPORTERS: Importers = {
  ...{ CALL: inlined('subgraph'), STABLEHLO_COMPOSITE: inlined('decomposition_subgraph') },
  ...{ IF: branch, WHILE: loop },
};

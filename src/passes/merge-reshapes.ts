/** Reshapes at once what is reshaped twice. */
import type { TypedValue } from '../graph/graph.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

export const mergeReshapes: Pass = {
  name: 'merge reshapes',
  rewrite({ op, attributes, inputs: [between], outputs: [output], origin }, graph) {
    const before = graph.producerOf(between);
    if (op !== 'reshape' || before?.op !== 'reshape') return undefined;
    const patch = new PatchBuilder(graph);
    return patch.replace(output as TypedValue, patch.op('reshape', [before.inputs[0] as TypedValue], attributes, origin)).build();
  },
};

/** Reshapes at once what is reshaped twice, and takes the value itself where the shape does not change. */
import type { TypedValue } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import type { Pass } from './pass.js';
import { PatchBuilder, replacing } from './patch.js';

export const mergeReshapes: Pass = {
  name: 'merge reshapes',
  rewrite({ op, attributes, inputs: [input], outputs: [output], origin }, graph) {
    if (op !== 'reshape') return undefined;
    const [given, made] = [input as TypedValue, output as TypedValue];
    if (typeText(given.type) === typeText(made.type)) return replacing(made, given);
    const before = graph.producerOf(given);
    if (before?.op !== 'reshape') return undefined;
    const patch = new PatchBuilder(graph);
    const [source = null] = before.inputs;
    return patch.replace(made, patch.op('reshape', [source], attributes, origin)).build();
  },
};

/** Makes one transpose of two that stand one behind the other, or none if they undo each other. */
import type { TypedValue } from '../graph/graph.js';
import type { Pass } from './pass.js';
import { PatchBuilder, replacing } from './patch.js';
import { composed, isIdentity } from './permutation.js';

export const cancelTransposes: Pass = {
  name: 'cancel transposes',
  rewrite(node, graph) {
    const before = node.op === 'transpose' ? graph.producerOf(node.inputs[0]) : undefined;
    if (node.op !== 'transpose' || before?.op !== 'transpose') return undefined;
    const [source, output] = [before.inputs[0] as TypedValue, node.outputs[0] as TypedValue];
    const permutation = composed(before.attributes.permutation, node.attributes.permutation);
    if (isIdentity(permutation)) return replacing(output, source);
    const patch = new PatchBuilder(graph);
    return patch.replace(output, patch.op('transpose', [source], { permutation }, node.origin)).build();
  },
};

/** Joins at once what is joined in several steps along one axis. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

export const mergeConcats: Pass = {
  name: 'merge concats',
  rewrite(node, graph) {
    if (node.op !== 'concat') return undefined;
    const inputs = node.inputs.flatMap((value) => partsOf(value as Value, node, graph));
    if (inputs.length === node.inputs.length) return undefined;
    const patch = new PatchBuilder(graph);
    return patch.replace(node.outputs[0] as TypedValue, patch.op('concat', inputs, node.attributes, node.origin)).build();
  },
};

/** The values that an input of a concat is joined of along the same axis, if the concat alone takes it and once; else the input. */
function partsOf(value: Value, node: Node & { readonly op: 'concat' }, graph: GraphView): readonly (Value | null)[] {
  const before = graph.producerOf(value);
  const isOnce = node.inputs.indexOf(value) === node.inputs.lastIndexOf(value);
  const isJoined = before?.op === 'concat' && before.attributes.axis === node.attributes.axis && before.inputs.length > 1;
  return isJoined && isOnce && graph.onlyUserOf(value) === node ? before.inputs : [value];
}

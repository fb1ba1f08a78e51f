/** Reshapes what another op would move without changing the order of the elements: engines reshape without a copy. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { isSameSize, type Size } from '../graph/size.js';
import { keepsOrder } from './element-order.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

export const reshapeUnmoved: Pass = {
  name: 'reshape what is not moved',
  rewrite(node, graph) {
    if (!isReshape(node)) return undefined;
    const patch = new PatchBuilder(graph);
    const output = node.outputs[0] as TypedValue;
    return patch.replace(output, patch.op('reshape', [node.inputs[0] as Value], { newShape: output.type.shape }, node.origin)).build();
  },
};

function isReshape({ op, attributes, inputs: [input], outputs: [output] }: Node): boolean {
  switch (op) {
    case 'transpose':
      return keepsOrder(attributes.permutation, (input as TypedValue).type.shape);
    case 'expand':
      return addsSinglesOnly((input as TypedValue).type.shape, (output as TypedValue).type.shape);
    case 'reduceSum':
    case 'reduceMean':
    case 'reduceProduct':
    case 'reduceMax':
    case 'reduceMin':
      return attributes.axes.every((axis) => (input as TypedValue).type.shape[axis] === 1);
    default:
      return false;
  }
}

/** Whether a shape gets axes of one element in front, and no axis is repeated. */
function addsSinglesOnly(before: readonly Size[], after: readonly Size[]): boolean {
  const added = after.length - before.length;
  return after.every((size, axis) => isSameSize(size, before[axis - added] ?? 1));
}

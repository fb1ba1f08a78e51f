/** Finds hard-swish: x · clamp(x + 3, 0, 6) / 6 becomes `hardSwish`. */
import type { TypedValue } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import { addendsOf, factorsOf, isNearly } from './factors.js';
import { boundsOf } from './merge-clamps.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

export const findHardSwish: Pass = {
  name: 'find hard-swish',
  rewrite(node, graph) {
    const product = node.op === 'mul' || node.op === 'div' ? factorsOf(node, graph) : undefined;
    if (product?.values.length !== 2 || !isNearly(product.number, 1 / 6)) return undefined;
    const [a, b] = product.values as readonly [TypedValue, TypedValue];
    const input = isGate(b, a, graph) ? a : isGate(a, b, graph) ? b : undefined;
    const output = node.outputs[0] as TypedValue;
    if (input === undefined || typeText(input.type) !== typeText(output.type)) return undefined;
    const patch = new PatchBuilder(graph);
    return patch.replace(output, patch.op('hardSwish', [input], {}, node.origin)).build();
  },
};

/** Whether a value is clamp(x + 3, 0, 6). */
function isGate(value: TypedValue, x: TypedValue, graph: GraphView): boolean {
  const clamp = graph.producerOf(value);
  const bounds = clamp && boundsOf(clamp, graph);
  if (bounds?.min !== 0 || bounds.max !== 6 || graph.onlyUserOf(value) === undefined || graph.onlyUserOf(bounds.input) !== clamp)
    return false;
  const sum = addendsOf(graph.producerOf(bounds.input), graph);
  return sum?.number === 3 && sum.values.length === 1 && sum.values[0] === x;
}

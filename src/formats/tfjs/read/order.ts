/** The order in which the nodes of a GraphDef are read. */
import { type Graph as GraphDef, type GraphNode, nodeOf } from '../graph-def.js';

/**
 * The nodes that some tensors depend on, each after all that it takes, control dependencies included. A loop of TensorFlow 1 takes
 * its own result: there, the order is broken once.
 * @param starts nodes whose inputs do not count, since they are fed
 */
export function inOrder({ nodes }: GraphDef, tensors: readonly string[], starts: ReadonlySet<string>): readonly GraphNode[] {
  const ordered: GraphNode[] = [];
  const seen = new Set<string>();
  // Each node stands on the stack twice: before its inputs, and after them. Recursion would be too deep for long graphs.
  const stack = tensors.toReversed().map((tensor) => ({ name: nodeOf(tensor), isRead: false }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { name, isRead } = next;
    const node = nodes.get(name) as GraphNode;
    if (isRead) ordered.push(node);
    if (isRead || seen.has(name)) continue;
    seen.add(name);
    stack.push({ name, isRead: true });
    if (!starts.has(name)) stack.push(...node.input.toReversed().map((input) => ({ name: nodeOf(input), isRead: false })));
  }
  return ordered;
}

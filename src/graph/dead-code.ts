/** Leaves out of a graph what no output needs. */
import type { Graph, Node, Value } from './graph.js';

/** The graph without nodes and constants on which no output depends. Its inputs stay. */
export function withoutDeadCode(graph: Graph): Graph {
  const needed = new Set<Value>(graph.outputs);
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((value) => needed.has(value))) continue;
    nodes.push(node);
    for (const value of node.inputs) if (value !== null) needed.add(value);
  }
  return { ...graph, constants: graph.constants.filter(({ value }) => needed.has(value)), nodes: nodes.reverse() };
}

/** The nodes of an ONNX graph on which some tensors depend. */
import type { GraphProto, NodeProto } from '../proto.js';

/** The needed nodes in their order in the file, in which each comes after all that it takes. */
export function neededNodes(nodes: readonly NodeProto[], wanted: readonly string[]): readonly NodeProto[] {
  const needed = new Set(wanted);
  const found: NodeProto[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    found.push(node);
    for (const name of takenBy(node)) needed.add(name);
  }
  return found.reverse();
}

/** The names that a node takes, and those that the graphs in its attributes take, some of which are made in these graphs. */
function takenBy({ inputs, attributes }: NodeProto): readonly string[] {
  return [...inputs, ...attributes.flatMap(({ graph }) => (graph === undefined ? [] : namesIn(graph)))];
}

const namesIn = ({ nodes, outputs }: GraphProto): readonly string[] => [...nodes.flatMap(takenBy), ...outputs.map(({ name }) => name)];

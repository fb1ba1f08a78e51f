/** Computes once what several nodes compute: the same op with the same attributes of the same values. */
import type { Node, Value } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import { attributesText } from '../graph/text.js';
import type { GraphView, Pass, Patch } from './pass.js';

export const mergeEqualNodes: Pass = {
  name: 'merge equal nodes',
  rewrite(node, graph): Patch | undefined {
    if (node.op === 'tfjsGraph') return undefined;
    const first = candidatesFor(node, graph).find((other) => isEqual(node, other) && graph.isBefore(other, node));
    if (first === undefined || losesOutput(node, first, graph)) return undefined;
    return { constants: [], nodes: [], replaced: node.outputs.map((value, index) => [value, first.outputs[index] as Value] as const) };
  },
};

/** The nodes that may be equal to a node: those that take its first value, too, or as many values as it does, which is none. */
function candidatesFor(node: Node, graph: GraphView): readonly Node[] {
  const [taken] = node.inputs.filter((value) => value !== null);
  return taken === undefined ? Array.from(graph.nodes).filter(({ op }) => op === node.op) : graph.usersOf(taken);
}

const isEqual = (node: Node, other: Node): boolean =>
  other.op === node.op &&
  other.inputs.length === node.inputs.length &&
  other.inputs.every((value, index) => value === node.inputs[index]) &&
  attributesText(other) === attributesText(node) &&
  other.outputs.length === node.outputs.length &&
  other.outputs.every(({ type }, index) => typeText(type) === typeText((node.outputs[index] as Value).type));

/** Whether both nodes give an output of the graph at the same place: then one of both would lose the name that the signature has. */
const losesOutput = (node: Node, other: Node, graph: GraphView): boolean =>
  node.outputs.some((value, index) => graph.isOutput(value) && graph.isOutput(other.outputs[index] as Value));

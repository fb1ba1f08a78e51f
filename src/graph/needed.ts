/** The part of a graph that some of its values depend on. */
import type { Graph, Node, Value } from './graph.js';
import { namesIn, type OpenSize } from './size.js';

/** An attribute of any kind; those that are objects, but no lists, are open sizes. */
export const isOpenSize = (attribute: unknown): attribute is OpenSize =>
  typeof attribute === 'object' && attribute !== null && 'terms' in attribute;

/** The open sizes in an attribute. */
export function openSizesIn(attribute: unknown): readonly OpenSize[] {
  if (Array.isArray(attribute)) return attribute.flatMap(openSizesIn);
  return isOpenSize(attribute) ? [attribute] : [];
}

/** The nodes that decide the wanted values, in order. A node may also be needed for an open size that its values decide. */
export function neededNodes(nodes: readonly Node[], wanted: readonly Value[]): readonly Node[] {
  const needed = new Set(wanted.map(({ name }) => name));
  const neededSizes = new Set<string>();
  const needSizes = (sizes: readonly OpenSize[]): void => {
    for (const size of sizes) for (const name of namesIn(size)) neededSizes.add(name);
  };
  for (const { type } of wanted) needSizes(openSizesIn(type?.shape));
  const found: Node[] = [];
  for (const node of nodes.toReversed()) {
    const decides = 'countName' in node.attributes && neededSizes.has(node.attributes.countName);
    if (!decides && !node.outputs.some(({ name }) => needed.has(name))) continue;
    found.push(node);
    for (const value of node.inputs) if (value !== null) needed.add(value.name);
    needSizes([...Object.values(node.attributes), ...node.outputs.map(({ type }) => type?.shape)].flatMap(openSizesIn));
  }
  return found.reverse();
}

/** The graph without nodes and constants on which no output depends. Its inputs stay. */
export function withoutDeadCode(graph: Graph): Graph {
  const nodes = neededNodes(graph.nodes, graph.outputs);
  const taken = new Set([...nodes.flatMap(({ inputs }) => inputs), ...graph.outputs].map((value) => value?.name));
  return { ...graph, constants: graph.constants.filter(({ value }) => taken.has(value.name)), nodes };
}

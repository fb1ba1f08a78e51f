/** Which nodes of a graph are run for some values of it, and how long each value is kept. */
import type { Graph, Node, Value } from '../../graph/graph.js';
import { namesIn } from '../../graph/size.js';
import { openSizesIn } from './open-attributes.js';

/** One node to run. */
export interface Step {
  readonly node: Node;
  readonly hasOpenAttributes: boolean;
  /** The names of the values that nothing takes any more when the node has run. */
  readonly dropped: readonly string[];
}

/** The nodes that decide the wanted values, in order. A node may also be needed for an open size that its values decide. */
export function planOf({ nodes }: Graph, wanted: readonly Value[]): readonly Step[] {
  const needed = new Set(wanted.map(({ name }) => name));
  const neededSizes = new Set<string>();
  const steps: Step[] = [];
  for (const node of nodes.toReversed()) {
    const decides = 'countName' in node.attributes && neededSizes.has(node.attributes.countName);
    if (!decides && !node.outputs.some(({ name }) => needed.has(name))) continue;
    const names = [...node.inputs, ...node.outputs].flatMap((value) => value?.name ?? []);
    const sizes = Object.values(node.attributes).flatMap(openSizesIn);
    steps.push({ node, hasOpenAttributes: sizes.length > 0, dropped: names.filter((name) => !needed.has(name)) });
    for (const name of names) needed.add(name);
    for (const size of [...sizes, ...node.outputs.flatMap(({ type }) => type?.shape ?? [])])
      for (const name of namesIn(size)) neededSizes.add(name);
  }
  return steps.reverse();
}

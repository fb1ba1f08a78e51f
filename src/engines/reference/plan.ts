/** Which nodes of a graph are run for some values of it, and how long each value is kept. */
import type { Graph, Node, Value } from '../../graph/graph.js';
import { neededNodes, openSizesIn } from '../../graph/needed.js';

/** One node to run. */
export interface Step {
  readonly node: Node;
  readonly hasOpenAttributes: boolean;
  /** The names of the values that nothing takes any more when the node has run, each once. */
  readonly dropped: readonly string[];
}

/** The nodes that decide the wanted values, in order. */
export function planOf({ nodes }: Graph, wanted: readonly Value[]): readonly Step[] {
  const taken = new Set(wanted.map(({ name }) => name));
  const steps = neededNodes(nodes, wanted)
    .toReversed()
    .map((node): Step => {
      const names = [...new Set([...node.inputs, ...node.outputs].flatMap((value) => value?.name ?? []))];
      const dropped = names.filter((name) => !taken.has(name));
      for (const name of names) taken.add(name);
      return { node, hasOpenAttributes: openSizesIn(Object.values(node.attributes)).length > 0, dropped };
    });
  return steps.reverse();
}

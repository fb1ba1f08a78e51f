/** The places in which a graph's open sizes stand. */
import type { Node } from '../graph/graph.js';
import { openSizesIn } from '../graph/needed.js';
import { namesIn } from '../graph/size.js';

/** Whether another node than the one that decides an open size has the size in an attribute or an output. */
export const isMentioned = (openSize: string, decider: Node, nodes: Iterable<Node>): boolean =>
  Array.from(nodes).some(
    (node) =>
      node !== decider &&
      [...Object.values(node.attributes), ...node.outputs.map(({ type }) => type?.shape)]
        .flatMap(openSizesIn)
        .some((size) => namesIn(size).has(openSize)),
  );

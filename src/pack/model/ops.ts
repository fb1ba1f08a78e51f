/** Counts the ops of a graph. */
import type { Graph } from '../../graph/graph.js';

/** How often each op occurs, sorted by name. Of an opaque part, the ops of TF.js count. */
export function countOps({ nodes }: Graph): Readonly<Record<string, number>> {
  const ops = nodes.flatMap(({ op, attributes }) =>
    op === 'tfjsGraph' ? attributes.nodes.map((node) => (node as { readonly op: string }).op) : [op],
  );
  const counts = new Map<string, number>();
  for (const op of ops) counts.set(op, (counts.get(op) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

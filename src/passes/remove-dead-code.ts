/** Removes nodes on which no output depends. */
import type { Pass } from './pass.js';

export const removeDeadCode: Pass = {
  name: 'remove dead code',
  rewrite: (node, graph) => (graph.isNeeded(node) ? undefined : { constants: [], nodes: [], replaced: [] }),
};

/** `pannier doctor --graph`: the graph that a model file means, or that a packed folder holds, with a line for each node. */
import type { Graph } from '../../src/graph/graph.js';
import { graphText } from '../../src/graph/text.js';
import { countOps } from '../../src/pack/model/ops.js';
import { readModel } from '../../src/pack/model/read.js';
import type { ReadModel } from '../../src/pack/model/read-model.js';

import { findModel } from './packed.js';
import { readPacked } from './packed-files.js';
import { readPackedGraph } from './packed-graph.js';
import type { FixedInputs } from './pairs.js';
import { plain } from './print.js';

/**
 * Reads a model file or a packed folder, and prints the graph.
 * @param model a model file, a packed folder, or a name in the config
 * @param fixed what goes before the config's options of inputs
 * @throws {PannierError} `options` if nothing is found, `model-format` if the file means no graph, `integrity` if a file of the
 * folder is not as it was packed
 */
export async function dumpGraph(model: string, config: string | undefined, fixed: FixedInputs): Promise<string> {
  const found = await findModel(model, config, fixed);
  if (found.folder !== undefined) return showGraph(await readPackedGraph(found.folder, await readPacked(found.folder)), []);
  return found.step(async () => {
    const { graph, inexpressible } = await readModel(found.options.model, found.options);
    return showGraph(graph, inexpressible);
  });
}

/** The graph's text, then the nodes that only TF.js can run, then how often each op occurs, the most frequent first. */
function showGraph(graph: Graph, inexpressible: ReadModel['inexpressible']): string {
  const lines = graphText(graph).trimEnd().split('\n').map(plain);
  const opaque = inexpressible.map(({ node, op, reason }) => plain(`opaque "${node}" (${op}) ${reason}`));
  const counts = Object.entries(countOps(graph)).toSorted(([, a], [, b]) => b - a);
  const counted = counts.map(([op, count]) => `${String(count).padStart(6)} ${op}`);
  return `${[lines, opaque, counted].flatMap((part) => (part.length === 0 ? [] : [part.join('\n')])).join('\n\n')}\n`;
}

/** `pannier doctor --graph`: the graph that a model file means, with a line for each node. */
import { graphText } from '../../src/graph/text.js';
import { countOps } from '../../src/pack/model/ops.js';
import { type ReadModel, readModel } from '../../src/pack/model/read.js';
import { badOption } from '../../src/pack/options.js';
import { findModel } from './packed.js';
import { plain } from './print.js';

/**
 * Reads a model file, and prints its graph.
 * @param model a model.json, or a name in the config
 * @throws {PannierError} `options` if nothing is found, `model-format` if the file means no graph
 */
export async function dumpGraph(model: string, config: string | undefined): Promise<string> {
  const found = await findModel(model, config);
  if (found.folder !== undefined)
    throw badOption(`--graph reads a model file, but ${model} is a packed folder. Name the model.json that it was packed from.`);
  return found.step(async () => showGraph(await readModel(found.options.model)));
}

/** The graph's text, then the nodes that only TF.js can run, then how often each op occurs, the most frequent first. */
function showGraph({ graph, inexpressible }: ReadModel): string {
  const lines = graphText(graph).trimEnd().split('\n').map(plain);
  const opaque = inexpressible.map(({ node, op, reason }) => plain(`opaque "${node}" (${op}) ${reason}`));
  const counts = Object.entries(countOps(graph)).toSorted(([, a], [, b]) => b - a);
  const counted = counts.map(([op, count]) => `${String(count).padStart(6)} ${op}`);
  return `${[lines, opaque, counted].flatMap((part) => (part.length === 0 ? [] : [part.join('\n')])).join('\n\n')}\n`;
}

/** `pannier doctor --graph`: the graph that a model file means, with a line for each node. */
import { readEnds } from '../../src/formats/tfjs/ends.js';
import { readGraph } from '../../src/formats/tfjs/graph-def.js';
import { type ReadModel, readTfjs } from '../../src/formats/tfjs/read/read.js';
import type { Graph } from '../../src/graph/graph.js';
import { graphText } from '../../src/graph/text.js';
import { readModel } from '../../src/pack/model/read.js';
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
  return found.step(async () => {
    const parts = await readModel(found.options.model);
    const def = readGraph(parts.topology, parts.weights);
    return showGraph(readTfjs(def, parts.weights, readEnds(parts, def)));
  });
}

/** The graph's text, then the nodes that only TF.js can run, then how often each op occurs. */
function showGraph({ graph, inexpressible }: ReadModel): string {
  const lines = graphText(graph).trimEnd().split('\n').map(plain);
  const opaque = inexpressible.map(({ node, op, reason }) => plain(`opaque "${node}" (${op}) ${reason}`));
  const counts = [...countsOf(graph)].map(([op, count]) => `${String(count).padStart(6)} ${op}`);
  return `${[lines, opaque, counts].flatMap((part) => (part.length === 0 ? [] : [part.join('\n')])).join('\n\n')}\n`;
}

/** The most frequent op first. */
function countsOf({ nodes }: Graph): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}

/** The layers of a packed model, for the page of `pannier try`: what each node gives, and the bytes of its weights. */
import type { Graph, Value } from '../../src/graph/graph.js';
import { typeText } from '../../src/graph/tensor.js';
import { graphText } from '../../src/graph/text.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import type { Layers } from '../try/wire.js';
import { readPackedGraph } from './packed-graph.js';
import { plain } from './print.js';

/**
 * Reads the layers of a packed folder.
 * @throws {PannierError} `integrity` for a file that is not as it was packed
 */
export const readLayers = async (folder: string, manifest: Manifest): Promise<Layers> => layersOf(await readPackedGraph(folder, manifest));

/** A row for each node. Weights that several nodes take count for the first one. */
export function layersOf(graph: Graph): Layers {
  const bytes = new Map<Value, number>(graph.constants.map((constant) => [constant.value, constant.bytes.length]));
  const take = (value: Value | null | undefined): number => {
    const own = (value && bytes.get(value)) ?? 0;
    if (value) bytes.delete(value);
    return own;
  };
  return {
    text: graphText(graph).trimEnd().split('\n').map(plain).join('\n'),
    rows: graph.nodes.map(({ op, inputs, outputs, origin }) => ({
      op,
      name: plain(origin.name),
      gives: outputs.map(({ type }) => typeText(type)).join(', '),
      weightBytes: inputs.reduce((sum, value) => sum + take(value), 0),
    })),
  };
}

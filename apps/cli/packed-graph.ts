/** The graph of a packed folder, as the packer wrote it. */
import { parseJson } from '../../src/formats/json.js';
import { readGraph } from '../../src/graph/file.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { readAsset } from './packed-files.js';

/**
 * Reads the graph of a packed model, with its constants.
 * @throws {PannierError} `integrity` for a file that is not as it was packed
 */
export async function readPackedGraph(folder: string, { graph, weights }: Manifest): Promise<Graph> {
  const json = parseJson(await readAsset(folder, graph), graph.name);
  const shards: Uint8Array[] = [];
  for (const shard of weights) shards.push(await readAsset(folder, shard));
  return readGraph({ json, bytes: Buffer.concat(shards) });
}

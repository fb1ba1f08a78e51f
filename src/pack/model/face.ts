/** The inputs and outputs that a model file declares, before options and without running the model. */
import { readEnds } from '../../formats/tfjs/ends.js';
import { readGraph } from '../../formats/tfjs/graph-def.js';
import { readModel } from './read.js';
import { type GraphSignature, readSignature } from './signature.js';

/**
 * Reads a model file's inputs and outputs under their default names.
 * @throws {PannierError} `model-format`
 */
export async function readFace(model: string): Promise<GraphSignature> {
  const parts = await readModel(model);
  return readSignature(readEnds(parts, readGraph(parts.topology, parts.weights)), {}, parts.hints);
}

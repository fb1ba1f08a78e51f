/** The inputs and outputs that a model file declares, before options and without running the model. */
import { readModel } from './read.js';
import { type GraphSignature, readSignature } from './signature.js';

/**
 * Reads a model file's inputs and outputs under their default names.
 * @throws {PannierError} `model-format`
 */
export async function readFace(model: string): Promise<GraphSignature> {
  const { ends, hints } = await readModel(model);
  return readSignature(ends, {}, hints);
}

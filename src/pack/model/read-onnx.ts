/** Reads an ONNX model from disk into a graph, with the files beside it that hold its weights. */
import { dirname } from 'node:path';
import { broken } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';
import type { ExternalFiles } from '../../formats/onnx/tensor.js';
import { verify } from '../../graph/verify.js';
import { type OpenFile, openInside, readAndClose, readWhole } from '../files/open.js';
import { relativePath } from '../files/relative-path.js';
import type { ReadModel } from './read-model.js';

/**
 * Reads an .onnx file that is open. No file outside its folder is opened.
 * @throws {PannierError} `model-format`
 */
export async function readOnnxFile(opened: OpenFile, path: string, file: string): Promise<ReadModel> {
  // What reads protocol buffers is loaded for such files alone.
  const { parseModel, externalLocations, readOnnx } = await import('../../formats/onnx/index.js');
  const model = parseModel(await readWhole(opened, path, file, LIMITS.weightBytes), file);
  const files = await readFiles(externalLocations(model), dirname(path), LIMITS.weightBytes - opened.length);
  const { graph, ends } = readOnnx(model, files, file);
  verify(graph);
  return { file, graph, ends, inexpressible: [] };
}

async function readFiles(locations: readonly string[], folder: string, budget: number): Promise<ExternalFiles> {
  if (locations.length > LIMITS.weightFiles)
    throw broken(`The weights lie in ${locations.length} files; the limit is ${LIMITS.weightFiles}.`);
  const files = new Map<string, Uint8Array>();
  let left = budget;
  for (const location of locations) {
    const path = relativePath(location, 'The place of a weight');
    const { handle, length } = await openInside(folder, path);
    files.set(location, await readAndClose(handle, length, path, path, left));
    left -= length;
  }
  return files;
}

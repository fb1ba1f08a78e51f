/** Reads the files that Keras saves into a graph. */
import { broken } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';
import { type OpenFile, readWhole } from '../files/open.js';
import type { ReadModel } from './read-model.js';

/** The files of a `.keras` archive that are read. */
const [CONFIG, METADATA, WEIGHTS] = ['config.json', 'metadata.json', 'model.weights.h5'];

/**
 * Reads a `.keras` or `.h5` file that is open.
 * @param format of the file's bytes
 * @throws {PannierError} `model-format`
 */
export async function readKerasFile(opened: OpenFile, path: string, file: string, format: 'keras' | 'hdf5'): Promise<ReadModel> {
  const bytes = await readWhole(opened, path, file, LIMITS.weightBytes);
  // The readers of HDF5 and zip are loaded for such files alone.
  const keras = await import('../../formats/keras/saved-model.js');
  const lowered = format === 'hdf5' ? keras.readKerasHdf5(bytes, file) : keras.readKerasArchive(await archiveOf(bytes, file), file);
  return { file, ...lowered, inexpressible: [] };
}

async function archiveOf(bytes: Uint8Array, file: string) {
  const { readZip } = await import('../../formats/zip.js');
  const files = readZip(bytes, file, (name) => [CONFIG, METADATA, WEIGHTS].includes(name));
  const [config, weights] = [files.get(CONFIG), files.get(WEIGHTS)];
  if (config === undefined || weights === undefined)
    throw broken(`${file} is no archive of Keras: it has no ${config === undefined ? CONFIG : WEIGHTS}.`);
  return { config, metadata: files.get(METADATA), weights };
}

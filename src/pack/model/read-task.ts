/** Reads a model in a zip archive of .tflite files, as MediaPipe's .task is. */
import { broken } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';
import { listed } from '../files/missing.js';
import { type OpenFile, readWhole } from '../files/open.js';
import type { ReadModel } from './read-model.js';
import { readTfliteFile } from './read-tflite.js';

/**
 * Reads one model of an archive that is open.
 * @param file how messages name the archive
 * @param entry the name of the model in it; undefined if the path has none
 * @throws {PannierError} `model-format`, with the names of the models, if there is none of that name
 */
export async function readTaskFile(
  opened: OpenFile,
  path: string,
  file: string,
  entry: string | undefined,
  signature: string | undefined,
): Promise<ReadModel> {
  const bytes = await readWhole(opened, path, file, LIMITS.weightBytes);
  const { readZip } = await import('../../formats/zip.js');
  const files = readZip(bytes, file, (name) => name.endsWith('.tflite'));
  const names = [...files.keys()].sort();
  if (names.length === 0)
    throw broken(`${file} is a broken zip archive: the list at its end has no .tflite file. Was its download or copy cut short?`);
  const content = files.get(entry ?? '');
  if (content === undefined) {
    const problem = entry === undefined ? 'is an archive of models' : `has no ${entry}`;
    throw broken(`${file} ${problem}: it has ${listed(names)}. Pack one of them by its name, such as ${file}#${names[0]}.`);
  }
  return readTfliteFile(content, `${file}#${entry}`, signature);
}

/** Reads the zip archive that Teachable Machine downloads: a model.json with its weights and its metadata.json. */
import { broken } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';
import { folderInZip } from '../files/model-folder.js';
import { type OpenFile, readWhole } from '../files/open.js';
import type { ReadModel } from './read-model.js';
import { readTfjsFile } from './read-tfjs.js';

const MODEL = /(?:^|\/)model\.json$/;

/**
 * Reads an archive that is open, without unpacking it on the disk.
 * @throws {PannierError} `model-format`, also if it has several models
 */
export async function readTfjsZip(opened: OpenFile, path: string, file: string): Promise<ReadModel> {
  const bytes = await readWhole(opened, path, file, LIMITS.weightBytes);
  const { readZip } = await import('../../formats/zip.js');
  // Pictures of a project, which may lie beside the model, are left out.
  const files = readZip(bytes, file, (name) => /\.(?:json|bin)$/.test(name));
  const [model, ...others] = [...files.keys()].filter((name) => MODEL.test(name));
  if (model === undefined) throw broken(`${file} is a zip archive without a model.json.`);
  if (others.length > 0) throw broken(`${file} has ${others.length + 1} models; unpack it, and pack one of their model.json files.`);
  const read = await readTfjsFile(
    files.get(model) as Uint8Array,
    folderInZip(files, model.slice(0, -'model.json'.length), file),
    'model.json',
  );
  return { ...read, file };
}

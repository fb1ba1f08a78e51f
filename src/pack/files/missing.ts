/** The message for a model file that does not exist, which most often has another name. */
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The ends of the names of files that Pannier reads. */
const ENDINGS = ['.json', '.onnx', '.tflite', '.keras', '.h5', '.hdf5', '.task', '.zip'];

/** Most names that a message lists. */
const MOST = 8;

/** A sentence with the files that may be models where this one was looked for. */
export async function missingFile(path: string): Promise<string> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return `There is no ${path}, nor a folder ${folder}.`;
  return `There is no ${path}; that folder has ${listed(modelsIn(names))}.`;
}

/** The names that end as model files do, sorted. A file in JSON may be anything. */
export const modelsIn = (names: readonly string[]): string[] =>
  names.filter((name) => ENDINGS.some((ending) => name.endsWith(ending))).sort();

/** The names that are those of model files, sorted. */
export const modelFilesIn = (names: readonly string[]): string[] =>
  modelsIn(names).filter((name) => name === 'model.json' || !name.endsWith('.json'));

/** A few names, and how many more there are. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return `no ${ENDINGS.slice(0, -1).join(', ')} file`;
  const more = names.length - MOST;
  return names.slice(0, MOST).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The message for a model file that does not exist, which most often has another name. */
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Most names that a message lists. */
const MOST = 8;

/** A sentence with the `.json` files that are where this one was looked for. */
export async function missingFile(path: string): Promise<string> {
  const folder = dirname(path);
  const names = await jsonFiles(folder);
  if (names === undefined) return `There is no ${path}, nor a folder ${folder}.`;
  return `There is no ${path}; that folder has ${listed(names)}.`;
}

/** The `.json` files of a folder; undefined if the folder does not exist. */
export async function jsonFiles(folder: string): Promise<string[] | undefined> {
  const names = await readdir(folder).catch(() => undefined);
  return names?.filter((name) => name.endsWith('.json')).sort();
}

/** A few names, and how many more there are. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'no .json file';
  const more = names.length - MOST;
  return names.slice(0, MOST).join(', ') + (more > 0 ? ` and ${more} more .json files` : '');
}

/** The place of files that Pannier can make again: `node_modules` of the app. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from './digest.js';

/**
 * Pannier's folder in `.cache` of the nearest `node_modules` above a path. Only those who may write the app's packages may write there.
 * @returns undefined if there is no `node_modules`
 */
export function cacheFolder(path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    if (existsSync(modules)) return join(modules, '.cache', 'pannier');
    if (folder === dirname(folder)) return undefined;
  }
}

/** The file for a path in its {@link cacheFolder}. */
export function cacheFile(path: string, ending: string): string | undefined {
  const folder = cacheFolder(path);
  return folder && join(folder, `${sha256(path).slice(0, 16)}${ending}`);
}

/** Files that Pannier can make again, in the app's `node_modules`. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The cache file for a path, in `.cache` of the nearest `node_modules` above it. Only those who may write the app's packages may write
 * there.
 * @returns undefined if there is no `node_modules`
 */
export function cacheFile(path: string, ending: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    if (existsSync(modules)) return join(modules, '.cache', 'pannier', `${sha256(path).slice(0, 16)}${ending}`);
    if (folder === dirname(folder)) return undefined;
  }
}

/** The SHA-256 in hexadecimal digits. */
export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

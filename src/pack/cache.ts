/** Where an app keeps what can be made again. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The file that goes with a path, in `.cache` of the `node_modules` above it: nobody but who may write to the
 * app's packages may write there. Undefined where there is no `node_modules`.
 */
export function cacheFile(path: string, ending: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    if (existsSync(modules)) return join(modules, '.cache', 'pannier', `${sha256(path).slice(0, 16)}${ending}`);
    if (folder === dirname(folder)) return undefined;
  }
}

/** In hexadecimal digits. */
export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

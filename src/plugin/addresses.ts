/** The addresses in modules that lead to files of a packed model or of Pannier itself: found, and put in other words. */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file that has to lie beside the app, whole. */
export interface EmittedFile {
  /** Holds a hash of the content, whatever the bundler adds: library builds add none. */
  readonly name: string;
  readonly content: Uint8Array;
}

/** As the packer and the minifier write it. */
const ADDRESS = /\bnew URL\(\s*(['"`])([^'"`\\\n]+)\1\s*,\s*import\.meta\.url\s*\)/g;

/** Whether a file's name is one of a packed model's, as the packer or a library build gives them. */
export const isPacked = (name: string): boolean => /^(?:graph|weights|golden)-[0-9a-f]{16}\b.*\.(?:json|bin)$/.test(name);

/** Whether it is one of ours, as a library build gives them. */
const isOurs = (name: string): boolean => /^pannier-[\w-]+-[0-9a-f]{16}\b.*\.(?:js|wasm)$/.test(name);

/** The folder of the files that ship: here in the app's `node_modules`, or wherever a link leads. */
const SHIPPED = realpathSync(dirname(fileURLToPath(import.meta.url)));

/** Whether a module is a file of the installed package, of this copy or of another one. */
export const isShipped = (id: string): boolean => dirname(id) === SHIPPED || /[\\/]node_modules[\\/]pannier[\\/]dist$/.test(dirname(id));

/**
 * Replaces each address by what `replace` makes of its file. Line breaks stay where they are.
 * @param id path of the module
 * @returns undefined where there is none
 */
export function replaceAddresses(code: string, id: string, replace: (file: EmittedFile) => string): string | undefined {
  if (!code.includes('import.meta.url')) return undefined;
  const replaced = code.replace(ADDRESS, (whole, _quote, address: string) => {
    const path = join(dirname(id), address);
    const file = basename(path);
    const hasHash = isPacked(file) || isOurs(file);
    if (!hasHash && !isShipped(id)) return whole;
    const content = readFileSync(path);
    if (hasHash) return replace({ name: file, content });
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
    const extension = extname(path);
    return replace({ name: `pannier-${basename(path, extension)}-${hash}${extension}`, content });
  });
  return replaced === code ? undefined : replaced;
}

/** The addresses in a module's code, as they are written. */
export const addressesIn = (code: string): string[] => Array.from(code.matchAll(ADDRESS), (match) => match[2] as string);

/** Finds the addresses in modules that lead to files of a packed model or of Pannier itself, and replaces them. */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file that an app must deploy unchanged. */
export interface EmittedFile {
  /** Contains a hash of the content, since bundlers add none in library builds. */
  readonly name: string;
  readonly content: Uint8Array;
}

/** An address as the packer and the minifier write it. */
const ADDRESS = /\bnew URL\(\s*(['"`])([^'"`\\\n]+)\1\s*,\s*import\.meta\.url\s*\)/g;

/** Whether the packer or a library build named a file so as an asset of a packed model. */
export const isPacked = (name: string): boolean => /^(?:compiled|tfjs|weights|golden)-[0-9a-f]{16}\b.*\.(?:wasm|json|bin)$/.test(name);

/** Whether a library build named a file so as one of Pannier's. */
const isOurs = (name: string): boolean => /^pannier-[\w-]+-[0-9a-f]{16}\b.*\.(?:js|wasm)$/.test(name);

/** The `dist` folder of this package, with symbolic links resolved. */
const SHIPPED = realpathSync(dirname(fileURLToPath(import.meta.url)));

/** Whether a module is a file of the installed package, in this copy or another one. */
export const isShipped = (id: string): boolean => dirname(id) === SHIPPED || /[\\/]node_modules[\\/]pannier[\\/]dist$/.test(dirname(id));

/**
 * Replaces each address by the text that `replace` returns for its file. Line breaks keep their places.
 * @param id path of the module
 * @returns undefined if the module has no such address
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

/** The addresses in the code of a module. */
export const addressesIn = (code: string): string[] => Array.from(code.matchAll(ADDRESS), (match) => match[2] as string);

/** The files of the installed package that run in a page, as they ship. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { addressesIn } from './addresses.js';

/** One of the package's entries, to be put anywhere together with what it needs. */
export interface ShippedEntry {
  /** The entry's own text, for a place one folder above the other files. */
  readonly text: string;
  /**
   * What it imports or has an address of, and what that does, by path from there. The folder's name holds a hash
   * of the whole package: all entries share it, so that two of them know one `PannierError`.
   */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** As the minifier writes imports of neighbours. */
const IMPORTS = /\b(from|import)(\s*\(?\s*)(['"])\.\/([^'"]+)\3/g;

/** @param folder the package's `dist` */
export async function readEntry(folder: string, entry: string): Promise<ShippedEntry> {
  const place = `pannier-${await digestOf(folder)}`;
  const files = new Map<string, Buffer>();
  const gather = async (from: string, text: string): Promise<void> => {
    const asked = [...Array.from(text.matchAll(IMPORTS), (match) => match[4] as string), ...addressesIn(text)];
    for (const name of asked.map((each) => posix.join(posix.dirname(from), each))) {
      if (files.has(`${place}/${name}`)) continue;
      const content = await readFile(join(folder, name));
      files.set(`${place}/${name}`, content);
      if (name.endsWith('.js')) await gather(name, content.toString());
    }
  };
  const text = await readFile(join(folder, entry), 'utf8');
  await gather(entry, text);
  return { text: text.replace(IMPORTS, `$1$2$3./${place}/$4$3`), files };
}

async function digestOf(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(js|wasm)$/.test(name)).sort();
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const hash = createHash('sha256');
  for (const [index, name] of names.entries()) hash.update(name).update(contents[index] as Buffer);
  return hash.digest('hex').slice(0, 16);
}

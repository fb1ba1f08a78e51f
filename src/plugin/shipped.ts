/** The files of the installed package that run in a page. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { addressesIn } from './addresses.js';

/** An entry of the package, which can be put anywhere together with the files that it needs. */
export interface ShippedEntry {
  /** The code of the entry, for a place one folder above the other files. */
  readonly text: string;
  /**
   * The files that the entry reaches by imports and addresses, by their path from the entry. The name of their folder has a hash
   * of the whole package: all entries share the folder, so that two of them have one class `PannierError`.
   */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** An import of a neighbour as the minifier writes it. */
const IMPORTS = /\b(from|import)(\s*\(?\s*)(['"])\.\/([^'"]+)\3/g;

/** Reads an entry and all that it reaches. @param folder the `dist` of the package */
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

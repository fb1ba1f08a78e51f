/** Writes a packed model so that a process that is killed at any moment leaves a whole one. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, PannierError } from '../../base/errors.js';
import { replaceFile } from '../files/replace.js';
import { MARK } from './codegen.js';
import { hasEnded, LOCK, whileLocked } from './lock.js';

/** A file of the packed model by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** The file that says what a packed folder was made of. */
export const STAMP_FILE = 'packed-from.json';

const ASSET = /^(?:graph|compiled|tfjs|weights|golden)-[0-9a-f]{16}\.(?:json|wasm|bin)$/;
const UNFINISHED = /^\.pannier-(\d+)-.*\.(tmp|lock)$/;

/**
 * Writes the files that differ, each by rename: assets first, `model.js` last. Assets that the model no longer names are removed
 * afterwards. A second writer of the folder waits, since each would remove the other's assets.
 * @returns whether any file was changed
 * @throws {PannierError} `options` if the folder cannot be written, or has a `model.js` that the packer did not write
 */
export async function writeFiles(out: string, files: Files): Promise<boolean> {
  try {
    await mkdir(out, { recursive: true });
    await refuseForeign(out);
    // A read-only folder can be up to date.
    if (await isUpToDate(out, files)) return false;
    return await whileLocked(out, async () => {
      const names = [...files.keys()].sort((a, b) => order(a) - order(b));
      let changed = false;
      for (const name of names) {
        if (await replace(out, name, files.get(name) as Uint8Array)) changed = true;
      }
      for (const name of await leftOver(out, [...files.keys()])) {
        await rm(join(out, name), { recursive: true });
        changed = true;
      }
      return changed;
    });
  } catch (thrown) {
    if (thrown instanceof PannierError) throw thrown;
    throw new PannierError(
      'options',
      `${out} cannot be written: ${messageOf(thrown)}. What was there before still works.`,
      {},
      { cause: thrown },
    );
  }
}

/**
 * Refuses to pack into the model's own folder: TF.js's graph file of a packed model is a model, too, and its weights would be removed
 * as left over.
 * @throws {PannierError} `options` if `out` is the folder of the model file, or that folder was given as the model
 */
export async function refuseSource(out: string, model: string): Promise<void> {
  const [there, ...sources] = await Promise.all([out, dirname(model), model].map((path) => realpath(path).catch(() => undefined)));
  if (there !== undefined && sources.includes(there))
    throw new PannierError('options', `Option out is ${out}, where the model itself lies; choose a folder for the packed model alone.`);
}

/** Assets come first, since nothing names them yet, and `model.js`, which names them, comes last. */
const order = (name: string): number => ['model.d.ts', STAMP_FILE, 'model.js'].indexOf(name);

async function isUpToDate(out: string, files: Files): Promise<boolean> {
  for (const [name, bytes] of files) {
    if (!isSame(await readIfThere(join(out, name)), bytes)) return false;
  }
  return (await leftOver(out, [...files.keys()])).length === 0 && !existsSync(join(out, LOCK));
}

async function replace(out: string, name: string, bytes: Uint8Array): Promise<boolean> {
  const path = join(out, name);
  if (isSame(await readIfThere(path), bytes)) return false;
  await replaceFile(path, (append) => append(bytes));
  return true;
}

async function refuseForeign(out: string): Promise<void> {
  for (const name of ['model.js', 'model.d.ts']) {
    const present = await readIfThere(join(out, name));
    if (present !== undefined && !Buffer.from(present).toString('latin1').startsWith(MARK)) {
      throw new PannierError(
        'options',
        `${join(out, name)} was not written by pannier pack and stays; choose another --out, or remove it.`,
      );
    }
  }
}

/** Files in a packed folder that are not of the model that it holds: assets of one before, and what a killed process left. */
export async function leftOver(out: string, names: readonly string[]): Promise<string[]> {
  const present = await readdir(out);
  return present.filter((name) => (ASSET.test(name) && !names.includes(name)) || isAbandoned(name)).sort();
}

/**
 * Whether a file was left by a process that ended before it renamed the file. A file of a process that still runs is not touched.
 * This process holds the lock: its number on a file is that of an earlier process, and its number on a lock that of a call that waits.
 */
function isAbandoned(name: string): boolean {
  const [, pid, kind] = name.match(UNFINISHED) ?? [];
  if (pid === undefined) return false;
  return hasEnded(Number(pid)) || (kind === 'tmp' && Number(pid) === process.pid);
}

const isSame = (present: Uint8Array | undefined, bytes: Uint8Array): boolean =>
  present !== undefined && Buffer.compare(present, bytes) === 0;

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // Node does not name a folder that stands in a file's place.
    throw new Error(`${basename(path)} cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** The files of a packed folder, read in this process. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, PannierError } from '../../src/base/errors.js';
import type { Asset, FileDigest } from '../../src/manifest/assets.js';
import { checkDetails } from '../../src/manifest/details.js';
import { type Manifest, readManifest } from '../../src/manifest/manifest.js';
import { sha256 } from '../../src/pack/digest.js';

/**
 * Reads the manifest of a packed folder. The addresses of its assets are those of the folder's files.
 * @throws {PannierError} `manifest`
 */
export async function readPacked(folder: string): Promise<Manifest> {
  // A data: address, so that a package.json near the folder does not decide what its `.js` files are.
  const text = await readFile(join(folder, 'model.js'));
  const module = await import(`data:text/javascript;base64,${text.toString('base64')}`).catch((thrown) => {
    throw new PannierError('manifest', `The packed model's model.js cannot be imported: ${messageOf(thrown)}.`, {}, { cause: thrown });
  });
  const manifest = readManifest(module.default);
  checkDetails(manifest);
  return addressed(manifest, resolve(folder)) as Manifest;
}

/** A copy of a manifest, or of a part of it, whose assets lie in `folder`: relative to a data: address, they lie nowhere. */
function addressed(part: unknown, folder: string): unknown {
  if (Array.isArray(part)) return part.map((each) => addressed(each, folder));
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([key, value]) => {
    const isAddress = key === 'url' && typeof value === 'function';
    return [key, isAddress ? () => pathToFileURL(join(folder, (part as Asset).name)).href : addressed(value, folder)];
  });
  return Object.fromEntries(entries);
}

/** Reads a file of a packed folder. @throws {PannierError} `integrity` if the file is missing or is not as it was packed */
export async function readAsset(folder: string, { name, sha256: wanted }: FileDigest): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFile(join(folder, name)).catch((thrown) => {
    throw new PannierError('integrity', `${name} of the packed model cannot be read: ${messageOf(thrown)}. Pack it again.`, {
      asset: name,
    });
  });
  if (sha256(bytes) === wanted) return new Uint8Array(bytes);
  throw new PannierError('integrity', `${name} of the packed model is not as it was packed. Pack it again.`, { asset: name });
}

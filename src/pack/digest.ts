/** Hashes by which files are told apart, and one build of this package from another. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The SHA-256 in hexadecimal digits. */
export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

let digest: Promise<string | undefined> | undefined;

/**
 * The hash of this package's built files, since two builds of one version may pack and compute differently. It is taken once, so that
 * a build that replaces the files of a running program does not count as the program.
 * @returns undefined where the package runs from its source
 */
export function packerDigest(): Promise<string | undefined> {
  digest ??= hashBuild(dirname(fileURLToPath(import.meta.url)));
  return digest;
}

async function hashBuild(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder)).filter((name) => /\.js$|^golden\./.test(name)).sort();
  // A build has the golden picture beside its code.
  if (!names.includes('golden.png')) return undefined;
  return sha256((await Promise.all(names.map(async (name) => sha256(await readFile(join(folder, name)))))).join());
}

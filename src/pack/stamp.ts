/** What a packed folder was made of, kept in the app's `node_modules/.cache`, so that nothing is packed twice. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { cacheFile, sha256 } from './cache.js';
import { type Reads, recordReads } from './files/open.js';
import type { PackOptions } from './options.js';
import { type PackResult, pack } from './pack.js';

/** Contents by their SHA-256, not by size and time: what a package manager unpacks all has one time. */
interface Stamp {
  readonly packer: string;
  readonly options: string;
  readonly sources: Readonly<Record<string, string | undefined>>;
  readonly outputs: Readonly<Record<string, string | undefined>>;
}

/** The stamp of the last pack, if there was one, and whether everything still is as it says. */
export async function readStamp(options: PackOptions): Promise<{ fresh: boolean; sources: readonly string[] } | undefined> {
  const file = stampFile(options);
  const text = file && (await readFile(file, 'utf8').catch(() => undefined));
  if (text === undefined) return undefined;
  try {
    const { packer, options: packedWith, sources, outputs } = JSON.parse(text) as Stamp;
    const same = async ([path, digest]: [string, string | undefined]) => digest !== undefined && (await digestOf(path)) === digest;
    const files = [...Object.entries(sources), ...Object.entries(outputs)];
    const fresh =
      packer === (await packerDigest()) && packedWith === textOf(options) && (await Promise.all(files.map(same))).every(Boolean);
    return { fresh, sources: Object.keys(sources) };
  } catch {
    // Cut off by a crash, or of another version: no stamp.
    return undefined;
  }
}

/**
 * Packs, and keeps what was read and written: by plugin or terminal, the next plugin knows. Where it cannot be kept,
 * the next start packs again.
 * @param reads what was read, also where packing fails
 */
export async function packStamped(options: PackOptions, reads: Reads = new Map()): Promise<PackResult> {
  const result = await recordReads(reads, () => pack(options));
  const file = stampFile({ ...options, out: result.out });
  if (file === undefined) return result;
  const paths = result.files.map((name) => join(result.out, name));
  const written = await Promise.all(paths.map(async (path) => [path, await digestOf(path)]));
  const stamp: Stamp = {
    packer: await packerDigest(),
    options: textOf(options),
    sources: Object.fromEntries(reads),
    outputs: Object.fromEntries(written),
  };
  await mkdir(dirname(file), { recursive: true })
    .then(() => writeFile(file, JSON.stringify(stamp)))
    .catch(() => undefined);
  return result;
}

const stampFile = ({ out }: PackOptions): string | undefined => cacheFile(out, '.json');

/** The package itself, its version within: a build of it that differs may pack differently, whatever its scripts are called. */
async function packerDigest(): Promise<string> {
  const folder = dirname(fileURLToPath(import.meta.url));
  const files = (await readdir(folder)).filter((name) => /\.js$|^golden\./.test(name)).sort();
  return sha256((await Promise.all(files.map((name) => digestOf(join(folder, name))))).join());
}

/** Everything that a config can say, functions too. */
const textOf = (options: PackOptions): string =>
  inspect(options, { depth: null, maxArrayLength: null, maxStringLength: null, sorted: true, breakLength: Number.POSITIVE_INFINITY });

const digestOf = (path: string): Promise<string | undefined> => readFile(path).then(sha256, () => undefined);

/**
 * `packed-from.json`, the stamp of a packed folder: the options, source files and packer that made it. It is committed with
 * the folder, so that a fresh clone knows without a run that the folder is up to date.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PannierError } from '../base/errors.js';
import { VERSION } from '../base/versions.js';
import { MANIFEST_FORMAT, type Manifest } from '../manifest/manifest.js';
import { packerDigest, sha256 } from './digest.js';
import type { Reads } from './files/open.js';
import type { PackOptions } from './options.js';
import { visitorBytes, withAddresses } from './out/manifest.js';
import { type Files, leftOver, STAMP_FILE } from './out/write.js';
import type { PackResult } from './result.js';

/** Options after their check, with the name in place. `model` and `out` are absolute. */
export interface ResolvedPackOptions extends PackOptions {
  readonly name: string;
}

/** The content of `packed-from.json`. Paths are relative to the model file's folder, with `/`: it is the same on every machine. */
interface Stamp {
  /** The hash is null if the packer ran from its source. */
  readonly packer: { readonly version: string; readonly sha256: string | null };
  readonly options: Readonly<Record<string, unknown>>;
  /** SHA-256 by path; null for a file that the packer looked for and did not find. */
  readonly sources: Readonly<Record<string, string | null>>;
  /** SHA-256 of every other file of the folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Absent where an older Pannier packed the folder. */
  readonly taken?: readonly string[];
  readonly warnings: readonly string[];
  /** The manifest without the addresses of its assets. */
  readonly manifest: Manifest;
}

/** A packed folder, held against its stamp. */
export interface Folder {
  /** Absolute paths of the source files that the stamp names. */
  readonly sources: readonly string[];
  /** The first file or folder that is not as packing would leave it now, and in which way. Undefined if there is none. */
  readonly stale?: { readonly path: string; readonly reason: string };
  /** The result of the pack; undefined if the folder is stale. */
  readonly result?: PackResult;
  /** A source is absent, which is a warning: the folder cannot be packed again here. */
  readonly absent?: string;
  /** Another Pannier packed the folder, which is whole and valid. */
  readonly otherPacker?: string;
}

/** A small file that Git LFS puts in place of one that was not downloaded; it holds the SHA-256 of that file. */
const LFS_POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:([0-9a-f]{64})\n/;

/** The files of a packed folder with their stamp among them. */
export async function withStamp(
  files: Files,
  options: ResolvedPackOptions,
  reads: Reads,
  { manifest, taken, warnings }: Pick<PackResult, 'manifest' | 'taken' | 'warnings'>,
): Promise<Files> {
  const home = dirname(options.model);
  const own = dirname(fileURLToPath(import.meta.url)) + sep;
  // The packer's own picture belongs to the packer, wherever that is installed.
  const sources = [...reads].filter(([path]) => !path.startsWith(own));
  const stamp: Stamp = {
    packer: { version: VERSION, sha256: (await packerDigest()) ?? null },
    options: portable(options),
    sources: sorted(sources.map(([path, digest]) => [relativeTo(home, path), digest ?? null])),
    files: sorted([...files].map(([name, bytes]) => [name, sha256(bytes)])),
    ...{ taken, warnings, manifest },
  };
  return new Map(files).set(STAMP_FILE, new TextEncoder().encode(`${JSON.stringify(stamp, null, 2)}\n`));
}

/** Compares a packed folder with its stamp, and the stamp with the options, the source files and this packer. Runs no model. */
export async function readFolder(options: ResolvedPackOptions): Promise<Folder> {
  const { out } = options;
  const path = join(out, STAMP_FILE);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return { sources: [], stale: { path, reason: 'is missing' } };
  try {
    const stamp = JSON.parse(text) as Stamp;
    const home = dirname(options.model);
    const sources = Object.entries(stamp.sources).map(([name, digest]) => ({ path: resolve(home, name), digest }));
    return { sources: sources.map((source) => source.path), ...(await compare(stamp, options, sources)) };
  } catch {
    return { sources: [], stale: { path, reason: 'is broken' } };
  }
}

/**
 * The result of a folder that needs no packing.
 * @throws {PannierError} `output-stale` for a stale folder, if the options say `check`
 */
export function keptResult({ stale, result, absent, otherPacker }: Folder, check = false): PackResult | undefined {
  if (stale !== undefined && check) {
    const { path, reason } = stale;
    throw new PannierError('output-stale', `${path} ${reason}; run \`pannier pack\` and commit what it writes.`, { file: path });
  }
  if (result === undefined || (otherPacker !== undefined && absent === undefined && !check)) return undefined;
  const remarks = [absent, otherPacker].filter((remark) => remark !== undefined);
  return { ...result, warnings: [...result.warnings, ...remarks] };
}

async function compare(
  { packer, options: packedWith, sources: _sources, files, taken = [], warnings, manifest }: Stamp,
  options: ResolvedPackOptions,
  sources: readonly { readonly path: string; readonly digest: string | null }[],
): Promise<Omit<Folder, 'sources'>> {
  const { out } = options;
  const stale = (path: string, reason: string) => ({ stale: { path, reason } });
  const names = Object.keys(files).sort();
  const sizes: { readonly length: number }[] = [];
  for (const name of names) {
    const content = await readFile(join(out, name)).catch(() => undefined);
    if (content === undefined) return stale(join(out, name), 'is missing');
    if (sha256(content) !== files[name]) return stale(join(out, name), 'is not as it was packed');
    sizes.push({ length: content.length });
  }
  const [old] = await leftOver(out, [...names, STAMP_FILE]);
  if (old !== undefined) return stale(join(out, old), 'is of an older model');
  if (manifest.format !== MANIFEST_FORMAT) return stale(out, `has format ${manifest.format}, and this version loads ${MANIFEST_FORMAT}`);
  const given = portable(options);
  const changed = Object.keys({ ...packedWith, ...given }).find((key) => JSON.stringify(packedWith[key]) !== JSON.stringify(given[key]));
  if (changed !== undefined) return stale(out, `is out of date: option ${changed} has changed`);
  const states = await Promise.all(sources.map(async ({ path, digest }) => ({ path, state: await stateOf(path, digest) })));
  const other = states.find(({ state }) => state === 'changed');
  if (other !== undefined) return stale(out, `is out of date: ${other.path} has changed`);
  const lost = states.find(({ state }) => state === 'absent');
  return {
    result: {
      ...{ out, manifest: withAddresses(manifest, out), files: names, bytes: visitorBytes(sizes, manifest) },
      ...{ taken, warnings, changed: false },
    },
    ...(lost && {
      absent: `${lost.path} is absent, so that the model cannot be packed here; the packed folder is whole and is used as it is.`,
    }),
    ...(packer.sha256 !== ((await packerDigest()) ?? null) && { otherPacker: otherPacker(packer.version) }),
  };
}

/** @param wanted the SHA-256 that the packer read; null if there was no file */
async function stateOf(path: string, wanted: string | null): Promise<'same' | 'changed' | 'absent'> {
  if (!existsSync(path)) return wanted === null ? 'same' : 'absent';
  const content = await readFile(path).catch(() => undefined);
  if (content === undefined || wanted === null) return 'changed';
  if (sha256(content) === wanted) return 'same';
  const [, pointsTo] = LFS_POINTER.exec(content.subarray(0, 256).toString('latin1')) ?? [];
  return pointsTo === wanted ? 'absent' : 'changed';
}

const otherPacker = (version: string): string =>
  `${version === VERSION ? `Another build of Pannier ${version}` : `Pannier ${version}`} packed this folder, which stays valid; \`pannier pack\` without --check packs it again with ${VERSION}.`;

/** The options without `out` and `check`, with paths relative to the model file's folder: the same on every machine. */
function portable({ out: _out, check: _check, ...options }: ResolvedPackOptions): Record<string, unknown> {
  const { model, goldenPicture, golden, drift } = options;
  const home = dirname(model);
  const from = (value: unknown): unknown => {
    if (typeof value === 'string') return relativeTo(home, value);
    if (Array.isArray(value)) return value.map(from);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, from(each)]));
  };
  const paths = { model: from(model), goldenPicture: from(goldenPicture), golden: from(golden) };
  const all = { ...options, ...paths, ...(drift && { drift: { ...drift, samples: from(drift.samples) } }) };
  return sorted(Object.entries(all).filter(([, value]) => value !== undefined));
}

const relativeTo = (folder: string, path: string): string => relative(folder, resolve(path)).replaceAll(sep, '/');

const sorted = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

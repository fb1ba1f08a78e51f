/** The manifest of a packed model, with its hash and the addresses of its assets. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Asset, FileDigest, Targets } from '../../manifest/assets.js';
import type { Manifest } from '../../manifest/manifest.js';
import type { PackedFile } from './shards.js';

/** A manifest before its hash is known. */
export type Unhashed = Omit<Manifest, 'hash'>;

/** Adds the hash. The keys have the order of {@link Manifest}, whatever the order of `parts`. */
export function hashManifest(parts: Unhashed): Manifest {
  const { format, name, version, license, source, packedAt, staleAfterDays, signature, graph, weights, targets, golden, ...rest } = parts;
  const { controlFlow, ops, flops, largestWeightBytes, residentBytes, intermediateBytes, drift, quantized, verified } = rest;
  const optional = {
    ...(license && { license }),
    ...(source && { source }),
    ...(packedAt && { packedAt }),
    ...(staleAfterDays !== undefined && { staleAfterDays }),
  };
  const hash = createHash('sha256').update(canonicalJson(parts)).digest('hex');
  return {
    ...{ format, name, version, ...optional, hash, signature, graph, weights, targets, golden },
    ...{ controlFlow, ops, flops, largestWeightBytes, residentBytes, intermediateBytes },
    ...{ ...(drift && { drift }), ...(quantized && { quantized }), ...(verified && { verified }) },
  };
}

/** JSON with sorted keys and without functions: equal content has equal text. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, each) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });

/** A file of a packed model as its manifest names it, with a `file:` address. */
export const assetIn = (folder: string, file: PackedFile): Asset => located(folder, digestOf(file));

/** A file of a packed model as its manifest names it, if pages do not download the file. */
export const digestOf = ({ name, bytes, sha256 }: PackedFile): FileDigest => ({ name, bytes: bytes.length, sha256 });

/** Bytes of the files that an app ships to one visitor: all but our own graph, and of the engines' own files the largest alone. */
export function visitorBytes(files: Iterable<{ readonly length: number }>, { graph, targets: { compiled, tfjs } }: Manifest): number {
  const engines = [compiled?.simd, compiled?.relaxed, tfjs.graph].map((asset) => asset?.bytes ?? 0);
  let bytes = Math.max(...engines) - engines.reduce((sum, own) => sum + own, graph.bytes);
  for (const { length } of files) bytes += length;
  return bytes;
}

/** A manifest that was kept without addresses, with the `file:` addresses of its assets in a folder. */
export function withAddresses(manifest: Manifest, folder: string): Manifest {
  const { targets, weights, golden } = manifest;
  const asset = located(folder, golden.asset);
  return {
    ...manifest,
    targets: locatedTargets(targets, folder),
    weights: weights.map((each) => located(folder, each)),
    golden: { ...golden, asset },
  };
}

function locatedTargets({ compiled, tfjs }: Targets, folder: string): Targets {
  const { simd, relaxed, refused = {} } = compiled ?? {};
  return {
    ...(compiled && {
      compiled: { ...(simd && { simd: located(folder, simd) }), ...(relaxed && { relaxed: located(folder, relaxed) }), refused },
    }),
    tfjs: { ...tfjs, graph: located(folder, tfjs.graph) },
  };
}

const located = (folder: string, asset: FileDigest): Asset => ({
  ...asset,
  url: () => pathToFileURL(join(folder, asset.name)).href,
});

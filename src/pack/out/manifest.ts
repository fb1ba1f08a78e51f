/** Puts the manifest together and hashes it. */
import { createHash } from 'node:crypto';
import type { Asset, Manifest } from '../../manifest/manifest.js';

/** A manifest whose hash is not known yet. */
export type Unhashed = Omit<Manifest, 'hash'>;

/** Adds the hash; keys stand in the order of {@link Manifest}, whatever the order of `parts`. */
export function hashManifest(parts: Unhashed): Manifest {
  const { format, name, version, license, source, packedAt, staleAfterDays, signature, graph, weights, golden, ...rest } = parts;
  const { controlFlow, ops, flops, missingKernels, largestWeightBytes, residentBytes, intermediateBytes, drift, quantized } = rest;
  const optional = {
    ...(license && { license }),
    ...(source && { source }),
    ...(packedAt && { packedAt }),
    ...(staleAfterDays !== undefined && { staleAfterDays }),
  };
  const hash = createHash('sha256').update(canonicalJson(parts)).digest('hex');
  return {
    ...{ format, name, version, ...optional, hash, signature, graph, weights, golden },
    ...{ controlFlow, ops, flops, missingKernels, largestWeightBytes, residentBytes, intermediateBytes },
    ...{ ...(drift && { drift }), ...(quantized && { quantized }) },
  };
}

/** JSON with sorted keys and without functions: equal content has equal text. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, each) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });

/** Every file that the manifest names, each once. */
export const assetNames = ({ graph, weights, golden }: Pick<Manifest, 'graph' | 'weights' | 'golden'>): Set<string> =>
  new Set([graph, ...weights, golden.asset].map(({ name }: Asset) => name));

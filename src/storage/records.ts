/** A record for each version of a model that a cache holds, or is about to: its assets belong to it, and stay as long as it does. */

import type { WeightsCache } from '../api/cache.js';
import { fromBytes, toBytes } from '../base/json.js';
import { assetsOf, type Manifest } from '../manifest/manifest.js';

/** What a cache knows of one version of a model. */
export interface ModelRecord {
  readonly name: string;
  readonly version: string;
  /** Their hashes are also their keys. */
  readonly assets: readonly { readonly sha256: string; readonly bytes: number }[];
  /** On the wall clock, when it was last loaded: it outlives the page. */
  readonly usedAtMs: number;
  /** All of its assets have been written. Before that, what has arrived belongs to it already. */
  readonly complete: boolean;
}

export const RECORD = 'model:';

/** No `Date` is later. */
const LAST_MS = 8.64e15;

/** A record of this moment. */
export const recordOf = (manifest: Manifest, complete: boolean): ModelRecord => ({
  name: manifest.name,
  version: manifest.version,
  assets: assetsOf(manifest).map(({ sha256, bytes }) => ({ sha256, bytes })),
  usedAtMs: Date.now(),
  complete,
});

/** Undefined where there is none, or none that this version can read. */
export async function readRecord(cache: WeightsCache, hash: string): Promise<ModelRecord | undefined> {
  const bytes = await cache.get(`${RECORD}${hash}`);
  try {
    const record = bytes && (fromBytes(bytes) as ModelRecord);
    return record !== undefined && isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

export const writeRecord = (cache: WeightsCache, hash: string, record: ModelRecord): Promise<void> =>
  cache.set(`${RECORD}${hash}`, toBytes(record));

function isRecord(found: ModelRecord | null): boolean {
  return (
    typeof found?.name === 'string' &&
    typeof found.version === 'string' &&
    typeof found.complete === 'boolean' &&
    // Apps are given it as a date.
    Number.isSafeInteger(found.usedAtMs) &&
    Math.abs(found.usedAtMs) <= LAST_MS &&
    Array.isArray(found.assets) &&
    found.assets.every((asset) => typeof asset?.sha256 === 'string' && Number.isSafeInteger(asset.bytes) && asset.bytes >= 0)
  );
}

/** The cache has a record for each version of a model. Assets that a record names stay as long as the record. */

import type { WeightsCache } from '../api/cache.js';
import { fromBytes, toBytes } from '../base/json.js';
import { assetsOf, type Manifest } from '../manifest/manifest.js';

/** One version of a model in the cache. */
export interface ModelRecord {
  readonly name: string;
  readonly version: string;
  /** The hash of an asset is its key in the cache, too. */
  readonly assets: readonly { readonly sha256: string; readonly bytes: number }[];
  /** Time of the last load, in milliseconds since 1970. */
  readonly usedAtMs: number;
  /** Whether all assets have been written. Those that are there belong to the version in any case. */
  readonly complete: boolean;
}

export const RECORD = 'model:';

/** The latest time that a `Date` can hold. */
const MAX_DATE_MS = 8.64e15;

/** A record with the present time as its time of use. */
export const recordOf = (manifest: Manifest, complete: boolean): ModelRecord => ({
  name: manifest.name,
  version: manifest.version,
  assets: assetsOf(manifest).map(({ sha256, bytes }) => ({ sha256, bytes })),
  usedAtMs: Date.now(),
  complete,
});

/** Undefined if there is no record, or none that this version can read. */
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
    // Apps get the time as a `Date`.
    Number.isSafeInteger(found.usedAtMs) &&
    Math.abs(found.usedAtMs) <= MAX_DATE_MS &&
    Array.isArray(found.assets) &&
    found.assets.every((asset) => typeof asset?.sha256 === 'string' && Number.isSafeInteger(asset.bytes) && asset.bytes >= 0)
  );
}

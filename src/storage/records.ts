/** The cache has a record for each version of a model. Assets that a record names stay as long as the record. */

import type { WeightsCache } from '../api/cache.js';
import { RECORD_PREFIX } from '../base/cache-keys.js';
import { boolean, check, fields, isWhole, list, type Origin, text } from '../base/fields.js';
import { fromBytes, toBytes } from '../base/json.js';
import type { Asset } from '../manifest/assets.js';
import type { Manifest } from '../manifest/manifest.js';

/** One version of a model in the cache. */
export interface ModelRecord {
  readonly name: string;
  readonly version: string;
  /** Those that may be there; once the version is complete, those that are. The hash of an asset is its key in the cache, too. */
  readonly assets: readonly { readonly sha256: string; readonly bytes: number }[];
  /** Time of the last load, in milliseconds since 1970. */
  readonly usedAtMs: number;
  /** Whether a load has written all that it needed. Assets that are there belong to the version in any case. */
  readonly complete: boolean;
}

/** The latest time that a `Date` can hold: apps get the time as one. */
const MAX_DATE_MS = 8.64e15;

const RECORDS: Origin = { code: 'cache-unavailable', whole: 'A record', part: "The record's " };
const checkRecord = fields({
  name: text,
  version: text,
  complete: boolean,
  usedAtMs: check((ms) => isWhole(ms, -MAX_DATE_MS) && ms <= MAX_DATE_MS, 'a moment'),
  assets: list(fields({ sha256: text, bytes: check((bytes) => isWhole(bytes), 'a length in bytes') })),
});

/** A record with the present time as its time of use. */
export const recordOf = (manifest: Manifest, complete: boolean, assets: readonly Asset[]): ModelRecord => ({
  name: manifest.name,
  version: manifest.version,
  assets: assets.map(({ sha256, bytes }) => ({ sha256, bytes })),
  usedAtMs: Date.now(),
  complete,
});

/** Undefined if there is no record, or none that this version can read. */
export async function readRecord(cache: WeightsCache, hash: string): Promise<ModelRecord | undefined> {
  const bytes = await cache.get(`${RECORD_PREFIX}${hash}`);
  if (bytes === undefined) return undefined;
  try {
    const value = fromBytes(bytes);
    checkRecord({ origin: RECORDS, value, path: '' });
    return value as ModelRecord;
  } catch {
    return undefined;
  }
}

export const writeRecord = (cache: WeightsCache, hash: string, record: ModelRecord): Promise<void> =>
  cache.set(`${RECORD_PREFIX}${hash}`, toBytes(record));

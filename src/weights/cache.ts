/** Where verified bytes wait for the next visit. Everything here is best effort: a broken cache costs time, never an answer. */

import { messageOf } from '../errors.js';

/**
 * A place for bytes. Values are whole `ArrayBuffer`s. Any method may reject; a rejection becomes a
 * note and the load goes on without the cache.
 */
export interface WeightsCache {
  get(key: string): Promise<ArrayBuffer | undefined>;
  set(key: string, bytes: ArrayBuffer): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

let kept: Promise<WeightsCache> | undefined;

/** The browser's own cache; null where there is no IndexedDB: Node reads its files again instead. Never rejects. */
export async function defaultCache(note: (code: string, message: string) => void): Promise<WeightsCache | null> {
  if (globalThis.indexedDB === undefined) return null;
  kept ??= import('./idb.js').then(({ idbCache }) => idbCache());
  return kept.catch((thrown) => {
    kept = undefined;
    note('cache-unavailable', `The weights cache is not used: ${messageOf(thrown)}`);
    return null;
  });
}

/** What a cache holds of one model; written after all of its assets, so that a half-written model is never seen. */
export interface CacheRecord {
  readonly name: string;
  /** Hashes of the assets, which are also their keys. */
  readonly assets: readonly string[];
}

const RECORD = 'model:';

export const toBytes = (value: unknown): ArrayBuffer => new TextEncoder().encode(JSON.stringify(value)).buffer;
export const fromBytes = (bytes: ArrayBuffer): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** Writes a model's record, then deletes the other versions of it and every asset that no record names any more. */
export async function commitRecord(cache: WeightsCache, hash: string, record: CacheRecord): Promise<void> {
  await cache.set(`${RECORD}${hash}`, toBytes(record));
  const keys = await cache.keys();
  const kept = new Set<string>();
  const dropped = new Set<string>();
  for (const key of keys.filter((each) => each.startsWith(RECORD))) {
    const found = await cache.get(key);
    if (found === undefined) continue;
    const { name, assets } = fromBytes(found) as CacheRecord;
    const old = name === record.name && key !== `${RECORD}${hash}`;
    for (const asset of assets) (old ? dropped : kept).add(asset);
    if (old) dropped.add(key);
  }
  for (const key of dropped) if (!kept.has(key)) await cache.delete(key);
}

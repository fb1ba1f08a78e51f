/** What a cache says it holds: a record for each model, and the clearing away of what no record names. */
import type { WeightsCache } from './cache.js';
import { fromBytes, toBytes } from './json.js';

/** What a cache holds of one model; written after all of its assets, so that a half-written model is never seen. */
export interface CacheRecord {
  readonly name: string;
  /** Hashes of the assets, which are also their keys. */
  readonly assets: readonly string[];
}

const RECORD = 'model:';

export const hasRecord = async (cache: WeightsCache, hash: string): Promise<boolean> => (await cache.get(`${RECORD}${hash}`)) !== undefined;

/** Writes a model's record, then deletes the other versions of it and every asset that no record names any more. */
export async function commitRecord(cache: WeightsCache, hash: string, record: CacheRecord): Promise<void> {
  await cache.set(`${RECORD}${hash}`, toBytes(record));
  const keys = await cache.keys();
  const kept = new Set<string>();
  const dropped = new Set<string>();
  for (const key of keys.filter((each) => each.startsWith(RECORD))) {
    const bytes = await cache.get(key);
    if (bytes === undefined) continue;
    const found = readRecord(bytes);
    const old = found === undefined || (found.name === record.name && key !== `${RECORD}${hash}`);
    for (const asset of found?.assets ?? []) (old ? dropped : kept).add(asset);
    // After its assets: cut short, the next commit finds it again.
    if (old) dropped.add(key);
  }
  for (const key of dropped) if (!kept.has(key)) await cache.delete(key);
}

/** Undefined for what this version cannot read. */
function readRecord(bytes: ArrayBuffer): CacheRecord | undefined {
  try {
    const { name, assets } = fromBytes(bytes) as CacheRecord;
    return typeof name === 'string' && Array.isArray(assets) ? { name, assets } : undefined;
  } catch {
    return undefined;
  }
}

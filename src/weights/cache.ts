/** Where verified bytes wait for the next visit. Everything here is best effort: a broken cache costs time, never an answer. */
import { messageOf } from '../errors.js';
import { withDeadline } from '../promise.js';

/**
 * A place for bytes. Values are whole `ArrayBuffer`s; what `get` gives is the caller's to change or
 * transfer. Any method may reject or never settle: that becomes a note, and the load goes on without
 * the cache.
 */
export interface WeightsCache {
  get(key: string): Promise<ArrayBuffer | undefined>;
  set(key: string, bytes: ArrayBuffer): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

let kept: Promise<WeightsCache> | undefined;

/**
 * The cache of a load: what the app gave, else the browser's own; null where there is none (Node
 * reads its files again instead). Never rejects.
 */
export async function cacheFor(
  asked: WeightsCache | null | undefined,
  note: (code: string, message: string) => void,
): Promise<WeightsCache | null> {
  if (asked !== undefined) return asked === null ? null : guardedCache(asked);
  try {
    if (globalThis.indexedDB === undefined) return null;
    kept ??= import('./idb.js').then(({ idbCache }) => guardedCache(idbCache()));
    return await kept;
  } catch (thrown) {
    kept = undefined;
    note('cache-unavailable', `The weights cache is not used: ${messageOf(thrown)}`);
    return null;
  }
}

/** Longest that one call may keep a load waiting. */
const CALL_LIMIT_MS = 5_000;

/** Nothing waits for writes, and those of a large model stand in line. */
const WRITE_LIMIT_MS = 60_000;

/** A cache of anybody's making whose every call settles, throws nothing at once, and gives `ArrayBuffer`s alone. */
export function guardedCache(cache: WeightsCache): WeightsCache {
  const guarded = <T>(limitMs: number, stage: string, call: () => Promise<T>): Promise<T> =>
    withDeadline((async () => call())(), limitMs, `The weights cache's ${stage}`);
  return {
    get: async (key) => wholeBuffer(await guarded(CALL_LIMIT_MS, 'get', () => cache.get(key))),
    set: (key, bytes) => guarded(WRITE_LIMIT_MS, 'set', () => cache.set(key, bytes)),
    delete: (key) => guarded(CALL_LIMIT_MS, 'delete', () => cache.delete(key)),
    keys: () => guarded(CALL_LIMIT_MS, 'keys', () => cache.keys()),
  };
}

/** TF.js takes the whole buffer behind a view: what was verified would not be what is used. */
function wholeBuffer(found: unknown): ArrayBuffer | undefined {
  if (found === undefined || found === null) return undefined;
  if (ArrayBuffer.isView(found)) return new Uint8Array(found.buffer, found.byteOffset, found.byteLength).slice().buffer as ArrayBuffer;
  const kind = Object.prototype.toString.call(found);
  if (kind !== '[object ArrayBuffer]') throw new TypeError(`it gave ${kind}, not an ArrayBuffer`);
  return found as ArrayBuffer;
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

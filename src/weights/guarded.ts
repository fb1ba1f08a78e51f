/** The cache of a load, whoever made it, held to its promises. */
import { messageOf } from '../errors.js';
import { withDeadline } from '../promise.js';
import type { WeightsCache } from './cache.js';

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

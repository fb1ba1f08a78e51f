/** A cache, whoever made it, held to its promises. */

import type { WeightsCache } from '../api/cache.js';
import { withDeadline } from '../base/promise.js';
import { idbCache } from './idb.js';

let kept: WeightsCache | undefined;

/** The browser's own, one for the whole page. */
export const browserCache = (): WeightsCache => (kept ??= guardedCache(idbCache()));

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

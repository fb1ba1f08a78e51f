/** Wraps a cache so that it keeps the promises of `WeightsCache`, whether it is the browser's or the app's. */

import type { WeightsCache } from '../api/cache.js';
import { withDeadline } from '../base/promise.js';
import { idbCache } from './idb.js';

let kept: WeightsCache | undefined;

/** The browser's own cache, one for the whole page. */
export const browserCache = (): WeightsCache => (kept ??= guardedCache(idbCache()));

/** Longest that one call may delay a load. */
const MAX_CALL_MS = 5_000;

/** Writes may take longer: no load waits for them, and those of a large model are queued. */
const MAX_WRITE_MS = 60_000;

/** Makes every call settle within a deadline, reject instead of throw, and give `ArrayBuffer`s alone. */
export function guardedCache(cache: WeightsCache): WeightsCache {
  const guarded = <T>(limitMs: number, stage: string, call: () => Promise<T>): Promise<T> =>
    withDeadline((async () => call())(), limitMs, `The weights cache's ${stage}`);
  return {
    get: async (key) => wholeBuffer(await guarded(MAX_CALL_MS, 'get', () => cache.get(key))),
    set: (key, bytes) => guarded(MAX_WRITE_MS, 'set', () => cache.set(key, bytes)),
    delete: (key) => guarded(MAX_CALL_MS, 'delete', () => cache.delete(key)),
    keys: () => guarded(MAX_CALL_MS, 'keys', () => cache.keys()),
  };
}

/** Copies views: an engine takes the whole buffer behind a view, which is more than the verified bytes. */
function wholeBuffer(found: unknown): ArrayBuffer | undefined {
  if (found === undefined || found === null) return undefined;
  if (ArrayBuffer.isView(found)) return new Uint8Array(found.buffer, found.byteOffset, found.byteLength).slice().buffer as ArrayBuffer;
  const kind = Object.prototype.toString.call(found);
  if (kind !== '[object ArrayBuffer]') throw new TypeError(`it gave ${kind}, not an ArrayBuffer`);
  return found as ArrayBuffer;
}

/** The cache of a load. */
import { messageOf } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import type { WeightsCache } from '../api/cache.js';
import { IDLE_LIMIT_MS } from '../download/fetch.js';

/**
 * The cache of a load: what the app gave, else the browser's own; null where there is none (Node
 * reads its files again instead). Never rejects.
 */
export async function cacheFor(
  asked: WeightsCache | null | undefined,
  note: (code: string, message: string) => void,
): Promise<WeightsCache | null> {
  try {
    if (asked === null || (asked === undefined && globalThis.indexedDB === undefined)) return null;
    const { browserCache, guardedCache } = await withDeadline(import('./guarded.js'), IDLE_LIMIT_MS, 'Its code');
    return asked === undefined ? browserCache() : guardedCache(asked);
  } catch (thrown) {
    note('cache-unavailable', `The weights cache is not used: ${messageOf(thrown)}`);
    return null;
  }
}

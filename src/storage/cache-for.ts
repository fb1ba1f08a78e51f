/** The cache of a load. */

import type { WeightsCache } from '../api/cache.js';
import { messageOf } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';

/** A load goes on without a cache if the code for it takes longer to arrive. */
const MAX_CODE_MS = 15_000;

/**
 * Opens the cache of a load: the one that the app gave, else the browser's own.
 * @returns null if there is none, as in Node, which reads the files again. Never rejects: a fault is a note.
 */
export async function cacheFor(
  asked: WeightsCache | null | undefined,
  note: (code: string, message: string) => void,
): Promise<WeightsCache | null> {
  try {
    if (asked === null || (asked === undefined && globalThis.indexedDB === undefined)) return null;
    const { browserCache, guardedCache } = await withDeadline(import('./guarded.js'), MAX_CODE_MS, 'Its code');
    return asked === undefined ? browserCache() : guardedCache(asked);
  } catch (thrown) {
    note('cache-unavailable', `The weights cache is not used: ${messageOf(thrown)}`);
    return null;
  }
}

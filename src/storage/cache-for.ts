/** The cache of a load. */

import type { WeightsCache } from '../api/cache.js';
import { messageOf } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';

/** The cache is not worth a longer wait for its code. */
const MAX_CODE_MS = 15_000;

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
    const { browserCache, guardedCache } = await withDeadline(import('./guarded.js'), MAX_CODE_MS, 'Its code');
    return asked === undefined ? browserCache() : guardedCache(asked);
  } catch (thrown) {
    note('cache-unavailable', `The weights cache is not used: ${messageOf(thrown)}`);
    return null;
  }
}

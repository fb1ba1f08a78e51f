/** Gives every backend another chance. */
import type { WeightsCache } from '../api/cache.js';
import { CHOICE_PREFIX, CRASH_PREFIX } from '../base/cache-keys.js';
import { cacheFor } from '../storage/cache-for.js';
import { circuitBreaker } from './circuit-breaker.js';

/** Forgets this page's failures of backends, and what a cache keeps of crashes and of races without the crashed backend. Never rejects. */
export async function resetBackends(given?: WeightsCache): Promise<void> {
  circuitBreaker.reset();
  const cache = await cacheFor(given, () => undefined);
  try {
    const keys = (await cache?.keys()) ?? [];
    const forgotten = keys.filter((key) => key.startsWith(CRASH_PREFIX) || key.startsWith(CHOICE_PREFIX));
    await Promise.all(forgotten.map((key) => cache?.delete(key)));
  } catch {
    // A record that cannot be read has no effect.
  }
}

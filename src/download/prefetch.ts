/** Stores a model's files in the cache, without an engine. */

import type { WeightsCache } from '../api/cache.js';
import type { LoadProgress, PrefetchOptions } from '../api/options.js';
import { type ResolvedOptions, resolveOptions } from '../api/resolve-options.js';
import { PannierError } from '../base/errors.js';
import { Shared } from '../base/shared.js';
import { graphsOf } from '../engines/own-graph.js';
import type { Manifest } from '../manifest/manifest.js';
import { holdModel } from '../storage/held.js';
import { isOfflineReady, openCache } from '../storage/status.js';
import { downloadModel } from './download-model.js';

const KNOWN: readonly (keyof PrefetchOptions)[] = ['cache', 'cacheBudgetBytes', 'fetch', 'assetUrl', 'signal', 'onProgress'];

/** Parallel calls for one model share one download. */
const prefetches = new Shared<void, LoadProgress>(() => undefined);

/** Implements the public function of this name. */
export async function prefetchModel(manifest: Manifest, options: PrefetchOptions): Promise<void> {
  const resolved = resolveOptions(options, 'prefetchModel', KNOWN);
  const joining = { signal: options.signal as AbortSignal | undefined, onReport: options.onProgress };
  const start = (signal: AbortSignal, report: (progress: LoadProgress) => void) => store(manifest, resolved, signal, report);
  const { release } = await prefetches.acquire(`${manifest.hash} ${resolved.key}`, start, joining);
  release();
}

/**
 * Tries of one call. Another load sweeps away shards that belong to no version (a load that was cut off left them), also one that
 * this call has just found in the cache. The next try fetches it.
 */
const MAX_TRIES = 2;

async function store(
  manifest: Manifest,
  options: ResolvedOptions,
  signal: AbortSignal,
  report: (progress: LoadProgress) => void,
): Promise<void> {
  const cache = await openCache(options.cache);
  const release = holdModel(manifest.hash);
  try {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      // All bytes have been reported once.
      await download(manifest, cache, options, signal, tries === 0 ? report : () => undefined);
      if (await isOfflineReady(manifest, cache)) return;
    }
  } finally {
    release();
  }
  const message = `"${manifest.name}" was stored and is not there: something else clears the cache at the same time. Try again.`;
  throw new PannierError('cache-unavailable', message);
}

async function download(
  manifest: Manifest,
  cache: WeightsCache,
  { fetch, assetUrl, cacheBudgetBytes: budgetBytes }: ResolvedOptions,
  signal: AbortSignal,
  onProgress: (progress: LoadProgress) => void,
): Promise<void> {
  const failed = new AbortController();
  const note = (code: string, message: string) => {
    // Other notes tell of damage that this download repairs.
    if (code === 'cache-full' || code === 'cache-unavailable') failed.abort(new PannierError(code, message));
  };
  const { whole } = downloadModel(manifest, graphsOf(manifest), {
    ...{ fetch, assetUrl, note, onProgress, budgetBytes, storeOnly: true, caching: Promise.resolve(cache) },
    signal: AbortSignal.any([signal, failed.signal]),
  });
  const { stored } = await whole;
  await stored;
  failed.signal.throwIfAborted();
}

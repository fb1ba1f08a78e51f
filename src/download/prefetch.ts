/** A model's files for later: into the cache, without an engine. And the other way round: out of the cache alone. */
import { PannierError } from '../base/errors.js';
import { type Asset, assetsOf, type Manifest } from '../manifest/manifest.js';
import type { LoadProgress, PrefetchOptions } from '../api/options.js';
import { restOfPannier } from '../rest.js';
import { Shared } from '../base/shared.js';
import { type Settled, settleOptions } from '../api/resolve-options.js';
import type { WeightsCache } from '../api/cache.js';
import { holdModel } from '../storage/held.js';
import { isOfflineReady, openCache } from '../storage/status.js';
import { gatherWeights } from './download-model.js';

const KNOWN: readonly (keyof PrefetchOptions)[] = ['cache', 'cacheBudgetBytes', 'fetch', 'assetUrl', 'signal', 'onProgress'];

/** Twenty parallel calls for one model are one. */
const prefetches = new Shared<void, LoadProgress>(() => undefined);

/** Behind the public function of this name. */
export async function prefetchModel(manifest: Manifest, options: PrefetchOptions): Promise<void> {
  const settled = settleOptions(options, restOfPannier, 'prefetchModel', KNOWN);
  const joining = { signal: options.signal as AbortSignal | undefined, onReport: options.onProgress };
  const start = (signal: AbortSignal, report: (progress: LoadProgress) => void) => store(manifest, settled, signal, report);
  const { release } = await prefetches.acquire(`${manifest.hash} ${settled.key}`, start, joining);
  release();
}

async function store(
  manifest: Manifest,
  { cache: given, fetch, assetUrl, cacheBudgetBytes: budgetBytes }: Settled,
  signal: AbortSignal,
  report: (progress: LoadProgress) => void,
): Promise<void> {
  const cache = await openCache(given);
  const letGo = holdModel(manifest.hash);
  try {
    const totalBytes = assetsOf(manifest).reduce((sum, { bytes }) => sum + bytes, 0);
    const failed = new AbortController();
    const note = (code: string, message: string) => {
      // A damaged entry is mended by this very call.
      if (code === 'cache-full' || code === 'cache-unavailable') failed.abort(new PannierError(code, message));
    };
    const { whole } = gatherWeights(manifest, {
      ...{ fetch, note, budgetBytes, storeOnly: true, caching: Promise.resolve(cache) },
      rest: restOfPannier,
      signal: AbortSignal.any([signal, failed.signal]),
      urlOf: ({ name, url }: Asset) => assetUrl(name, url()),
      onBytes: (loadedBytes) => report({ loadedBytes, totalBytes, fraction: loadedBytes / totalBytes }),
    });
    const { stored } = await whole;
    await stored;
    failed.signal.throwIfAborted();
    if (!(await isOfflineReady(manifest, cache))) {
      const message = `"${manifest.name}" was stored and is not there: something else clears the cache at the same time. Try again.`;
      throw new PannierError('cache-unavailable', message);
    }
  } finally {
    letGo();
  }
}

/**
 * Stands in for `fetch` where the network is not to be used.
 * @throws {PannierError} `not-cached`, always
 */
export async function refuseNetwork({ name, ...manifest }: Manifest, caching: Promise<WeightsCache | null>): Promise<never> {
  const keys = await caching.then((cache) => cache?.keys()).catch(() => undefined);
  const assets = assetsOf({ name, ...manifest });
  const missing = assets.filter(({ sha256 }) => keys?.includes(sha256) !== true).map((asset) => asset.name);
  const which =
    keys === undefined || missing.length === 0
      ? 'the cache does not answer'
      : `the cache lacks ${missing.length} of ${assets.length} files (${missing.join(', ')})`;
  const message = `"${name}" is not whole in the cache, and network: 'cache-only' fetches nothing: ${which}. Call prefetchModel or loadModel once with a connection.`;
  throw new PannierError('not-cached', message, { missing });
}

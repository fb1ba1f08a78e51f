/** A model's files for later: into the cache, without an engine. And the other way round: out of the cache alone. */

import type { LoadProgress, PrefetchOptions } from '../api/options.js';
import { type ResolvedOptions, resolveOptions } from '../api/resolve-options.js';
import { PannierError } from '../base/errors.js';
import { Shared } from '../base/shared.js';
import { type Asset, assetsOf, type Manifest } from '../manifest/manifest.js';
import { holdModel } from '../storage/held.js';
import { isOfflineReady, openCache } from '../storage/status.js';
import { downloadModel } from './download-model.js';

const KNOWN: readonly (keyof PrefetchOptions)[] = ['cache', 'cacheBudgetBytes', 'fetch', 'assetUrl', 'signal', 'onProgress'];

/** Twenty parallel calls for one model are one. */
const prefetches = new Shared<void, LoadProgress>(() => undefined);

/** Behind the public function of this name. */
export async function prefetchModel(manifest: Manifest, options: PrefetchOptions): Promise<void> {
  const resolved = resolveOptions(options, 'prefetchModel', KNOWN);
  const joining = { signal: options.signal as AbortSignal | undefined, onReport: options.onProgress };
  const start = (signal: AbortSignal, report: (progress: LoadProgress) => void) => store(manifest, resolved, signal, report);
  const { release } = await prefetches.acquire(`${manifest.hash} ${resolved.key}`, start, joining);
  release();
}

async function store(
  manifest: Manifest,
  { cache: given, fetch, assetUrl, cacheBudgetBytes: budgetBytes }: ResolvedOptions,
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
    const { whole } = downloadModel(manifest, {
      ...{ fetch, note, budgetBytes, storeOnly: true, caching: Promise.resolve(cache) },
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

/** The public functions on the weights cache. Their code is imported when one of them is called. */

import type { CacheStatus, ClearedCache, WeightsCache } from './api/cache.js';
import type { ClearCacheOptions, PrefetchOptions } from './api/options.js';
import { lazily } from './base/lazily.js';
import { type Manifest, readManifest } from './manifest/manifest.js';

/**
 * Fills the cache with a model's files, starting no engine and holding few of them in memory: "download for offline".
 * A shard that an earlier try has stored is not downloaded again.
 * @param source the default export of a packed folder's `model.js`
 * @throws {PannierError} `cache-full` or `cache-unavailable` where it cannot be kept, else as `loadModel`; an abort rejects with `signal.reason`
 */
export async function prefetchModel(source: Manifest, options: PrefetchOptions = {}): Promise<void> {
  await (await lazily(() => import('./download/prefetch.js'))).prefetchModel(readManifest(source), options);
}

/**
 * Whether all files of a model are in the cache, so that it loads without a network as soon as the app itself does: its own
 * files, Pannier's workers and the wasm file are the service worker's. Never rejects for a cache that fails: that is no.
 * @param cache of your own, where models are loaded with one; default the browser's
 */
export async function isOfflineReady(source: Manifest, cache?: WeightsCache): Promise<boolean> {
  return (await lazily(() => import('./storage/status.js'))).isOfflineReady(readManifest(source), cache);
}

/**
 * Tells which models and versions the cache holds.
 * @param cache of your own, where models are loaded with one; default the browser's
 * @throws {PannierError} `cache-unavailable`
 */
export async function cacheStatus(cache?: WeightsCache): Promise<CacheStatus> {
  return (await lazily(() => import('./storage/status.js'))).cacheStatus(cache);
}

/**
 * Deletes models from the cache, whole versions, and all that was found out about them; not those that a tab has open.
 * @throws {PannierError} `cache-unavailable`; `options` or `manifest` where it is not clear what stays: then nothing is deleted
 */
export async function clearCache(options: ClearCacheOptions = {}): Promise<ClearedCache> {
  return (await lazily(() => import('./storage/status.js'))).clearCache(options);
}

/** Asks the browser to keep the origin's storage when space is short; whether it will. Some ask the user. */
export async function requestPersistence(): Promise<boolean> {
  return (await lazily(() => import('./storage/status.js'))).requestPersistence();
}

/**
 * Gives every backend another chance at once. Forgets which backends failed on this page, which ones were first run when
 * a page ended (they would be left alone for seven days), and which ones were chosen. Never rejects.
 * @param cache your own, if you load models with one; by default the browser's
 */
export async function resetBackends(cache?: WeightsCache): Promise<void> {
  await (await lazily(() => import('./select/reset-backends.js'))).resetBackends(cache);
}

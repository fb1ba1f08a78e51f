/** Downloads one model: each asset comes from the cache or from its address, and is verified either way. */

import type { WeightsCache } from '../api/cache.js';
import type { CacheOutcome } from '../api/model.js';
import type { LoadProgress } from '../api/options.js';
import { messageOf } from '../base/errors.js';
import { lazily } from '../base/lazily.js';
import { type Deferred, deferred, mapLimited } from '../base/promise.js';
import { now } from '../base/timing.js';
import { type Asset, assetsOf } from '../manifest/assets.js';
import type { Manifest } from '../manifest/manifest.js';
import type { CacheWriter } from '../storage/cache-writer.js';
import { fetchAsset } from './fetch.js';
import type { FetchOptions } from './receive.js';
import type { ShardLocks } from './shard-locks.js';
import { inSlot, MAX_PARALLEL } from './slots.js';
import { isAsset } from './verify.js';

export interface DownloadOptions extends Pick<FetchOptions, 'fetch' | 'signal' | 'pauses'> {
  readonly caching: Promise<WeightsCache | null>;
  /** Gives the address to fetch an asset from, for its file name and its usual address. */
  readonly assetUrl: (name: string, url: string) => string;
  /** Called after each asset, with the bytes verified so far. */
  readonly onProgress: (progress: LoadProgress) => void;
  readonly note: (code: string, message: string) => void;
  /** Most bytes that the cache may hold. */
  readonly budgetBytes: number;
  /** Stores the bytes without handing them over, so that few are in memory at once. */
  readonly storeOnly?: boolean;
  /** `fetch` refuses: the load does not wait for another tab that downloads a missing asset. */
  readonly cacheOnly?: boolean;
}

/**
 * Verified bytes of every asset, each as soon as it is there. The download keeps none of them. If one asset fails, the
 * promises that are pending reject with its failure.
 */
export interface ModelDownload {
  /** The bytes of the first graph that was asked for. */
  readonly graph: Promise<ArrayBuffer>;
  /** Shards in the order of the graph's weights; each is given once. */
  readonly weights: AsyncIterable<ArrayBuffer>;
  readonly golden: Promise<ArrayBuffer>;
  /** Stops the download: nothing needs its bytes any more. */
  readonly cancel: () => void;
  /** Resolves when all assets have come. Rejects as {@link fetchAsset} does, or with the reason of the abort. */
  readonly whole: Promise<DownloadSummary>;
}

/** Counts and times of one download of a model. */
export interface DownloadSummary {
  readonly cache: CacheOutcome;
  readonly bytesDownloaded: number;
  readonly bytesFromCache: number;
  readonly totalMs: number;
  /** Time spent on hashing. Several hashes run at once, so it may be more than `totalMs`. */
  readonly hashMs: number;
  /** Resolves when the cache has stored what it will store; never rejects. */
  readonly stored: Promise<void>;
}

/**
 * Downloads a model. A fault of the cache is a note; only the network makes the download fail, and then all of it ends.
 * @param graphs files of the engines for which the model is downloaded
 */
export function downloadModel(manifest: Manifest, graphs: readonly Asset[], options: DownloadOptions): ModelDownload {
  const assets = assetsOf(manifest, graphs);
  const pending: (Deferred<ArrayBuffer> | undefined)[] = assets.map(() => deferred());
  const promises = pending.map((each) => (each as Deferred<ArrayBuffer>).promise);
  const stop = new AbortController();
  const downloads = new AssetDownloads(manifest, assets, options, AbortSignal.any([options.signal, stop.signal]));
  const whole = downloads.run((index, bytes) => {
    if (!options.storeOnly) pending[index]?.resolve(bytes);
    // A reference that stayed here would keep the bytes in memory after the engine has taken them.
    pending[index] = undefined;
  });
  whole.catch((thrown) => {
    stop.abort(thrown);
    for (const each of pending) each?.reject(thrown);
  });
  // The caller may not need all of them.
  for (const each of promises) each.catch(() => undefined);
  return {
    graph: promises[0] as Promise<ArrayBuffer>,
    weights: takeInOrder(promises.slice(graphs.length, -1)),
    golden: promises.at(-1) as Promise<ArrayBuffer>,
    whole,
    cancel: () => stop.abort(),
  };
}

/** The downloads of one model's assets, and what they share: cache, locks and counts. */
class AssetDownloads {
  readonly #manifest: Manifest;
  readonly #assets: readonly Asset[];
  readonly #options: DownloadOptions;
  readonly #signal: AbortSignal;
  readonly #fetching: FetchOptions;
  /** Undefined without a cache, from which the tabs that wait would read. */
  #locks: ShardLocks | undefined;
  #cache: WeightsCache | null = null;
  #isCacheBroken = false;
  #writing: Promise<CacheWriter> | undefined;
  /** Hashes of assets that this download fetched: an asset of the same bytes finds them in the cache. */
  readonly #fetched = new Set<string>();
  readonly #totalBytes: number;
  #verifiedBytes = 0;
  #bytesDownloaded = 0;
  #bytesFromCache = 0;
  #hashMs = 0;

  constructor(manifest: Manifest, assets: readonly Asset[], options: DownloadOptions, signal: AbortSignal) {
    this.#manifest = manifest;
    this.#assets = assets;
    this.#options = options;
    this.#signal = signal;
    this.#fetching = { ...options, signal, onHash: this.#onHash, network: { answered: false } };
    this.#totalBytes = assets.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @param give called with the bytes of each asset, and its place among the assets */
  async run(give: (index: number, bytes: ArrayBuffer) => void): Promise<DownloadSummary> {
    const startMs = now();
    try {
      this.#cache = await this.#options.caching;
      const isOff = this.#cache === null;
      if (!isOff && !this.#options.cacheOnly) this.#locks = await locksOf(this.#signal);
      const places = [...this.#assets.keys()];
      await mapLimited(places, MAX_PARALLEL, async (index) => give(index, await this.#bytesOf(this.#assets[index] as Asset)));
      const stored = this.#finishWriting().finally(() => this.#locks?.end());
      return {
        cache: this.#isCacheBroken ? 'unavailable' : isOff ? 'off' : this.#outcome(),
        bytesDownloaded: this.#bytesDownloaded,
        bytesFromCache: this.#bytesFromCache,
        totalMs: now() - startMs,
        hashMs: this.#hashMs,
        stored,
      };
    } catch (thrown) {
      this.#locks?.end();
      throw thrown;
    }
  }

  #outcome(): CacheOutcome {
    if (this.#bytesDownloaded === 0) return 'hit';
    return this.#bytesFromCache > 0 ? 'partial' : 'miss';
  }

  /** Reads an asset from the cache, or fetches and stores it. One tab at a time does that for each asset. */
  async #bytesOf(asset: Asset): Promise<ArrayBuffer> {
    let bytes = await this.#readCached(asset);
    let release: (() => void) | undefined;
    let stored: Promise<void> | undefined;
    try {
      if (bytes === undefined && this.#cache !== null && this.#locks !== undefined) {
        release = await this.#locks.claim(asset.sha256);
        this.#signal.throwIfAborted();
        // Another tab may have stored it meanwhile.
        bytes = await this.#readCached(asset);
      }
      if (bytes === undefined) {
        bytes = await this.#fetch(asset);
        if (this.#cache !== null) stored = (await (await this.#writerTo(this.#cache)).keep(asset, bytes)).stored;
      } else if (!this.#fetched.has(asset.sha256)) this.#bytesFromCache += asset.bytes;
    } finally {
      // The tabs that wait read the asset from the cache, so it has to be stored before.
      void Promise.resolve(stored).then(release);
    }
    this.#signal.throwIfAborted();
    this.#verifiedBytes += asset.bytes;
    const { onProgress } = this.#options;
    onProgress({ loadedBytes: this.#verifiedBytes, totalBytes: this.#totalBytes, fraction: this.#verifiedBytes / this.#totalBytes });
    return bytes;
  }

  async #fetch(asset: Asset): Promise<ArrayBuffer> {
    const url = this.#options.assetUrl(asset.name, asset.url());
    const bytes = await inSlot(url, this.#fetching, () => fetchAsset(asset, url, this.#fetching));
    this.#bytesDownloaded += asset.bytes;
    this.#fetched.add(asset.sha256);
    return bytes;
  }

  /** Undefined if the cache lacks the asset, has other bytes, or fails. */
  async #readCached(asset: Asset): Promise<ArrayBuffer | undefined> {
    try {
      const found = await this.#cache?.get(asset.sha256);
      if (found === undefined) return undefined;
      if (await isAsset(asset, found, this.#onHash)) return found;
      // Disks lose bits, and IndexedDB has no checksums.
      this.#options.note('cache-corrupt', `${asset.name}: the cached bytes are damaged and fetched again.`);
      await this.#cache?.delete(asset.sha256);
    } catch (thrown) {
      this.#stopCaching(thrown);
    }
    return undefined;
  }

  #writerTo(cache: WeightsCache): Promise<CacheWriter> {
    const note = (code: string, message: string) => {
      // The cache is full: another tab would wait for a shard that is not stored.
      this.#locks?.end();
      this.#options.note(code, message);
    };
    this.#writing ??= lazily(() => import('../storage/cache-writer.js')).then(
      ({ CacheWriter }) => new CacheWriter(cache, this.#manifest, this.#assets, { ...this.#options, note, onFault: this.#stopCaching }),
    );
    return this.#writing;
  }

  async #finishWriting(): Promise<void> {
    try {
      if (this.#cache !== null) await (await this.#writerTo(this.#cache)).finish();
    } catch (thrown) {
      this.#stopCaching(thrown);
    }
  }

  readonly #stopCaching = (thrown: unknown): void => {
    if (!this.#isCacheBroken) this.#options.note('cache-unavailable', `The weights cache is not used: ${messageOf(thrown)}`);
    this.#isCacheBroken = true;
    this.#cache = null;
    this.#locks?.end();
  };

  readonly #onHash = (durationMs: number): void => {
    this.#hashMs += durationMs;
  };
}

/** The locks come with the code of the cache. Without them every tab downloads for itself. */
const locksOf = (signal: AbortSignal): Promise<ShardLocks | undefined> =>
  lazily(() => import('./shard-locks.js')).then(
    ({ shardLocks }) => shardLocks(signal),
    () => undefined,
  );

/** Gives each result once, in order, and keeps none. */
async function* takeInOrder(promises: Promise<ArrayBuffer>[]): AsyncGenerator<ArrayBuffer> {
  try {
    for (let next = promises.shift(); next !== undefined; next = promises.shift()) yield next;
  } finally {
    // A consumer that stops early frees the others.
    promises.length = 0;
  }
}

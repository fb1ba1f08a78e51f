/** A model's bytes: from the cache where it holds them, else from their addresses; verified either way. */

import type { WeightsCache } from '../api/cache.js';
import type { CacheOutcome } from '../api/model.js';
import { messageOf } from '../base/errors.js';
import { lazily } from '../base/lazily.js';
import { mapLimited } from '../base/promise.js';
import { now } from '../base/timing.js';
import type { Asset, Manifest } from '../manifest/manifest.js';
import { assetsOf } from '../manifest/manifest.js';
import type { CacheWriter } from '../storage/cache-writer.js';
import { fetchAsset } from './fetch.js';
import type { FetchOptions } from './receive.js';
import { shardLocks } from './shard-locks.js';
import { inSlot, PARALLEL } from './slots.js';
import { isAsset } from './verify.js';

export interface DownloadOptions extends Pick<FetchOptions, 'fetch' | 'signal' | 'pauses'> {
  readonly caching: Promise<WeightsCache | null>;
  /** The address of an asset, already absolute. */
  readonly urlOf: (asset: Asset) => string;
  /** Called with the sum of verified bytes after each asset. */
  readonly onBytes: (verifiedBytes: number) => void;
  readonly note: (code: string, message: string) => void;
  /** Most bytes that the cache may hold. */
  readonly budgetBytes: number;
  /** Only the cache shall have the bytes: none are handed over, and few are in memory at once. */
  readonly storeOnly?: boolean;
  /** `fetch` refuses: what another tab is about to bring is not there, and nobody waits for this one's download. */
  readonly cacheOnly?: boolean;
}

/**
 * Verified bytes of every asset, each as soon as it is there. Whoever opens the model takes them; nobody else
 * keeps them. Where one fails, all that is not there yet rejects with its failure.
 */
export interface ModelDownload {
  readonly graph: Promise<ArrayBuffer>;
  /** Shards in the order in which the graph takes them, once: what was given is let go of. */
  readonly weights: AsyncIterable<ArrayBuffer>;
  readonly golden: Promise<ArrayBuffer>;
  /** Ends the download, if nothing needs its bytes any more. */
  readonly cancel: () => void;
  /** When all of them are there. */
  readonly whole: Promise<DownloadSummary>;
}

/** How a model's bytes came. */
export interface DownloadSummary {
  readonly cache: CacheOutcome;
  readonly bytesDownloaded: number;
  readonly bytesFromCache: number;
  readonly totalMs: number;
  /** Hashing; several hashes run at once, so it may be above `totalMs`. */
  readonly hashMs: number;
  /** Settles when the cache holds all that it will hold; never rejects. */
  readonly stored: Promise<void>;
}

/**
 * Gathers a model's bytes. A fault of the cache is a note; only the network can fail this: `whole` rejects as
 * `fetchAsset` does, and the downloads of the others end.
 */
export function downloadModel(manifest: Manifest, options: DownloadOptions): ModelDownload {
  const startMs = now();
  const assets = assetsOf(manifest);
  const arrivals: (Arrival | undefined)[] = assets.map(() => new Arrival());
  let cache: WeightsCache | null = null;
  let unavailable = false;
  let verifiedBytes = 0;
  let bytesDownloaded = 0;
  let bytesFromCache = 0;
  /** Hashes of what this load brought: a shard of the same bytes finds it in the cache. */
  const brought = new Set<string>();
  let hashMs = 0;
  const onHash = (durationMs: number) => {
    hashMs += durationMs;
  };
  // Without one of them the others are of no use.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const fetching: FetchOptions = { ...options, signal, onHash, line: { answered: false } };
  const locks = shardLocks(signal);
  let making: Promise<CacheWriter> | undefined;

  const giveUpCache = (thrown: unknown) => {
    if (!unavailable) options.note('cache-unavailable', `The weights cache is not used: ${messageOf(thrown)}`);
    unavailable = true;
    cache = null;
    locks.end();
  };

  const cached = async (asset: Asset): Promise<ArrayBuffer | undefined> => {
    try {
      const found = await cache?.get(asset.sha256);
      if (found === undefined) return undefined;
      if (await isAsset(asset, found, onHash)) return found;
      // Disks rot and IndexedDB does not notice.
      options.note('cache-corrupt', `${asset.name}: the cached bytes are damaged and are fetched again.`);
      await cache?.delete(asset.sha256);
    } catch (thrown) {
      giveUpCache(thrown);
    }
    return undefined;
  };

  const note = (code: string, message: string) => {
    // It is full, and others would wait in vain.
    locks.end();
    options.note(code, message);
  };
  const writerTo = (to: WeightsCache): Promise<CacheWriter> => {
    making ??= lazily(() => import('../storage/cache-writer.js')).then(
      ({ CacheWriter }) => new CacheWriter(to, manifest, { ...options, note, onFault: giveUpCache }),
    );
    return making;
  };

  const gather = async (asset: Asset): Promise<ArrayBuffer> => {
    let bytes = await cached(asset);
    let release: (() => void) | undefined;
    let stored: Promise<void> | undefined;
    try {
      if (bytes === undefined && cache !== null && !options.cacheOnly) {
        release = await locks.claim(asset.sha256);
        signal.throwIfAborted();
        // Another tab may have stored it meanwhile.
        bytes = await cached(asset);
      }
      if (bytes === undefined) {
        const url = options.urlOf(asset);
        bytes = await inSlot(url, fetching, () => fetchAsset(asset, url, fetching));
        bytesDownloaded += asset.bytes;
        brought.add(asset.sha256);
        if (cache !== null) stored = (await (await writerTo(cache)).keep(asset, bytes)).stored;
      } else if (!brought.has(asset.sha256)) bytesFromCache += asset.bytes;
    } finally {
      // The tabs that wait read the shard from the cache, so it has to be stored before.
      void Promise.resolve(stored).then(release);
    }
    signal.throwIfAborted();
    verifiedBytes += asset.bytes;
    options.onBytes(verifiedBytes);
    return bytes;
  };

  const commit = async (): Promise<void> => {
    if (cache !== null) await (await writerTo(cache)).finish();
  };

  const all = async (): Promise<DownloadSummary> => {
    cache = await options.caching;
    const isOff = cache === null;
    await mapLimited([...assets.keys()], PARALLEL, async (index) => {
      const bytes = await gather(assets[index] as Asset);
      if (!options.storeOnly) arrivals[index]?.resolve(bytes);
      // It would keep the bytes that somebody has let go of.
      arrivals[index] = undefined;
    });
    const found = bytesDownloaded === 0 ? 'hit' : bytesFromCache > 0 ? 'partial' : 'miss';
    return {
      cache: unavailable ? 'unavailable' : isOff ? 'off' : found,
      bytesDownloaded,
      bytesFromCache,
      totalMs: now() - startMs,
      hashMs,
      stored: commit().catch(giveUpCache),
    };
  };

  const promises = arrivals.map((each) => (each as Arrival).promise);
  const whole = all();
  whole.then(({ stored }) => stored).then(locks.end, locks.end);
  whole.catch((thrown) => {
    failed.abort(thrown);
    for (const each of arrivals) each?.reject(thrown);
  });
  // Whoever opens the model may have no use for all of them.
  for (const each of promises) each.catch(() => undefined);
  return {
    graph: promises[0] as Promise<ArrayBuffer>,
    weights: once(promises.slice(1, -1)),
    golden: promises.at(-1) as Promise<ArrayBuffer>,
    whole,
    cancel: () => failed.abort(),
  };
}

/** Gives each once, in order, and keeps none. */
async function* once(coming: Promise<ArrayBuffer>[]): AsyncGenerator<ArrayBuffer> {
  try {
    for (let next = coming.shift(); next !== undefined; next = coming.shift()) yield next;
  } finally {
    // Whoever stops early wants none of the others.
    coming.length = 0;
  }
}

/** An asset that somebody waits for. */
class Arrival {
  resolve!: (bytes: ArrayBuffer) => void;
  reject!: (reason: unknown) => void;
  readonly promise = new Promise<ArrayBuffer>((resolve, reject) => Object.assign(this, { resolve, reject }));
}

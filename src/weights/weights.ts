/** A model's bytes: from the cache where it holds them, else from their addresses; verified either way. */
import { messageOf } from '../errors.js';
import type { Asset, Manifest } from '../manifest.js';
import { assetsOf } from '../manifest.js';
import type { CacheOutcome } from '../prediction.js';
import { mapLimited, ownTask } from '../promise.js';
import { now } from '../timing.js';
import type { WeightsCache } from './cache.js';
import { type FetchOptions, fetchAsset } from './fetch.js';
import { commitRecord, hasRecord } from './records.js';
import { isAsset } from './verify.js';

/** Downloads under way at once; more gain nothing on one HTTP/2 connection. */
const PARALLEL = 6;

export interface WeightsOptions extends Pick<FetchOptions, 'fetch' | 'signal'> {
  readonly cache: WeightsCache | null;
  /** The address of an asset, already absolute. */
  readonly urlOf: (asset: Asset) => string;
  /** Called with the sum of verified bytes after each asset. */
  readonly onBytes: (verifiedBytes: number) => void;
  readonly note: (code: string, message: string) => void;
}

/** Verified bytes of every asset. Whoever opens the model takes them; nobody else keeps them. */
export interface ModelBytes {
  readonly graph: ArrayBuffer;
  readonly weights: readonly ArrayBuffer[];
  readonly golden: ArrayBuffer;
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
 * Gathers a model's bytes. A fault of the cache is a note; only the network can fail this.
 * @throws {PannierError} as `fetchAsset` does.
 */
export async function loadWeights(manifest: Manifest, options: WeightsOptions): Promise<ModelBytes> {
  const startMs = now();
  const assets = assetsOf(manifest);
  let { cache } = options;
  let unavailable = false;
  let verifiedBytes = 0;
  let bytesFromCache = 0;
  let hashMs = 0;
  const onHash = (durationMs: number) => {
    hashMs += durationMs;
  };
  const writes: Promise<void>[] = [];

  const giveUpCache = (thrown: unknown) => {
    if (!unavailable) options.note('cache-unavailable', `The weights cache is not used: ${messageOf(thrown)}`);
    unavailable = true;
    cache = null;
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

  const write = async (to: WeightsCache, key: string, bytes: ArrayBuffer): Promise<void> => {
    await ownTask();
    await to.set(key, bytes);
  };

  const gather = async (asset: Asset): Promise<ArrayBuffer> => {
    let bytes = await cached(asset);
    if (bytes !== undefined) bytesFromCache += asset.bytes;
    else {
      bytes = await fetchAsset(asset, options.urlOf(asset), { ...options, onHash });
      // A copy: the original is on its way to the engine before the write is done.
      if (cache !== null) writes.push(write(cache, asset.sha256, bytes.slice(0)).catch(giveUpCache));
    }
    options.signal.throwIfAborted();
    verifiedBytes += asset.bytes;
    options.onBytes(verifiedBytes);
    return bytes;
  };

  const all = await mapLimited(assets, PARALLEL, gather);
  const total = assets.reduce((sum, { bytes }) => sum + bytes, 0);
  const commit = async () => {
    await Promise.all(writes);
    if (cache === null) return;
    // Where nothing was written the record is there already, unless an earlier load was cut short before it.
    if (writes.length === 0 && (await hasRecord(cache, manifest.hash))) return;
    await commitRecord(cache, manifest.hash, { name: manifest.name, assets: assets.map(({ sha256 }) => sha256) });
  };
  return {
    graph: all[0] as ArrayBuffer,
    weights: all.slice(1, -1),
    golden: all.at(-1) as ArrayBuffer,
    cache: unavailable
      ? 'unavailable'
      : options.cache === null
        ? 'off'
        : bytesFromCache === total
          ? 'hit'
          : bytesFromCache > 0
            ? 'partial'
            : 'miss',
    bytesDownloaded: total - bytesFromCache,
    bytesFromCache,
    totalMs: now() - startMs,
    hashMs,
    stored: commit().catch(giveUpCache),
  };
}

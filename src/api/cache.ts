/** The weights cache as apps see it. Caching is best effort: a cache that fails costs time, never an answer. */

/**
 * A store of bytes by key. Values are whole `ArrayBuffer`s, and the caller may change or transfer what `get` returns.
 * A method may reject or never settle: the load then goes on without the cache and notes it. The store belongs to
 * Pannier alone, which deletes entries that no model names.
 */
export interface WeightsCache {
  get(key: string): Promise<ArrayBuffer | undefined>;
  set(key: string, bytes: ArrayBuffer): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

/** One version of a model, as a cache holds it. */
export interface CachedModel {
  readonly name: string;
  readonly version: string;
  /** The hash of the manifest. */
  readonly hash: string;
  /** Bytes of its files that are cached. Versions share unchanged files, so the bytes of several versions do not add up. */
  readonly bytes: number;
  /** Whether all of its files are cached, so that it loads without a network. */
  readonly complete: boolean;
  /** When it was last loaded or prefetched. */
  readonly usedAt: Date;
  /** Whether some tab, this one included, has it open; undefined if the browser has no Web Locks. */
  readonly held: boolean | undefined;
  /** Whether it is the first to be evicted when space is short. */
  readonly evictedNext: boolean;
}

/** The content of a cache, and the browser's figures on the origin's storage. */
export interface CacheStatus {
  /** In the order in which they would be evicted. */
  readonly models: readonly CachedModel[];
  /** Bytes of all models together; a shared file counts once. */
  readonly bytes: number;
  /** Whether the browser keeps the origin's storage when space is short; undefined if the browser does not tell. */
  readonly persisted: boolean | undefined;
  /** The browser's estimate of what the origin may store; too high on a full disk. */
  readonly quotaBytes: number | undefined;
  /** The browser's estimate of what the origin stores, including everything else that the app stores. */
  readonly usageBytes: number | undefined;
}

/** The result of `clearCache`. */
export interface ClearedCache {
  readonly freedBytes: number;
  /** Versions that were kept because a tab has them open. */
  readonly held: readonly CachedModel[];
}

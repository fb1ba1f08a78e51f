/** Where verified bytes wait for the next visit. All of it is best effort: a broken cache costs time, never an answer. */

/**
 * A place for bytes. Values are whole `ArrayBuffer`s; what `get` gives is the caller's to change or
 * transfer. Any method may reject or never settle: that becomes a note, and the load goes on without
 * the cache. All of its keys are Pannier's: entries under keys of the same form that no model names are deleted.
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
  /** The manifest's. */
  readonly hash: string;
  /** Of its files that are there. Versions share files that did not change: their bytes do not add up. */
  readonly bytes: number;
  /** All of its files are there: its weights need no network. */
  readonly complete: boolean;
  /** When it was last loaded or prefetched. */
  readonly usedAt: Date;
  /** Open in some tab, this one included; undefined where the browser has no Web Locks to tell by. */
  readonly held: boolean | undefined;
  /** First to make way when space is short. */
  readonly evictedNext: boolean;
}

/** What a cache holds, and what the browser says of the origin's storage. */
export interface CacheStatus {
  /** In the order in which they would make way. */
  readonly models: readonly CachedModel[];
  /** Of all models together; files that several share count once. */
  readonly bytes: number;
  /** Whether the browser keeps the origin's storage when space is short; undefined where it does not tell. */
  readonly persisted: boolean | undefined;
  /** What the browser says the origin may take: a guess, on a full disk too high. */
  readonly quotaBytes: number | undefined;
  /** What the browser says the origin takes, with everything else that the app stores. */
  readonly usageBytes: number | undefined;
}

/** What came of clearing. */
export interface ClearedCache {
  readonly freedBytes: number;
  /** Versions that were left, since a tab has them open. */
  readonly held: readonly CachedModel[];
}

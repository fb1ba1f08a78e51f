/** Where verified bytes wait for the next visit. All of it is best effort: a broken cache costs time, never an answer. */

/**
 * A place for bytes. Values are whole `ArrayBuffer`s; what `get` gives is the caller's to change or
 * transfer. Any method may reject or never settle: that becomes a note, and the load goes on without
 * the cache.
 */
export interface WeightsCache {
  get(key: string): Promise<ArrayBuffer | undefined>;
  set(key: string, bytes: ArrayBuffer): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

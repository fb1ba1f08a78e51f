/**
 * One of the tabs that need a shard downloads it, and the others read it from the cache. A Web Lock for each shard decides
 * which; the browser releases the locks of a tab that dies.
 */
import { forManyListeners, withDeadline } from '../base/promise.js';

/**
 * Longest that a load waits for another tab. A lock holder downloads four shards of 2 MiB at most at a time, which takes
 * 30 s at 2.2 Mbit/s. On a slower line two tabs may download the same shard; a tab that is suspended or hangs keeps its
 * locks, and would keep every other tab waiting.
 */
const MAX_WAIT_MS = 30_000;

export interface ShardLocks {
  /**
   * Waits until no other tab downloads the shard. The caller looks into the cache then, and downloads the shard if it is not there.
   * Never rejects: after `MAX_WAIT_MS`, and where locks fail, the load goes on without them.
   * @returns releases the lock; safe to call twice
   */
  readonly claim: (sha256: string) => Promise<() => void>;
  /** Releases all locks of the load; later claims resolve at once. */
  readonly end: () => void;
}

/** The locks of one load. Without Web Locks every load downloads for itself. */
export function shardLocks(signal: AbortSignal): ShardLocks {
  const manager = globalThis.navigator?.locks as LockManager | undefined;
  const ended = new AbortController();
  const requests = forManyListeners(AbortSignal.any([signal, ended.signal]));
  const isOver = new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
  const end = () => {
    ended.abort();
    globalThis.removeEventListener?.('pagehide', end);
  };
  // A page that holds a lock, or waits for one, stays out of the back/forward cache.
  if (manager !== undefined) globalThis.addEventListener?.('pagehide', end);

  const claim = async (sha256: string): Promise<() => void> => {
    let release = () => {};
    const isDone = new Promise<void>((resolve) => {
      release = resolve;
    });
    if (manager === undefined || ended.signal.aborted) return release;
    const granted = new Promise<void>((resolve, reject) => {
      const hold = () => {
        resolve();
        return Promise.race([isDone, isOver]);
      };
      manager.request(`pannier shard ${sha256}`, { signal: requests }, hold).catch(reject);
    });
    // A load that waited in vain for one shard waits for no other.
    await withDeadline(granted, MAX_WAIT_MS, 'The lock of a shard').catch(end);
    return release;
  };
  return { claim, end };
}

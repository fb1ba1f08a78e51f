/** Of the tabs that want a shard, one downloads it; the others find it in the cache. By Web Locks, which a tab that dies lets go of. */

import { lazily } from '../base/lazily.js';
import { withDeadline } from '../base/promise.js';

/** A lock manager answers at once whether a lock is free; one that does not is done without. */
const ANSWER_LIMIT_MS = 2_000;

/** Where whoever downloads a shard tells those who wait for it that it is alive, by its hash. */
export const ALIVE = 'pannier shards';

/** Each time the lock was free, and somebody else had it by then. */
const MOST_ROUNDS = 50;

type LetGo = () => void;

/** What a load does with a shard that its cache did not have. */
export interface ShardClaim {
  /** Another tab has brought it meanwhile. */
  readonly found: ArrayBuffer | undefined;
  /** Ends what keeps other tabs waiting; more than once does nothing. */
  readonly release: LetGo | undefined;
  /** Tells them to wait on. */
  readonly onAlive: () => void;
}

export interface ShardLocks {
  /**
   * Resolves when this load is the one to download a shard, or finds it. Never rejects for a lock's sake.
   * @param look asks the cache
   */
  readonly claim: (sha256: string, look: () => Promise<ArrayBuffer | undefined>) => Promise<ShardClaim>;
  /** Lets go of all, and waits for none any more. */
  readonly end: () => void;
}

/** The locks of one load. Without a lock manager every load downloads for itself. */
export function shardLocks(signal: AbortSignal): ShardLocks {
  let manager = globalThis.navigator?.locks as LockManager | undefined;
  let channel: BroadcastChannel | undefined;
  const held = new Set<LetGo>();
  const ended = new AbortController();
  const letGoOfAll = () => {
    for (const letGo of held) letGo();
    held.clear();
  };
  // A page in the back/forward cache would keep every other tab waiting, and a lock would keep it out of there.
  if (manager !== undefined) globalThis.addEventListener?.('pagehide', letGoOfAll);

  const turn = async (sha256: string, look: () => Promise<ArrayBuffer | undefined>): Promise<ShardClaim> => {
    let found: ArrayBuffer | undefined;
    let letGo: LetGo | undefined;
    try {
      for (let round = 0; manager !== undefined && round < MOST_ROUNDS && found === undefined && letGo === undefined; round++) {
        const asked = requestLock(manager, sha256, { ifAvailable: true });
        try {
          letGo = await withDeadline(asked, ANSWER_LIMIT_MS, 'The lock of a shard');
        } catch (thrown) {
          asked.then((late) => late?.()).catch(() => undefined);
          throw thrown;
        }
        if (
          letGo === undefined &&
          !(await (await lazily(() => import('./waiting.js'))).waitForShard(manager, sha256, AbortSignal.any([signal, ended.signal])))
        )
          break;
        found = await look();
      }
      channel ??= letGo && new BroadcastChannel(ALIVE);
    } catch {
      manager = undefined;
    }
    if (letGo !== undefined) held.add(letGo);
    // Given up meanwhile.
    if (ended.signal.aborted) end();
    return { found, release: letGo, onAlive: () => channel?.postMessage(sha256) };
  };

  const end = () => {
    manager = undefined;
    ended.abort();
    letGoOfAll();
    channel?.close();
    channel = undefined;
    globalThis.removeEventListener?.('pagehide', letGoOfAll);
  };
  return { claim: turn, end };
}

/** What lets go of a shard's lock; undefined where it is not free and was asked for at once. */
export function requestLock(manager: LockManager, sha256: string, options: LockOptions): Promise<LetGo | undefined> {
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null) => lock && new Promise<void>((done) => resolve(done));
    manager.request(`pannier shard ${sha256}`, options, hold).then(() => resolve(undefined), reject);
  });
}

/** Waiting for the tab that downloads a shard. */
import { withDeadline } from '../base/promise.js';
import { IDLE_LIMIT_MS } from './receive.js';
import { ALIVE, requestLock } from './shard-locks.js';

/** A try may end in silence; the sign that the next one begins has to come here, too. */
const SILENCE_LIMIT_MS = IDLE_LIMIT_MS + 2_000;

/**
 * Resolves when nobody holds a shard's lock any more, with true: it is stored, or its tab has died or given up. With
 * false where the tab that holds it has shown no sign of life for as long as a server may take (a page that hangs or
 * is suspended keeps its locks), or at an abort. Never rejects.
 */
export async function waitForShard(manager: LockManager, sha256: string, signal: AbortSignal): Promise<boolean> {
  const stop = new AbortController();
  const left = new AbortController();
  const onLeave = () => left.abort();
  // Who waits for a lock stays out of the back/forward cache, too.
  globalThis.addEventListener?.('pagehide', onLeave);
  // Shared: all who wait look into the cache at once.
  const free = requestLock(manager, sha256, { mode: 'shared', signal: AbortSignal.any([signal, stop.signal, left.signal]) });
  let isAlive = () => {};
  let channel: BroadcastChannel | undefined;
  try {
    channel = new BroadcastChannel(ALIVE);
    channel.onmessage = ({ data }) => {
      if (data === sha256) isAlive();
    };
    for (;;) {
      const sign = new Promise<'alive'>((resolve) => {
        isAlive = () => resolve('alive');
      });
      const came = await Promise.race([free, withDeadline(sign, SILENCE_LIMIT_MS, 'A sign of life')]);
      if (came === 'alive') continue;
      came?.();
      return true;
    }
  } catch {
    stop.abort();
    free.then((late) => late?.()).catch(() => undefined);
    if (!left.signal.aborted || signal.aborted) return false;
    await new Promise((resolve) => globalThis.addEventListener('pageshow', resolve, { once: true }));
    return true;
  } finally {
    isAlive();
    channel?.close();
    globalThis.removeEventListener?.('pagehide', onLeave);
  }
}

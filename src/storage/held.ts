/**
 * Which versions are open in any tab of this origin: a tab holds a Web Lock for each, and the browser releases the locks of a
 * tab that dies.
 */
import { withDeadline } from '../base/promise.js';

const HELD = 'pannier model ';

/** A caller of {@link heldModels} does not wait longer for the browser's answer. */
const MAX_QUERY_MS = 1_000;

/**
 * Firefox 153 decides about its back/forward cache before `pagehide`. `beforeunload` may be called off, a click on a `mailto:`
 * link or a download dispatches it, too, and phones do not send it.
 */
const LEAVING = ['beforeunload', 'pagehide'] as const;

/** A page that began to leave, or was in the back/forward cache, holds its models again after so long. */
const HOLD_AGAIN_MS = 10_000;

/** Members of a page's `globalThis`, without the DOM library. */
interface Page {
  readonly navigator?: { readonly locks?: LockManager };
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/**
 * Keeps a version from being dropped by any tab, as long as this page is open. A page that is left holds nothing, since a lock
 * keeps a page out of the back/forward cache.
 * @returns releases the lock; safe to call twice
 */
export function holdModel(hash: string): () => void {
  const page = globalThis as unknown as Page;
  const { locks } = page.navigator ?? {};
  if (locks === undefined) return () => undefined;
  let ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hold = () => {
    ended = new AbortController();
    const { signal } = ended;
    const isEnded = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    // An opaque origin may not request locks: the version can be dropped then.
    void (async () => locks.request(`${HELD}${hash}`, { mode: 'shared', signal }, () => isEnded))().catch(() => undefined);
  };
  const leave = () => {
    ended.abort();
    clearTimeout(timer);
    timer = setTimeout(hold, HOLD_AGAIN_MS);
  };
  hold();
  for (const type of LEAVING) page.addEventListener?.(type, leave);
  return () => {
    for (const type of LEAVING) page.removeEventListener?.(type, leave);
    clearTimeout(timer);
    ended.abort();
  };
}

/** Hashes of the versions that any tab holds; `untold` if the browser does not answer in time, undefined if it has no locks. */
export async function heldModels(): Promise<ReadonlySet<string> | 'untold' | undefined> {
  const { locks } = (globalThis as unknown as Page).navigator ?? {};
  if (locks === undefined) return undefined;
  try {
    const { held = [] } = await withDeadline(locks.query(), MAX_QUERY_MS, 'Asking for locks');
    const names = held.map(({ name = '' }) => name).filter((name) => name.startsWith(HELD));
    return new Set(names.map((name) => name.slice(HELD.length)));
  } catch {
    return 'untold';
  }
}

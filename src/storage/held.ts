/** Which models are open in any tab of this origin: each holds a Web Lock, which the browser takes back from a tab that died. */
import { withDeadline } from '../base/promise.js';

const HELD = 'pannier model ';

/** Whoever asks has better to do than to wait. */
const QUERY_LIMIT_MS = 1_000;

/** A page that has begun to leave, and is still there after so long, stays. */
const LEAVING_MS = 30_000;

/** Firefox 153 decides about its back/forward cache before `pagehide`; `beforeunload` may be called off, and phones do not send it. */
const LEAVING = ['beforeunload', 'pagehide'] as const;

interface PageTransition {
  /** It comes from the back/forward cache. */
  readonly persisted: boolean;
}

/** What a page has, without the DOM library. */
interface Page {
  readonly navigator?: { readonly locks?: LockManager };
  addEventListener?(type: string, listener: (event: PageTransition) => void): void;
  removeEventListener?(type: string, listener: (event: PageTransition) => void): void;
}

/**
 * Holds a model against being evicted by anybody, for as long as this page is there. A page that is left holds nothing:
 * its lock would keep it out of the back/forward cache.
 * @returns lets go; safe to call twice
 */
export function holdModel(hash: string): () => void {
  const page = globalThis as unknown as Page;
  const { locks } = page.navigator ?? {};
  if (locks === undefined) return () => undefined;
  let release = () => {};
  let staying: ReturnType<typeof setTimeout> | undefined;
  const letGo = () => {
    clearTimeout(staying);
    release();
  };
  const hold = () => {
    letGo();
    const unneeded = new AbortController();
    const over = new Promise<void>((resolve) => {
      release = () => {
        resolve();
        unneeded.abort();
      };
    });
    // An opaque origin may not; then nobody is told.
    void (async () => locks.request(`${HELD}${hash}`, { mode: 'shared', signal: unneeded.signal }, () => over))().catch(() => undefined);
  };
  const leave = () => {
    letGo();
    staying = setTimeout(hold, LEAVING_MS);
  };
  const holdAgain = ({ persisted }: PageTransition) => persisted && hold();
  hold();
  for (const type of LEAVING) page.addEventListener?.(type, leave);
  page.addEventListener?.('pageshow', holdAgain);
  return () => {
    for (const type of LEAVING) page.removeEventListener?.(type, leave);
    page.removeEventListener?.('pageshow', holdAgain);
    letGo();
  };
}

/** Hashes of the models that are held; `untold` where the browser does not answer in time, undefined where it has no locks. */
export async function heldModels(): Promise<ReadonlySet<string> | 'untold' | undefined> {
  const { locks } = (globalThis as unknown as Page).navigator ?? {};
  if (locks === undefined) return undefined;
  try {
    const { held = [] } = await withDeadline(locks.query(), QUERY_LIMIT_MS, 'Asking for locks');
    const names = held.map(({ name = '' }) => name).filter((name) => name.startsWith(HELD));
    return new Set(names.map((name) => name.slice(HELD.length)));
  } catch {
    return 'untold';
  }
}

/** Which models are open in any tab of this origin: each holds a Web Lock, which the browser takes back from a tab that died. */
import { withDeadline } from '../promise.js';

const HELD = 'pannier model ';

/** Whoever asks has better to do than to wait. */
const QUERY_LIMIT_MS = 1_000;

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
 * Holds a model against being evicted by anybody, for as long as this page is there.
 * A page in the back/forward cache holds nothing: its lock would keep it out of there.
 * @returns lets go; safe to call twice
 */
export function holdModel(hash: string): () => void {
  const page = globalThis as unknown as Page;
  const { locks } = page.navigator ?? {};
  if (locks === undefined) return () => undefined;
  let release = () => {};
  const hold = () => {
    release();
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
  const letGo = () => release();
  const holdAgain = ({ persisted }: PageTransition) => persisted && hold();
  hold();
  page.addEventListener?.('pagehide', letGo);
  page.addEventListener?.('pageshow', holdAgain);
  return () => {
    page.removeEventListener?.('pagehide', letGo);
    page.removeEventListener?.('pageshow', holdAgain);
    release();
  };
}

/** Hashes of the models that are held; undefined where there are no locks, or none that answer. */
export async function heldModels(): Promise<ReadonlySet<string> | undefined> {
  try {
    const { locks } = (globalThis as unknown as Page).navigator ?? {};
    if (locks === undefined) return undefined;
    const { held = [] } = await withDeadline(locks.query(), QUERY_LIMIT_MS, 'Asking for locks');
    const names = held.map(({ name = '' }) => name).filter((name) => name.startsWith(HELD));
    return new Set(names.map((name) => name.slice(HELD.length)));
  } catch {
    return undefined;
  }
}

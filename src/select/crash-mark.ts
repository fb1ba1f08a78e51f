/** Remembers across visits that the page ended while a model was first run on a backend. After two such ends the backend is left alone. */

import type { WeightsCache } from '../api/cache.js';
import type { BackendName } from '../base/backend-name.js';
import { browserVersion } from '../base/browser-version.js';
import { CRASH_PREFIX } from '../base/cache-keys.js';
import { fromBytes, toBytes } from '../base/json.js';
import { withDeadline } from '../base/promise.js';

/** After so long a new driver or a browser's fix may have mended the backend. */
const LEFT_ALONE_MS = 7 * 24 * 3_600_000;

/** A younger run may still be under way in another tab. */
const UNDER_WAY_MS = 30_000;

const MAX_CRASHES = 2;

/** Longest that a load waits for one read or write of the mark. */
const CACHE_LIMIT_MS = 1_000;

/**
 * The mark of one model on one backend in one browser on one GPU: when first runs began that have not ended. A cache
 * that fails or hangs has no mark, and costs nothing else.
 */
export class CrashMark {
  readonly #key: string;
  #cache: WeightsCache | null;

  /** @param identity the GPU's vendor and architecture, or nothing */
  constructor(cache: WeightsCache | null, modelHash: string, backend: BackendName, identity: string) {
    this.#key = `${CRASH_PREFIX}${[modelHash, backend, browserVersion(), identity].join(' ')}`;
    this.#cache = cache;
  }

  /** Why the model is not to be run there now, in sentences; undefined if nothing speaks against it. */
  async reason(): Promise<string | undefined> {
    // A time in the future is no crash: the clock was set back.
    const crashes = (await this.#starts()).filter((startedAtMs) => Date.now() - startedAtMs >= UNDER_WAY_MS);
    const untilMs = Math.max(...crashes) + LEFT_ALONE_MS;
    if (crashes.length < MAX_CRASHES || untilMs <= Date.now()) return undefined;
    const until = new Date(untilMs).toISOString().slice(0, 10);
    return `The page ended ${crashes.length} times while the model was first run there. It is tried again from ${until}, or after resetBackends().`;
  }

  /**
   * Marks that the model is about to run there for the first time, which may end the page. A page that is closed or
   * hidden takes its mark back, since its end would look like a crash; a hidden page sets none.
   * @returns to be called when the run is over: the page has survived, and all marks go
   */
  async begin(): Promise<() => void> {
    const { document, addEventListener: listen, removeEventListener: unlisten } = globalThis as unknown as PageEvents;
    const isVisible = () => document?.visibilityState === 'visible';
    if (!isVisible() || this.#cache === null) return () => undefined;
    const earlier = await this.#starts();
    const finish = (left: readonly number[]) => {
      unlisten('pagehide', onLeave);
      unlisten('visibilitychange', onLeave);
      void this.#write(left);
    };
    const onLeave = ({ type }: { readonly type: string }) => {
      if (type === 'pagehide' || !isVisible()) finish(earlier);
    };
    listen('pagehide', onLeave);
    listen('visibilitychange', onLeave);
    await this.#write([...earlier, Date.now()]);
    return () => finish([]);
  }

  /** Times of the wall clock, since a mark outlives the page. */
  async #starts(): Promise<readonly number[]> {
    const bytes = await this.#ask((cache) => cache.get(this.#key));
    try {
      const starts = bytes && fromBytes(bytes);
      return Array.isArray(starts) ? starts.filter((each) => typeof each === 'number') : [];
    } catch {
      // The record is damaged.
      return [];
    }
  }

  #write(starts: readonly number[]): Promise<void> {
    return this.#ask((cache) => (starts.length === 0 ? cache.delete(this.#key) : cache.set(this.#key, toBytes(starts))));
  }

  /** A cache that has failed or was late is not asked again: a load waits for it once. */
  async #ask<T>(call: (cache: WeightsCache) => Promise<T>): Promise<T | undefined> {
    try {
      return this.#cache === null ? undefined : await withDeadline(call(this.#cache), CACHE_LIMIT_MS, 'The crash mark');
    } catch {
      this.#cache = null;
      return undefined;
    }
  }
}

/** The events of a page, without the DOM library. */
interface PageEvents {
  readonly document?: { readonly visibilityState: string };
  addEventListener(type: string, listener: (event: { readonly type: string }) => void): void;
  removeEventListener(type: string, listener: (event: { readonly type: string }) => void): void;
}

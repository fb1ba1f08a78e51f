/** What outlives the page of a backend's bad days, for one model in one browser on one GPU: it waits seven days for another chance. */

import type { WeightsCache } from '../api/cache.js';
import type { BackendName } from '../base/backend-name.js';
import { browserVersion } from '../base/browser-version.js';
import { fromBytes, toBytes } from '../base/json.js';
import { withDeadline } from '../base/promise.js';
import { cacheFor } from '../storage/cache-for.js';
import { circuitBreaker } from './circuit-breaker.js';

/** A driver, a browser, a model's next version may have mended it by then. */
const LASTS_MS = 7 * 24 * 3_600_000;

/** A younger mark may be of a page that is at it just now. */
const UNDER_WAY_MS = 30_000;

/** So many pages have ended while they tried a backend before it is held off. */
const MOST_CRASHES = 2;

/** Longest that a load waits for one of these reads and writes. */
const CACHE_LIMIT_MS = 1_000;

const QUARANTINE = 'quarantine:';
const TRIAL = 'trial:';
/** What trials came to: one that was held off at the time is refused there. */
const CHOICE = 'choice:';

/** Why a backend is not to be started. */
export interface Held {
  /** Sentences. */
  readonly reason: string;
  /** It was lost, which may be better than no answer; one that took the page along never is. */
  readonly mayBeLast: boolean;
}

/** As the cache keeps it. */
interface Entry extends Held {
  /** Of the wall clock: it outlives the page. */
  readonly sinceMs: number;
}

/** What one model has behind it on one backend. A cache that fails or hangs has forgotten it, and costs nothing else. */
export class Quarantine {
  readonly #key: string;
  #cache: WeightsCache | null;

  /** @param identity the GPU's vendor and architecture, or nothing */
  constructor(cache: WeightsCache | null, modelHash: string, backend: BackendName, identity: string) {
    this.#key = [modelHash, backend, browserVersion(), identity].join(' ');
    this.#cache = cache;
  }

  /** Why the model is not to be tried there now. Counts the pages that ended while they did. */
  async held(): Promise<Held | undefined> {
    const [entry, starts] = await Promise.all([this.#read(QUARANTINE), this.#starts()]);
    const { sinceMs, reason, mayBeLast } = (entry ?? {}) as Partial<Entry>;
    // From the far future it is none either: a clock may have been set back by years.
    if (Math.abs(Date.now() - (sinceMs ?? Number.NaN)) < LASTS_MS) return heldSince(sinceMs as number, String(reason), mayBeLast === true);
    const crashes = starts.filter((startedMs) => Date.now() - startedMs >= UNDER_WAY_MS).length;
    if (crashes < MOST_CRASHES) return undefined;
    const held = await this.impose(`The page ended ${crashes} times while the model was first run there.`, false);
    await this.#write(TRIAL, undefined);
    return held;
  }

  /** Holds the model off there for seven days. @param reason a sentence */
  async impose(reason: string, mayBeLast: boolean): Promise<Held> {
    const sinceMs = Date.now();
    await this.#write(QUARANTINE, { sinceMs, reason, mayBeLast } satisfies Entry);
    return heldSince(sinceMs, reason, mayBeLast);
  }

  /**
   * Marks that the model is about to run there for the first time, which may end the page. Only a page that is
   * looked at: it hears that it is left, which would look like a crash, and no browser ends it for its memory.
   * @returns takes the mark away, and all others: the page is still there when the run is over
   */
  async begin(): Promise<() => void> {
    const { document, addEventListener: listen, removeEventListener: unlisten } = globalThis as unknown as PageEvents;
    const isLookedAt = () => document?.visibilityState === 'visible';
    if (!isLookedAt() || this.#cache === null) return () => undefined;
    const earlier = await this.#starts();
    const finish = (left: readonly number[]) => {
      unlisten('pagehide', onLeave);
      unlisten('visibilitychange', onLeave);
      void this.#write(TRIAL, left.length === 0 ? undefined : left);
    };
    const onLeave = ({ type }: { readonly type: string }) => {
      if (type === 'pagehide' || !isLookedAt()) finish(earlier);
    };
    listen('pagehide', onLeave);
    listen('visibilitychange', onLeave);
    await this.#write(TRIAL, [...earlier, Date.now()]);
    return () => finish([]);
  }

  async #starts(): Promise<readonly number[]> {
    const starts = await this.#read(TRIAL);
    return Array.isArray(starts) ? starts.filter((each) => typeof each === 'number') : [];
  }

  async #read(kind: string): Promise<unknown> {
    const bytes = await this.#ask((cache) => cache.get(`${kind}${this.#key}`));
    try {
      return bytes && fromBytes(bytes);
    } catch {
      // Another version's, or damaged.
      return undefined;
    }
  }

  /** @param value nothing, where none is to be kept */
  #write(kind: string, value: unknown): Promise<void> {
    const key = `${kind}${this.#key}`;
    return this.#ask((cache) => (value === undefined ? cache.delete(key) : cache.set(key, toBytes(value))));
  }

  /** One that has failed or was late is not asked again: a load waits for it once. */
  async #ask<T>(call: (cache: WeightsCache) => Promise<T>): Promise<T | undefined> {
    try {
      return this.#cache === null ? undefined : await withDeadline(call(this.#cache), CACHE_LIMIT_MS, 'The quarantine');
    } catch {
      this.#cache = null;
      return undefined;
    }
  }
}

/** What a page has, without the DOM library. */
interface PageEvents {
  readonly document?: { readonly visibilityState: string };
  addEventListener(type: string, listener: (event: { readonly type: string }) => void): void;
  removeEventListener(type: string, listener: (event: { readonly type: string }) => void): void;
}

function heldSince(sinceMs: number, reason: string, mayBeLast: boolean): Held {
  const until = new Date(sinceMs + LASTS_MS).toISOString().slice(0, 10);
  return { reason: `${reason} It is tried again from ${until}, or after resetQuarantine().`, mayBeLast };
}

/** Forgets what a cache keeps of backends' bad days and of trials they missed, and what this page has seen of them. */
export async function resetQuarantine(given?: WeightsCache): Promise<void> {
  circuitBreaker.reset();
  const cache = await cacheFor(given, () => undefined);
  try {
    const keys = (await cache?.keys()) ?? [];
    const ofBadDays = keys.filter((key) => [QUARANTINE, TRIAL, CHOICE].some((kind) => key.startsWith(kind)));
    await Promise.all(ofBadDays.map((key) => cache?.delete(key)));
  } catch {
    // It cannot be read, so that nothing of it counts.
  }
}

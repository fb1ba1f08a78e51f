/** Shares a value among callers that ask for it by the same key: started once, disposed when its last lease is released. */
import { abortable } from './promise.js';

/** One caller's share of a value. */
export interface Lease<T> {
  readonly value: T;
  /** Safe to call twice. */
  release(): void;
}

interface Entry<T, R> {
  readonly promise: Promise<T>;
  readonly listeners: Set<(report: R) => void>;
  readonly abort: AbortController;
  /** The latest report: a caller that joins later gets it first. */
  last: { readonly report: R } | undefined;
  holders: number;
  /** Set as soon as the start has succeeded. */
  value: T | undefined;
}

/** How one caller joins a shared start. */
export interface Joining<R> {
  readonly signal?: AbortSignal | undefined;
  readonly onReport?: ((report: R) => void) | undefined;
}

/** @template T the shared value @template R a report of a start's progress */
export class Shared<T, R = never> {
  readonly #entries = new Map<string, Entry<T, R>>();
  readonly #end: (value: T) => void;

  /** @param end called once for each value, when its last lease is released */
  constructor(end: (value: T) => void) {
    this.#end = end;
  }

  /**
   * Takes a lease of the value under `key`, and starts it if there is none. A start that fails is forgotten. `signal` ends
   * this caller's wait; the start itself is aborted when no caller waits for it any more.
   */
  async acquire(
    key: string,
    start: (signal: AbortSignal, report: (report: R) => void) => Promise<T>,
    { signal, onReport }: Joining<R> = {},
  ): Promise<Lease<T>> {
    signal?.throwIfAborted();
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const abort = new AbortController();
      const listeners = new Set<(report: R) => void>();
      const report = (news: R) => {
        started.last = { report: news };
        for (const listener of listeners) tell(listener, news);
      };
      // Started in a microtask, so that a start which reports at once finds its first listener.
      const promise = Promise.resolve().then(() => start(abort.signal, report));
      const started: Entry<T, R> = { promise, listeners, abort, last: undefined, holders: 0, value: undefined };
      entry = started;
      this.#entries.set(key, started);
      promise.then(
        (value) => {
          started.value = value;
        },
        () => this.#forget(key, started),
      );
    }
    const joined = entry;
    joined.holders++;
    if (onReport !== undefined) {
      joined.listeners.add(onReport);
      if (joined.last !== undefined) tell(onReport, joined.last.report);
    }
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      if (onReport !== undefined) joined.listeners.delete(onReport);
      joined.holders--;
      if (joined.holders > 0) return;
      this.#forget(key, joined);
      joined.abort.abort(signal?.reason);
      joined.promise.then(this.#end, () => undefined);
    };
    try {
      return { value: await abortable(joined.promise, signal), release };
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  /** Forgets a value that broke: the next caller starts a new one, and leases of the old one stay valid. */
  drop(value: T): void {
    for (const [key, entry] of this.#entries) if (entry.value === value) this.#forget(key, entry);
  }

  #forget(key: string, entry: Entry<T, R>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}

/** Reports an error of a listener as one of an event listener is reported, so that the other listeners are called. */
function tell<R>(listener: (report: R) => void, news: R): void {
  try {
    listener(news);
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

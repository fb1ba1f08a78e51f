/** One of each: what several callers ask for by the same key is started once and ended with its last holder. */
import { abortable } from './promise.js';

/** One caller's hold on a shared value. */
export interface Lease<T> {
  readonly value: T;
  /** Safe to call twice. */
  release(): void;
}

interface Entry<T, R> {
  readonly promise: Promise<T>;
  readonly listeners: Set<(report: R) => void>;
  readonly abort: AbortController;
  /** The last report: whoever joins later begins with it. */
  last: { readonly report: R } | undefined;
  holders: number;
  /** As soon as it is there. */
  value: T | undefined;
}

/** What one caller adds to a shared start. */
export interface Joining<R> {
  readonly signal?: AbortSignal | undefined;
  readonly onReport?: ((report: R) => void) | undefined;
}

/** @template T what is shared @template R what a start reports on its way */
export class Shared<T, R = never> {
  readonly #entries = new Map<string, Entry<T, R>>();
  readonly #end: (value: T) => void;

  /** @param end called once for each value, when its last lease is released. */
  constructor(end: (value: T) => void) {
    this.#end = end;
  }

  /**
   * Joins what is under `key`, or starts it. A start that fails is forgotten. `signal` ends this
   * caller's wait; the start itself is aborted when nobody waits for it any more.
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
      // A start that reports at once must find its first listener: hence the microtask.
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

  /** Lets go of a value that broke: the next caller starts anew, holders keep what they have. */
  drop(value: T): void {
    for (const [key, entry] of this.#entries) if (entry.value === value) this.#forget(key, entry);
  }

  #forget(key: string, entry: Entry<T, R>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}

/** Several callers listen to one start: a listener that throws is reported as an event's would be, and spoils nothing. */
function tell<R>(listener: (report: R) => void, news: R): void {
  try {
    listener(news);
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

import { abortable } from './promise.js';

/** Promises that one signal rejects, by one listener for all of them: a listener for each takes longer than a small model's run. */
export class AbortedTogether {
  readonly #signal: AbortSignal;
  readonly #pending = new Set<(reason: unknown) => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      for (const reject of this.#pending) reject(signal.reason);
    });
  }

  /** Does as {@link abortable}. @param signal the one of all, or another one, which gets a listener of its own */
  abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal !== this.#signal) return abortable(promise, signal);
    return new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      this.#pending.add(reject);
      const settle =
        <V>(end: (value: V) => void) =>
        (value: V): void => {
          this.#pending.delete(reject);
          end(value);
        };
      promise.then(settle(resolve), settle(reject));
    });
  }
}

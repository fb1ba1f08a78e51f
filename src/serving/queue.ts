/** One call at a time, in order: the line in front of an engine, for all models on it. */

import type { Priority } from '../prediction.js';

interface Waiting {
  readonly enter: () => void;
}

export class Queue {
  readonly #lines: Record<Priority, Waiting[]> = { user: [], background: [] };
  #busy = false;

  /** Calls that wait or run. */
  get length(): number {
    return this.#lines.user.length + this.#lines.background.length + (this.#busy ? 1 : 0);
  }

  /**
   * Runs `step` when its turn comes. An abort before that leaves the line at once; an abort while
   * running is the step's own matter.
   */
  async run<T>(step: () => Promise<T>, priority: Priority, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    if (this.#busy) await this.#turn(priority, signal);
    this.#busy = true;
    try {
      // The turn may have come in the same tick as the abort.
      signal?.throwIfAborted();
      return await step();
    } finally {
      const next = this.#lines.user.shift() ?? this.#lines.background.shift();
      if (next === undefined) this.#busy = false;
      else next.enter();
    }
  }

  #turn(priority: Priority, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = this.#lines[priority];
      const onAbort = () => {
        line.splice(line.indexOf(waiting), 1);
        reject(signal?.reason);
      };
      const waiting: Waiting = {
        enter: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      line.push(waiting);
    });
  }
}

/** One call at a time, in order: the line in front of an engine, for all models on it. Of a server, several at a time. */

import type { Priority } from '../api/model.js';

interface Waiting {
  readonly enter: () => void;
}

export class Queue {
  readonly #lines: Record<Priority, Waiting[]> = { user: [], background: [] };
  readonly #most: number;
  #running = 0;

  /** @param most calls that run at once */
  constructor(most = 1) {
    this.#most = most;
  }

  /** Calls that wait or run. */
  get length(): number {
    return this.#lines.user.length + this.#lines.background.length + this.#running;
  }

  /**
   * Runs `step` when its turn comes. An abort before that leaves the line at once; an abort while
   * running is the step's own matter.
   */
  async run<T>(step: () => Promise<T>, priority: Priority, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running < this.#most) this.#running++;
    else await this.#turn(priority, signal);
    try {
      // The turn may have come in the same tick as the abort.
      signal?.throwIfAborted();
      return await step();
    } finally {
      const next = this.#lines.user.shift() ?? this.#lines.background.shift();
      if (next === undefined) this.#running--;
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

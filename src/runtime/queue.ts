/** The queue in front of an engine, for all models on it. An engine runs one call at a time; a server may run several. */

import type { Priority } from '../api/model.js';

interface Queued {
  readonly enter: () => void;
}

export class Queue {
  readonly #queued: Record<Priority, Queued[]> = { user: [], background: [] };
  readonly #maxRunning: number;
  #running = 0;

  /** @param maxRunning how many calls run at once */
  constructor(maxRunning = 1) {
    this.#maxRunning = maxRunning;
  }

  /** The number of calls that wait or run. */
  get length(): number {
    return this.#queued.user.length + this.#queued.background.length + this.#running;
  }

  /**
   * Runs `step` after the calls before it. An abort takes it out of the queue at once; a step that already runs
   * listens to its signal itself.
   */
  async run<T>(step: () => Promise<T>, priority: Priority, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running < this.#maxRunning) this.#running++;
    else await this.#enter(priority, signal);
    try {
      // The abort may have come in the same tick as the end of the call before.
      signal?.throwIfAborted();
      return await step();
    } finally {
      const next = this.#queued.user.shift() ?? this.#queued.background.shift();
      if (next === undefined) this.#running--;
      else next.enter();
    }
  }

  #enter(priority: Priority, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const queued = this.#queued[priority];
      const onAbort = () => {
        queued.splice(queued.indexOf(entry), 1);
        reject(signal?.reason);
      };
      const entry: Queued = {
        enter: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queued.push(entry);
    });
  }
}

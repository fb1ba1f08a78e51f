/** Gives targets that the circuit breaker left alone another chance as soon as it allows one. */

import type { Target } from '../api/candidate.js';
import { pause } from '../base/idle.js';
import type { Opened, ServedModel } from '../runtime/served-model.js';
import type { OpenContext } from './attempt.js';
import { challenge } from './challenge.js';
import { circuitBreaker } from './circuit-breaker.js';
import { tooLargeTwice } from './precheck.js';

export class BackendRetries {
  readonly #served: ServedModel;
  readonly #context: OpenContext;
  readonly #awaited = new Set<string>();

  constructor(served: ServedModel, context: OpenContext) {
    this.#served = served;
    this.#context = context;
  }

  /** Has the refused targets tried again that the circuit breaker allows later. Returns at once. */
  watch({ instance, selection }: Pick<Opened, 'instance' | 'selection'>): void {
    const { manifest, resolved } = this.#context;
    // A returning target is opened beside the current one, in a worker; the fallback takes neither memory nor a thread.
    const hasRoom = instance.handle.thread === 'worker' && tooLargeTwice(manifest, resolved) === undefined;
    if (instance.backend !== 'fallback' && !hasRoom) return;
    for (const { state, engine, backend } of selection) {
      if (state !== 'refused' || engine === 'app' || backend === 'fallback') continue;
      const afterMs = circuitBreaker.retryAfterMs(backend);
      if (afterMs === undefined || this.#awaited.has(backend)) continue;
      this.#awaited.add(backend);
      void this.#bringBack({ engine, backend }, afterMs);
    }
  }

  async #bringBack(target: Target, afterMs: number): Promise<void> {
    const { disposing } = this.#served;
    try {
      await pause(afterMs, disposing.signal);
      await challenge(target, this.#served, this.#context);
    } catch {
      // The selection says how far it came.
    }
    this.#awaited.delete(target.backend);
    if (!disposing.signal.aborted) this.watch({ instance: this.#served.current, selection: this.#served.selection });
  }
}

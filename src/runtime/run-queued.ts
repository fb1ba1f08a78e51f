/** One call in its turn, at whichever place the model then is; once more at the next, where that place is lost under it. */

import type { Priority } from '../api/model.js';
import type { ServingBackend } from '../base/backend-name.js';
import type { ErrorCode, PannierError } from '../base/errors.js';
import { abortable } from '../base/promise.js';
import { now } from '../base/timing.js';
import type { Call, RunResult } from '../engines/engine.js';
import type { Instance, ServedModel } from './served-model.js';

/** What a call answered, where, and when its turn had come. */
export interface QueuedRun {
  readonly result: RunResult;
  readonly backend: ServingBackend;
  readonly dequeuedAtMs: number;
}

/** What a call dies of that may not be its own fault. After a deadline or out of memory, the next place would meet the same limit. */
const LOSSES: ReadonlySet<ErrorCode> = new Set(['device-lost', 'worker-crashed', 'worker-unresponsive', 'backend-rejected']);

/**
 * Runs a call when its turn comes. Settles when nothing reads its feeds any more: after an abort, not before a run
 * that has begun has ended.
 * @throws {PannierError} what the run failed with: a loss only where the call was lost twice; what opening the model anew failed with
 */
export async function runQueued(opened: ServedModel, call: Call, priority: Priority, signal: AbortSignal): Promise<QueuedRun> {
  signal.throwIfAborted();
  let isReplay = false;
  for (let placing = opened.instance(); ; ) {
    const place = 'then' in placing ? await abortable(placing, signal) : placing;
    const step = async (): Promise<QueuedRun | { readonly next: Instance | Promise<Instance> }> => {
      const enteredMs = now();
      try {
        // The model may have left while this call waited there, or while it ran: then its answer comes too late.
        if (!opened.isCurrent(place)) return { next: opened.instance() };
        const result = await place.session.run(call);
        // What the app's own function answers is right wherever the model is by now.
        return place.backend === 'fallback' || opened.isCurrent(place)
          ? { result, backend: place.backend, dequeuedAtMs: enteredMs }
          : { next: opened.instance() };
      } catch (thrown) {
        if (isReplay || !place.session.lost || !LOSSES.has((thrown as PannierError).code)) throw thrown;
        isReplay = true;
        // Asked for within its turn: those who wait behind it stay behind it.
        return { next: opened.instance() };
      }
    };
    const turn = await place.handle.queue.run(step, priority, signal);
    if ('result' in turn) return turn;
    placing = turn.next;
  }
}

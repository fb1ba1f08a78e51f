/** One call in the queue of the model's instance, run once more on the next instance if that one is lost under it. */

import type { Priority } from '../api/model.js';
import type { ServingBackend } from '../base/backend-name.js';
import type { ErrorCode, PannierError } from '../base/errors.js';
import { abortable } from '../base/promise.js';
import { now } from '../base/timing.js';
import type { Call, RunResult } from '../engines/engine.js';
import type { AppRequest, Instance, ServedModel } from './served-model.js';

/** The answer to a call, the backend that gave it, and the time at which the call itself began to run. */
export interface QueuedRun {
  readonly result: RunResult;
  readonly backend: ServingBackend;
  /** On the clock of this thread. */
  readonly dequeuedAtMs: number;
}

/** Errors after which a call runs once more. A timeout and a lack of memory are not among them: the next instance would meet the same limit. */
const LOSSES: ReadonlySet<ErrorCode> = new Set(['device-lost', 'worker-crashed', 'worker-unresponsive', 'backend-rejected']);

/**
 * Runs a call when the queue comes to it. Settles when nothing reads its feeds any more: after an abort, a run that has
 * begun ends first.
 * @param request for the app's fallback; its signal also takes the call out of the queue
 * @throws {PannierError} the failure of the run, a loss only if two instances were lost under the call; the failure of a reopening
 */
export async function runQueued(served: ServedModel, call: Call, request: AppRequest, priority: Priority): Promise<QueuedRun> {
  const { signal } = request;
  signal.throwIfAborted();
  let isReplay = false;
  for (let next = served.instance(); ; ) {
    const instance = 'then' in next ? await abortable(next, signal) : next;
    const step = async (): Promise<QueuedRun | { readonly next: Instance | Promise<Instance> }> => {
      try {
        if (served.isCurrent(instance)) await instance.testBatch?.(call.feeds);
        signal.throwIfAborted();
        // The model may have moved while the call was in the queue, or moves while it runs: then its answer comes too late.
        if (!served.isCurrent(instance)) return { next: served.instance() };
        const dequeuedAtMs = now();
        const result = await instance.run(call, request);
        // An answer of the app's own function is right on whichever target the model is by then.
        return instance.backend === 'fallback' || served.isCurrent(instance)
          ? { result, backend: instance.backend, dequeuedAtMs }
          : { next: served.instance() };
      } catch (thrown) {
        if (isReplay || !instance.session?.lost || !LOSSES.has((thrown as PannierError).code)) throw thrown;
        isReplay = true;
        // The next instance is asked for before the queue goes on, so that this call stays ahead of those behind it.
        return { next: served.instance() };
      }
    };
    const outcome = await instance.handle.queue.run(step, priority, signal);
    if ('result' in outcome) return outcome;
    next = outcome.next;
  }
}

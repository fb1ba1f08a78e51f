/** One call in its turn, at whichever place the model then is; once more at the next, where that place is lost under it. */
import type { PlaceName } from '../base/backend-name.js';
import type { Call, RunResult } from '../engines/engine.js';
import type { ErrorCode, PannierError } from '../base/errors.js';
import type { Priority } from '../api/model.js';
import { abortable } from '../base/promise.js';
import { now } from '../base/timing.js';
import type { OpenedModel, Place } from './served-model.js';

/** What a call answered, where, and when its turn had come. */
export interface Turn {
  readonly result: RunResult;
  readonly backend: PlaceName;
  readonly enteredMs: number;
}

/** What a call dies of that may not be its own fault. After a deadline or out of memory, the next place would meet the same limit. */
const LOSSES: ReadonlySet<ErrorCode> = new Set(['device-lost', 'worker-crashed', 'worker-unresponsive', 'backend-rejected']);

/**
 * Runs a call when its turn comes. Settles when nothing reads its feeds any more: after an abort, not before a run
 * that has begun has ended.
 * @throws {PannierError} what the run failed with: a loss only where the call was lost twice; what opening the model anew failed with
 */
export async function runInTurn(opened: OpenedModel, call: Call, priority: Priority, signal: AbortSignal): Promise<Turn> {
  signal.throwIfAborted();
  let isReplay = false;
  for (let placing = opened.place(); ; ) {
    const place = 'then' in placing ? await abortable(placing, signal) : placing;
    const step = async (): Promise<Turn | { readonly next: Place | Promise<Place> }> => {
      const enteredMs = now();
      try {
        // The model may have left while this call waited there, or while it ran: then its answer comes too late.
        if (!opened.isAt(place)) return { next: opened.place() };
        const result = await place.session.run(call);
        // What the app's own function answers is right wherever the model is by now.
        return place.backend === 'fallback' || opened.isAt(place)
          ? { result, backend: place.backend, enteredMs }
          : { next: opened.place() };
      } catch (thrown) {
        if (isReplay || !place.session.lost || !LOSSES.has((thrown as PannierError).code)) throw thrown;
        isReplay = true;
        // Asked for within its turn: those who wait behind it stay behind it.
        return { next: opened.place() };
      }
    };
    const turn = await place.pooled.queue.run(step, priority, signal);
    if ('result' in turn) return turn;
    placing = turn.next;
  }
}

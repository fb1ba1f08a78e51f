/** One call in its turn, at whichever place the model then is. */
import type { BackendName } from '../backend-name.js';
import type { Call, RunResult } from '../engine/engine.js';
import type { Priority } from '../prediction.js';
import { abortable } from '../promise.js';
import { now } from '../timing.js';
import type { OpenedModel } from './opened.js';

/** What a call answered, where, and when its turn had come. */
export interface Turn {
  readonly result: RunResult;
  readonly backend: BackendName;
  readonly enteredMs: number;
}

/** Runs a call when its turn comes. Settles when nothing reads its feeds any more: after an abort, not before a run that has begun has ended. */
export async function runInTurn(opened: OpenedModel, call: Call, priority: Priority, signal: AbortSignal): Promise<Turn> {
  for (;;) {
    signal.throwIfAborted();
    const placing = opened.place();
    const place = 'then' in placing ? await abortable(placing, signal) : placing;
    const step = async (): Promise<Turn | undefined> => {
      const enteredMs = now();
      // The model may have left while this call waited there: then it waits again, at the new place.
      if (!opened.isAt(place)) return undefined;
      return { result: await place.session.run(call), backend: place.backend, enteredMs };
    };
    const turn = await place.pooled.queue.run(step, priority, signal);
    if (turn !== undefined) return turn;
  }
}

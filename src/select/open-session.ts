/** Opens a model while its bytes come. The deadline counts the engine's time alone: the network has limits of its own. */

import { PannierError } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import { now } from '../base/timing.js';
import type { Engine, EngineModel, Session } from '../engines/engine.js';

/** @throws {PannierError} `timeout` if the engine takes longer than `limitMs`; otherwise what the engine or the weights fail with */
export async function openSession(
  engine: Engine,
  model: EngineModel,
  limitMs: number,
): Promise<{ readonly session: Session; readonly openMs: number }> {
  const clock = new EngineClock(limitMs, `open of ${engine.backend}`);
  const weights = pauseClockBetweenShards(clock, model.weights);
  clock.start();
  const opening = engine.open({ ...model, weights });
  try {
    return { session: await Promise.race([opening, clock.overdue]), openMs: clock.stop() };
  } catch (thrown) {
    // A session that comes too late is disposed when it comes.
    void opening.then((late) => late.dispose()).catch(() => undefined);
    throw thrown;
  } finally {
    clock.stop();
    // A hanging engine would keep the weights that it has not asked for.
    void weights.return(undefined);
  }
}

/** Stops the clock while the engine waits for the next shard. */
async function* pauseClockBetweenShards(clock: EngineClock, weights: EngineModel['weights']): AsyncGenerator<ArrayBuffer, undefined> {
  clock.stop();
  for await (const shard of weights) {
    clock.start();
    yield shard;
    clock.stop();
  }
  clock.start();
}

/** Counts the time that an engine takes, in spans. */
class EngineClock {
  /** Rejects with `timeout` when the time is over. */
  readonly overdue: Promise<never>;
  readonly #limitMs: number;
  readonly #stage: string;
  #fail!: (error: PannierError) => void;
  #spentMs = 0;
  #sinceMs = 0;
  #end: (() => void) | undefined;

  constructor(limitMs: number, stage: string) {
    this.#limitMs = limitMs;
    this.#stage = stage;
    this.overdue = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.overdue.catch(() => undefined);
  }

  start(): void {
    const span = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    this.#sinceMs = now();
    const limitMs = this.#limitMs;
    withDeadline(span, limitMs - this.#spentMs, this.#stage).catch(() =>
      this.#fail(new PannierError('timeout', `${this.#stage} took longer than ${limitMs} ms.`, { limitMs })),
    );
  }

  /** Safe to call twice. @returns what the engine took so far, in milliseconds */
  stop(): number {
    if (this.#end !== undefined) this.#spentMs += now() - this.#sinceMs;
    this.#end?.();
    this.#end = undefined;
    return this.#spentMs;
  }
}

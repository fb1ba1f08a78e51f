/** An instance as one side of a race: it runs the golden sample when nothing else runs, and has to be right every time. */

import { PannierError } from '../base/errors.js';
import { whenIdle } from '../base/idle.js';
import type { RunResult } from '../engines/engine.js';
import type { Queue } from '../runtime/queue.js';
import type { Instance } from '../runtime/served-model.js';
import { type Contestant, timedContestant } from './race.js';

/**
 * @param incumbent runs the model now, and rests while others are timed; may be `instance` itself
 * @returns a contestant whose samples fail with `backend-rejected` if the instance answers wrongly: being right once is not enough
 */
export function instanceContestant(instance: Instance, incumbent: Instance, signal: AbortSignal): Contestant {
  const { session, goldenTest, backend } = instance;
  if (goldenTest === undefined || session === undefined) throw new Error(`There is no golden sample for ${backend}.`);
  const queues = [...new Set([incumbent.handle.queue, instance.handle.queue])];
  let answer: RunResult | undefined;
  const run = async () => {
    answer = await goldenTest.run(session);
  };
  return timedContestant(run, async (step) => {
    const result = await runInAll(queues, step, signal);
    const { agrees, reason } = answer === undefined ? { agrees: true, reason: '' } : goldenTest.compare(answer);
    if (!agrees) throw new PannierError('backend-rejected', `it was right at first, and wrong in the race: ${reason}`);
    return result;
  });
}

/**
 * Runs a step in a turn of every queue at once, when the page is idle. It takes the turn of one queue only if the others
 * are empty: while it waited for another, the calls of one model would wait for those of another model.
 */
async function runInAll<T>(queues: readonly Queue[], step: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    await whenIdle(signal);
    for (const queue of queues) {
      const others = queues.filter((other) => other !== queue);
      const enter = async () => {
        if (others.some(({ length }) => length > 0)) return undefined;
        const inner = others.reduce((within, other) => () => other.run(within, 'background', signal), step);
        return { result: await inner() };
      };
      const entered = await queue.run(enter, 'background', signal);
      if (entered !== undefined) return entered.result;
    }
  }
}

/** A place as one side of a race: the golden sample, in moments in which nothing else runs, and right every time. */

import { PannierError } from '../base/errors.js';
import { whenIdle } from '../base/idle.js';
import type { RunResult } from '../engines/engine.js';
import type { Queue } from '../runtime/queue.js';
import type { Instance } from '../runtime/served-model.js';
import { type Contestant, contestantOf } from './race.js';

/**
 * @param incumbent where the model runs now: it rests while others are timed. May be `place` itself.
 * @returns one whose samples fail with `backend-rejected` where the place answers wrongly: being right once is not enough
 */
export function contestantAt(place: Instance, incumbent: Instance, signal: AbortSignal): Contestant {
  const { session, goldenTest: agreement, backend } = place;
  if (agreement === undefined) throw new Error(`There is no golden sample for ${backend}.`);
  const queues = [...new Set([incumbent.handle.queue, place.handle.queue])];
  let answer: RunResult | undefined;
  const run = async () => {
    answer = await agreement.run(session);
  };
  return contestantOf(run, async (step) => {
    const result = await turnAtAll(queues, step, signal);
    const { agrees, reason } = answer === undefined ? { agrees: true, reason: '' } : agreement.compare(answer);
    if (!agrees) throw new PannierError('backend-rejected', `it was right at first, and wrong in the race: ${reason}`);
    return result;
  });
}

/**
 * Runs a step when the page has time and no line has anybody in it. Never waits in one line with its turn in
 * another: the calls of a model would wait for those of another model that stands there.
 */
async function turnAtAll<T>(queues: readonly Queue[], step: () => Promise<T>, signal: AbortSignal): Promise<T> {
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

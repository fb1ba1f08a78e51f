/** Tries another target for a model that is served: opened beside the current instance, it takes over if it is faster, or if it comes first. */

import { type Candidate, isSameTarget, type Measured, type Target } from '../api/candidate.js';
import { clockTickMs } from '../base/clock-tick.js';
import { messageOf, PannierError } from '../base/errors.js';
import { whenIdle } from '../base/idle.js';
import { now } from '../base/timing.js';
import { rowOf } from '../engines/registry.js';
import { Queue } from '../runtime/queue.js';
import type { Instance, ServedModel } from '../runtime/served-model.js';
import { attempt, type OpenContext } from './attempt.js';
import { instanceContestant } from './contestant.js';
import { race } from './race.js';

/** One challenge at a time on a page: two would measure each other. */
const challenges = new Queue();

/**
 * Tries `target` in idle time, and has the model move there between two calls if the target deserves it. What came out
 * stands in the selection of `served`.
 * @throws the reason of an abort if the model is disposed meanwhile; what the current instance's runs fail with
 */
export async function challenge(target: Target, served: ServedModel, context: OpenContext): Promise<void> {
  const { signal } = served.disposing;
  await whenIdle(signal);
  // No predict is in flight.
  await served.current.handle.queue.run(async () => undefined, 'background', signal);
  await challenges.run(() => challengeNow(target, served, context), 'background', signal);
}

async function challengeNow(target: Target, served: ServedModel, context: OpenContext): Promise<void> {
  const { autotune: races, backends } = context.resolved;
  const incumbent = served.current;
  const isStopgap = incumbent.backend === 'fallback';
  if (isSameTarget(target, incumbent)) return;
  if (!isStopgap && (races ? !rowOf(target).isRaced : backends.indexOf(target.backend) > backends.indexOf(incumbent.backend))) return;
  const tried = await attempt(target, context, { role: 'challenger', wantedSinceMs: now(), signal: served.disposing.signal });
  if ('refused' in tried) return learnOf({ ...target, state: 'refused', reason: tried.refused, ...tried.measured }, served);
  const { accepted: challenger, measured } = tried;
  const move = (reason: string) => moveTo(challenger, measured, reason, served, races);
  try {
    if (served.current.backend === 'fallback') await move(`${target.backend} can run the model again`);
    else if (races) await raceWith(challenger, measured, served, context);
    else await move(`${target.backend} comes before ${incumbent.backend}`);
  } finally {
    if (served.current !== challenger) challenger.dispose();
  }
}

async function raceWith(challenger: Instance, measured: Measured, served: ServedModel, context: OpenContext): Promise<void> {
  const { engine, backend } = challenger;
  const { signal } = served.disposing;
  const incumbent = served.current;
  const sides = [instanceContestant(incumbent, incumbent, signal), instanceContestant(challenger, incumbent, signal)] as const;
  const result = await race(...sides, signal, clockTickMs()).catch((thrown) => {
    // Only the incumbent's samples reject: a failure of the challenger is in the result.
    if (thrown instanceof PannierError && thrown.code === 'backend-rejected') context.retire(incumbent, messageOf(thrown));
    throw thrown;
  });
  const { verdict, reason, incumbentP50Ms, challengerP50Ms } = result;
  served.learn({ ...served.candidate(incumbent), p50Ms: incumbentP50Ms });
  const timed = { ...measured, ...(challengerP50Ms !== undefined && { p50Ms: challengerP50Ms }) };
  if (verdict === 'faster') await moveTo(challenger, timed, `${backend} is faster: ${reason}`, served, true);
  else learnOf({ engine, backend, ...timed, state: verdict, reason }, served);
}

/** Learns how a challenger lost, unless the model was opened on that very target meanwhile. */
function learnOf(challenger: Candidate, served: ServedModel): void {
  if (!isSameTarget(challenger, served.current)) served.learn(challenger);
}

/** Moves the model between two calls: at the lowest priority a turn comes when no call waits. */
async function moveTo(next: Instance, measured: Partial<Candidate>, reason: string, served: ServedModel, races: boolean): Promise<void> {
  const { engine, backend } = next;
  const before = served.current;
  const move = async () => {
    if (!served.isCurrent(before)) return;
    // Only a race says which one is slower.
    const state = races && before.backend !== 'fallback' ? 'slower' : 'untried';
    served.learn({ ...served.candidate(before), state, reason });
    served.learn({ engine, backend, ...measured, state: 'chosen' });
    served.moveTo(next, reason);
  };
  await before.handle.queue.run(move, 'background', served.disposing.signal);
}

/** Finds the first target that is ready and right. Which one is faster is found out later; nobody waits for that. */
import type { Candidate, Target } from '../api/candidate.js';
import type { Instance } from '../runtime/served-model.js';
import type { Attempt } from './attempt.js';

/**
 * Tries targets in order until one is accepted. A target that keeps everybody waiting is overtaken: from then on two are
 * tried at once, and the first that is right serves, as IP addresses are tried in "Happy Eyeballs" (RFC 8305).
 * @param attempt rejects only for what no other target could mend
 * @param patience resolves when the first target has had its time; never, for an order that is to be kept
 * @returns the instance of the target that was accepted, if any was, and what became of each
 */
export async function firstRight(
  targets: readonly Target[],
  attempt: (target: Target, signal: AbortSignal) => Promise<Attempt>,
  patience: Promise<unknown>,
  signal: AbortSignal,
): Promise<{ readonly instance: Instance | undefined; readonly selection: readonly Candidate[] }> {
  const outcomes = new Map<Target, Candidate>();
  const tooLate = new AbortController();
  const waiting = [...targets];
  const lane = async (): Promise<Instance | undefined> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const tried = await attempt(target, AbortSignal.any([signal, tooLate.signal]));
      if (!('accepted' in tried)) {
        outcomes.set(target, { ...target, state: 'refused', reason: tried.refused, ...tried.measured });
        continue;
      }
      if (tooLate.signal.aborted) tried.accepted.dispose();
      else {
        tooLate.abort();
        waiting.length = 0;
        outcomes.set(target, { ...target, state: 'chosen', ...tried.measured });
        return tried.accepted;
      }
    }
    return undefined;
  };
  const first = lane();
  const second = Promise.race([patience, first]).then(lane);
  const instance = await new Promise<Instance | undefined>((resolve, reject) => {
    for (const each of [first, second]) each.then((found) => found && resolve(found)).catch(() => undefined);
    // Reject only after both lanes have ended: the other lane may still find a target.
    const both = Promise.allSettled([first, second]).then(() => Promise.all([first, second]));
    both.then(() => resolve(undefined), reject);
  });
  return { instance, selection: targets.map((target) => outcomes.get(target) ?? { ...target, state: 'untried' }) };
}

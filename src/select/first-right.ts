/** The first pair that is ready and right. What is faster is found out later; nobody waits for that. */
import type { Candidate, Target } from '../api/candidate.js';
import type { Instance } from '../runtime/served-model.js';
import type { Attempt } from './attempt.js';

/**
 * Tries pairs in order until one is accepted. One that keeps everybody waiting is overtaken: from then on
 * two are tried at once, and the first that is right serves, as IP addresses are in "Happy Eyeballs" (RFC 8305).
 * @param attempt rejects only for what no other pair could mend
 * @param patience resolves when the first pair has had its time; never, for an order that is to be kept
 * @returns the instance of the one that was accepted, if any was, and what became of each
 */
export async function firstRight(
  pairs: readonly Target[],
  attempt: (pair: Target, signal: AbortSignal) => Promise<Attempt>,
  patience: Promise<unknown>,
  signal: AbortSignal,
): Promise<{ readonly instance: Instance | undefined; readonly selection: readonly Candidate[] }> {
  const outcomes = new Map<Target, Candidate>();
  const tooLate = new AbortController();
  const waiting = [...pairs];
  const lane = async (): Promise<Instance | undefined> => {
    for (let pair = waiting.shift(); pair !== undefined; pair = waiting.shift()) {
      const tried = await attempt(pair, AbortSignal.any([signal, tooLate.signal]));
      if (!('accepted' in tried)) {
        outcomes.set(pair, { ...pair, state: 'refused', reason: tried.refused, ...tried.measured });
        continue;
      }
      if (tooLate.signal.aborted) tried.accepted.dispose();
      else {
        tooLate.abort();
        waiting.length = 0;
        outcomes.set(pair, { ...pair, state: 'chosen', ...tried.measured });
        return tried.accepted;
      }
    }
    return undefined;
  };
  const first = lane();
  const second = Promise.race([patience, first]).then(lane);
  const instance = await new Promise<Instance | undefined>((resolve, reject) => {
    for (const each of [first, second]) each.then((found) => found && resolve(found)).catch(() => undefined);
    // What one of them rejected with counts when the other has ended, too: it may have what the first one lacks.
    const both = Promise.allSettled([first, second]).then(() => Promise.all([first, second]));
    both.then(() => resolve(undefined), reject);
  });
  return { instance, selection: pairs.map((pair) => outcomes.get(pair) ?? { ...pair, state: 'untried' }) };
}

/** Whether a challenger is faster than what serves now: timed in turns, and ended as soon as that is plain. Knows no backend by name. */
import { messageOf } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import { now } from '../base/timing.js';
import { medianOf } from '../predict/stats.js';

/** One side of a race: a model that is open and warm on some backend. */
export interface Contestant {
  /**
   * Runs the model `calls` times in a row, each time from the upload of inputs to outputs that can be read.
   * @returns milliseconds for all of them, without any wait for a turn; Infinity where `limitMs` was over before they were done
   * @throws whatever keeps the model from running there
   */
  sample(calls: number, limitMs: number): Promise<number>;
}

/** How a challenger did. */
export interface RaceResult {
  /** `slower`: not clearly faster. `refused`: it did not run. */
  readonly verdict: 'faster' | 'slower' | 'refused';
  /** One sentence for `selection`. */
  readonly reason: string;
  /** Of one call. */
  readonly incumbentP50Ms: number;
  /** Of one call; undefined where not a single one was waited for. */
  readonly challengerP50Ms: number | undefined;
  /** Pairs of samples that were compared. */
  readonly pairs: number;
}

/** What a change must bring: less is not worth the memory of two backends, and soon is noise. */
const MIN_GAIN = 1.15;
/** A challenger this many times slower is not waited for. */
const HOPELESS = 4;
/** No call is given up earlier: the hiccup of a busy machine would decide over a tiny model. */
const MIN_LIMIT_MS = 50;
/** Runs of each side that count for nothing but the size of a sample. */
const DISCARDED = 2;
/** Of the faster side. */
const MIN_SAMPLE_MS = 5;
/** So many ticks of the clock make a sample, which is then off by 2 % at each end. */
const SAMPLE_TICKS = 50;
/** Fewer ticks tell nothing of how long a call is. */
const MIN_TICKS = 5;
/** A call this short is taken for longer, so that a sample's calls have a bound. */
const MIN_CALL_MS = 0.05;
const MAX_PAIRS = 9;
/** So many pairs decide where all say the same; else they are a round, of which one pair may be spoilt by a hiccup. */
const ROUND = 4;
/** Fewer than a round decide where all say the same and are so much work: A B B A, in which each side is first once. */
const MIN_PAIRS = 2;
const MAX_WORK_MS = 300;

/**
 * Races the two, sample by sample; the incumbent stays where nothing else is proven.
 * @param signal ends the race between two samples
 * @param tickMs of the clock by which they are timed
 * @throws what the incumbent's samples throw: then there is nothing to compare with; `signal.reason`
 */
export async function race(incumbent: Contestant, challenger: Contestant, signal?: AbortSignal, tickMs = 0): Promise<RaceResult> {
  const times = { incumbent: [] as number[], challenger: [] as number[] };
  let pairs = 0;
  let workMs = 0;
  let ended: Pick<RaceResult, 'verdict' | 'reason'> | undefined;

  const timeIncumbent = async (calls: number): Promise<number> => {
    signal?.throwIfAborted();
    const sampleMs = await incumbent.sample(calls, Number.POSITIVE_INFINITY);
    times.incumbent.push(sampleMs / calls);
    return sampleMs;
  };
  const timeChallenger = async (calls: number): Promise<number> => {
    signal?.throwIfAborted();
    const limitMs = Math.max(MIN_LIMIT_MS, HOPELESS * calls * medianOf(times.incumbent));
    let sampleMs = Number.POSITIVE_INFINITY;
    try {
      sampleMs = await challenger.sample(calls, limitMs);
    } catch (thrown) {
      signal?.throwIfAborted();
      ended = { verdict: 'refused', reason: messageOf(thrown) };
      return sampleMs;
    }
    if (sampleMs > limitMs) ended = { verdict: 'slower', reason: tooSlow(calls, limitMs, medianOf(times.incumbent)) };
    if (sampleMs < Number.POSITIVE_INFINITY) times.challenger.push(sampleMs / calls);
    return sampleMs;
  };
  const result = (outcome: Pick<RaceResult, 'verdict' | 'reason'>): RaceResult => ({
    ...outcome,
    incumbentP50Ms: medianOf(times.incumbent),
    challengerP50Ms: times.challenger.length === 0 ? undefined : medianOf(times.challenger),
    pairs,
  });

  const forget = () => {
    times.incumbent.length = 0;
    times.challenger.length = 0;
  };

  for (let run = 0; run < DISCARDED; run++) await timeIncumbent(1);
  for (let run = 0; run < DISCARDED && ended === undefined; run++) await timeChallenger(1);
  if (ended !== undefined) return result(ended);
  const sampleMs = Math.max(MIN_SAMPLE_MS, SAMPLE_TICKS * tickMs);
  // The shorter of two: a hiccup only lengthens.
  let callMs = [Math.min(...times.incumbent), Math.min(...times.challenger)] as const;
  if (Math.min(...callMs) < MIN_TICKS * tickMs) {
    // Single calls that the clock cannot tell apart are timed again, so many in a row that it can.
    const some = Math.min(callsOfSample(sampleMs, ...callMs), Math.ceil((MIN_TICKS * tickMs) / MIN_CALL_MS));
    forget();
    callMs = [(await timeIncumbent(some)) / some, (await timeChallenger(some)) / some];
    if (ended !== undefined) return result(ended);
  }
  const calls = callsOfSample(sampleMs, ...callMs);
  forget();

  let misses = 0;
  while (!isDecided(pairs, misses, workMs)) {
    const incumbentFirst = pairs % 2 === 0;
    const before = incumbentFirst ? await timeIncumbent(calls) : 0;
    const challengerMs = await timeChallenger(calls);
    if (ended !== undefined) return result(ended);
    const incumbentMs = incumbentFirst ? before : await timeIncumbent(calls);
    pairs++;
    workMs += incumbentMs + challengerMs;
    // Written so that 0 / 0, a clock that did not tick, is a miss.
    if (!(incumbentMs / challengerMs >= MIN_GAIN)) misses++;
  }
  const both = `${shortMs(medianOf(times.challenger))} a call, ${shortMs(medianOf(times.incumbent))} where the model ran before`;
  if (misses <= missesAllowed(pairs)) return result({ verdict: 'faster', reason: both });
  return result({ verdict: 'slower', reason: `${both}; a change needs ${MIN_GAIN} times the speed` });
}

const missesAllowed = (pairs: number): number => Math.floor(pairs / ROUND);

function isDecided(pairs: number, misses: number, workMs: number): boolean {
  if (misses > missesAllowed(MAX_PAIRS) || pairs === MAX_PAIRS) return true;
  const agree = misses === 0 || misses === pairs;
  if (workMs >= MAX_WORK_MS) return pairs >= MIN_PAIRS && (agree || pairs % ROUND === 0);
  return agree && pairs >= ROUND;
}

/** How many calls make a sample long enough to be timed: for the faster side, but the slower one's samples stay a few milliseconds. */
function callsOfSample(sampleMs: number, incumbentMs: number, challengerMs: number): number {
  const callMs = Math.max(Math.min(incumbentMs, challengerMs), incumbentMs / HOPELESS, MIN_CALL_MS);
  return Math.max(1, Math.ceil(sampleMs / callMs));
}

function tooSlow(calls: number, limitMs: number, incumbentMs: number): string {
  const what = calls === 1 ? 'one call' : `${calls} calls`;
  return `${what} took longer than ${shortMs(limitMs)}; where the model runs now, one takes ${shortMs(incumbentMs)}`;
}

/** Three digits are all that a race can tell. */
const shortMs = (ms: number): string => `${Number(ms.toPrecision(3))} ms`;

/**
 * A contestant that runs calls of its own.
 * @param run one call
 * @param inTurn gives a sample a moment in which nothing else runs on either side; not timed. What is given up there still runs.
 */
export function contestantOf(run: () => Promise<unknown>, inTurn: <T>(step: () => Promise<T>) => Promise<T>): Contestant {
  const timed = async (calls: number, limitMs: number): Promise<number> => {
    let givenUp = false;
    const work = async () => {
      const beginMs = now();
      for (let call = 0; call < calls && !givenUp; call++) await run();
      return now() - beginMs;
    };
    try {
      return await withDeadline(work(), limitMs, 'A sample', () => {
        givenUp = true;
      });
    } catch (thrown) {
      if (givenUp) return Number.POSITIVE_INFINITY;
      throw thrown;
    }
  };
  return { sample: (calls, limitMs) => inTurn(() => timed(calls, limitMs)) };
}

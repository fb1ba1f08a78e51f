/** Finds whether a challenger is faster than the incumbent: both are timed in turns until that is plain. Knows no backend by name. */
import { messageOf } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import { now } from '../base/timing.js';
import { medianOf } from '../predict/stats.js';

/** One side of a race: a model that is open and warm on some backend. */
export interface Contestant {
  /**
   * Runs the model `calls` times in a row, each time from the upload of inputs to outputs that can be read.
   * @returns milliseconds for all of them, without any wait for a turn; Infinity if `limitMs` was over before they were done
   * @throws what keeps the model from running there
   */
  sample(calls: number, limitMs: number): Promise<number>;
}

/** The outcome of a race. */
export interface RaceResult {
  /** `slower`: not clearly faster. `refused`: it did not run. */
  readonly verdict: 'faster' | 'slower' | 'refused';
  /** One sentence for `selection`. */
  readonly reason: string;
  /** Median of one call. */
  readonly incumbentP50Ms: number;
  /** Median of one call; undefined if not a single one was waited for. */
  readonly challengerP50Ms: number | undefined;
  /** Pairs of samples that were compared. */
  readonly pairs: number;
}

/** A smaller gain is not worth the memory of two backends, and soon is noise. */
const MIN_GAIN = 1.15;
/** A challenger that is so many times slower is not waited for. */
const HOPELESS = 4;
/** No call is given up earlier: the hiccup of a busy machine would decide over a tiny model. */
const MIN_LIMIT_MS = 50;
/** The first runs of each side, which count only for the size of a sample. */
const DISCARDED = 2;
/** The shortest sample of the faster side. */
const MIN_SAMPLE_MS = 5;
/** Ticks of the clock in one sample, which is then off by 2 % at each end. */
const SAMPLE_TICKS = 50;
/** Fewer ticks do not tell how long a call is. */
const MIN_TICKS = 5;
/** A shorter call counts as this long, so that a sample's calls have a bound. */
const MIN_CALL_MS = 0.05;
const MAX_PAIRS = 9;
/** Pairs that decide if all of them agree; otherwise they make a round, in which a hiccup may spoil one pair. */
const ROUND = 4;
/** Pairs that are enough if they agree and took `MAX_WORK_MS` in all. They run as A B, B A, so that each side starts once. */
const MIN_PAIRS = 2;
/** After so much work of both sides no more pairs are run, if those so far agree or make whole rounds. */
const MAX_WORK_MS = 300;

/**
 * Races the two, sample by sample; the incumbent stays if nothing else is proven.
 * @param signal ends the race between two samples
 * @param tickMs the resolution of the clock by which they are timed
 * @throws what the incumbent's samples throw, since there is then nothing to compare with; `signal.reason`
 */
export async function race(incumbent: Contestant, challenger: Contestant, signal?: AbortSignal, tickMs = 0): Promise<RaceResult> {
  const times = new SampleTimes(incumbent, challenger, signal);
  const calls = await callsOfSample(times, tickMs);
  let pairs = 0;
  let misses = 0;
  let workMs = 0;
  while (times.ended === undefined && !isDecided(pairs, misses, workMs)) {
    const incumbentFirst = pairs % 2 === 0;
    const before = incumbentFirst ? await times.incumbent(calls) : 0;
    const challengerMs = await times.challenger(calls);
    if (times.ended !== undefined) break;
    const incumbentMs = incumbentFirst ? before : await times.incumbent(calls);
    pairs++;
    workMs += incumbentMs + challengerMs;
    // Written so that 0 / 0, a clock that did not tick, is a miss.
    if (!(incumbentMs / challengerMs >= MIN_GAIN)) misses++;
  }
  const { incumbentP50Ms, challengerP50Ms } = times;
  const both = `${shortMs(challengerP50Ms ?? Number.NaN)} a call, ${shortMs(incumbentP50Ms)} where the model ran before`;
  const decided: Outcome =
    misses <= missesAllowed(pairs)
      ? { verdict: 'faster', reason: both }
      : { verdict: 'slower', reason: `${both}; a change needs ${MIN_GAIN} times the speed` };
  return { ...(times.ended ?? decided), incumbentP50Ms, challengerP50Ms, pairs };
}

type Outcome = Pick<RaceResult, 'verdict' | 'reason'>;

/** Times samples of both sides, and keeps what one call took in each. */
class SampleTimes {
  /** How the race ended before it was decided: the challenger failed, or was too slow to be waited for. */
  ended: Outcome | undefined;
  readonly #incumbent: Contestant;
  readonly #challenger: Contestant;
  readonly #signal: AbortSignal | undefined;
  #incumbentMs: number[] = [];
  #challengerMs: number[] = [];

  constructor(incumbent: Contestant, challenger: Contestant, signal: AbortSignal | undefined) {
    this.#incumbent = incumbent;
    this.#challenger = challenger;
    this.#signal = signal;
  }

  get incumbentP50Ms(): number {
    return medianOf(this.#incumbentMs);
  }
  get challengerP50Ms(): number | undefined {
    return this.#challengerMs.length === 0 ? undefined : medianOf(this.#challengerMs);
  }
  /** The shortest call of each side: a hiccup only lengthens. */
  get shortestMs(): readonly [incumbent: number, challenger: number] {
    return [Math.min(...this.#incumbentMs), Math.min(...this.#challengerMs)];
  }

  /** @returns milliseconds for all calls */
  async incumbent(calls: number): Promise<number> {
    this.#signal?.throwIfAborted();
    const sampleMs = await this.#incumbent.sample(calls, Number.POSITIVE_INFINITY);
    this.#incumbentMs.push(sampleMs / calls);
    return sampleMs;
  }

  /** @returns milliseconds for all calls; sets `ended` if the challenger failed or was given up */
  async challenger(calls: number): Promise<number> {
    this.#signal?.throwIfAborted();
    const limitMs = Math.max(MIN_LIMIT_MS, HOPELESS * calls * this.incumbentP50Ms);
    try {
      const sampleMs = await this.#challenger.sample(calls, limitMs);
      if (sampleMs > limitMs) this.ended = { verdict: 'slower', reason: tooSlow(calls, limitMs, this.incumbentP50Ms) };
      if (sampleMs < Number.POSITIVE_INFINITY) this.#challengerMs.push(sampleMs / calls);
      return sampleMs;
    } catch (thrown) {
      this.#signal?.throwIfAborted();
      this.ended = { verdict: 'refused', reason: messageOf(thrown) };
      return Number.POSITIVE_INFINITY;
    }
  }

  forget(): void {
    this.#incumbentMs = [];
    this.#challengerMs = [];
  }
}

/** Runs both sides a few times to find how many calls make a sample long enough to be timed. These runs count for nothing else. */
async function callsOfSample(times: SampleTimes, tickMs: number): Promise<number> {
  for (let run = 0; run < DISCARDED; run++) await times.incumbent(1);
  for (let run = 0; run < DISCARDED && times.ended === undefined; run++) await times.challenger(1);
  const sampleMs = Math.max(MIN_SAMPLE_MS, SAMPLE_TICKS * tickMs);
  if (times.ended === undefined && Math.min(...times.shortestMs) < MIN_TICKS * tickMs) {
    // Single calls that the clock cannot tell apart are timed again, so many in a row that it can.
    const some = Math.min(callsFor(sampleMs, times.shortestMs), Math.ceil((MIN_TICKS * tickMs) / MIN_CALL_MS));
    times.forget();
    for (let run = 0; run < DISCARDED; run++) await times.incumbent(some);
    for (let run = 0; run < DISCARDED && times.ended === undefined; run++) await times.challenger(some);
  }
  const calls = callsFor(sampleMs, times.shortestMs);
  if (times.ended === undefined) times.forget();
  return calls;
}

/** Long enough for the faster side, while a sample of the slower side stays a few milliseconds. */
function callsFor(sampleMs: number, [incumbentMs, challengerMs]: SampleTimes['shortestMs']): number {
  const callMs = Math.max(Math.min(incumbentMs, challengerMs), incumbentMs / HOPELESS, MIN_CALL_MS);
  return Math.max(1, Math.ceil(sampleMs / callMs));
}

const missesAllowed = (pairs: number): number => Math.floor(pairs / ROUND);

function isDecided(pairs: number, misses: number, workMs: number): boolean {
  if (misses > missesAllowed(MAX_PAIRS) || pairs === MAX_PAIRS) return true;
  const agree = misses === 0 || misses === pairs;
  if (workMs >= MAX_WORK_MS) return pairs >= MIN_PAIRS && (agree || pairs % ROUND === 0);
  return agree && pairs >= ROUND;
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
 * @param inTurn gives a sample a moment in which nothing else runs on either side; the wait is not timed. A call that is given up still runs.
 */
export function timedContestant(run: () => Promise<unknown>, inTurn: <T>(step: () => Promise<T>) => Promise<T>): Contestant {
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

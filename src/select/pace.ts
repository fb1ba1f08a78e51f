/** Notices that calls have become slower or faster than they were when the backend was chosen: then it is time to race again. */
import { medianOf } from '../predict/stats.js';

/** How far the median may go, either way. */
const ALLOWED = 1.5;
/** Calls that a median is of. */
const CALLS = 20;

export class Pace {
  readonly #lastMs: number[] = [];
  #baselineMs: number | undefined;
  /** On which side of what is allowed the median is: slower, within, faster. */
  #side: 1 | 0 | -1 = 0;

  /** @param baselineMs median of earlier calls, measured as those to come will be; without it, the first 20 set it. */
  constructor(baselineMs?: number) {
    this.#baselineMs = baselineMs;
  }

  /** What calls are held against; undefined until there were enough. */
  get baselineMs(): number | undefined {
    return this.#baselineMs;
  }

  /**
   * Takes one warm call's milliseconds.
   * @returns whether with this call the median of the last 20 has left 1.5 times the baseline, either way; once for each time it leaves
   */
  add(ms: number): boolean {
    this.#lastMs.push(ms);
    if (this.#lastMs.length > CALLS) this.#lastMs.shift();
    if (this.#lastMs.length < CALLS) return false;
    const medianMs = medianOf(this.#lastMs);
    this.#baselineMs ??= medianMs;
    const slower = medianMs > this.#baselineMs * ALLOWED;
    const side = slower ? 1 : medianMs * ALLOWED < this.#baselineMs ? -1 : 0;
    const leaves = side !== 0 && side !== this.#side;
    this.#side = side;
    return leaves;
  }
}

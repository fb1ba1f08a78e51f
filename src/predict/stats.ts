/** The record of a model's calls behind `model.stats()`. */
import type { Stats } from '../api/model.js';
import type { Timing } from '../base/timing.js';

/** Warm calls that the percentiles cover. */
const REMEMBERED = 1_024;

export class CallRecord {
  readonly #totals = new Float64Array(REMEMBERED);
  #warmCount = 0;
  #coldCount = 0;
  #failedCount = 0;
  #busyMs = 0;
  /** Time in which at least one warm call was under way. */
  #activeMs = 0;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  /** @param endMs when the call ended, on this thread's clock. */
  add({ totalMs, prepareMs, computeMs, readMs, cold }: Timing, endMs: number): void {
    this.#busyMs += prepareMs + computeMs + (readMs ?? 0);
    if (cold) {
      this.#coldCount++;
      return;
    }
    const slot = this.#warmCount++ % REMEMBERED;
    this.#totals[slot] = totalMs;
    this.#activeMs += endMs - Math.max(endMs - totalMs, this.#lastEndMs);
    this.#lastEndMs = endMs;
  }

  fail(): void {
    this.#failedCount++;
  }

  read(): Omit<Stats, 'bytesDownloaded' | 'bytesFromCache' | 'bytesResident'> {
    const kept = Math.min(this.#warmCount, REMEMBERED);
    const totals = this.#totals.slice(0, kept).sort();
    return {
      count: this.#warmCount + this.#coldCount,
      coldCount: this.#coldCount,
      failedCount: this.#failedCount,
      p50Ms: percentile(totals, 0.5),
      p90Ms: percentile(totals, 0.9),
      p99Ms: percentile(totals, 0.99),
      perSecond: this.#activeMs > 0 ? (this.#warmCount * 1_000) / this.#activeMs : undefined,
      busyMs: this.#busyMs,
    };
  }
}

/** The percentile by nearest rank: the smallest value that at least this share of all values does not exceed. */
function percentile(sorted: Float64Array, share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/** The median by nearest rank: the lower of the two middle values for an even number, NaN for none. */
export const medianOf = (values: readonly number[]): number => percentile(Float64Array.from(values).sort(), 0.5) ?? Number.NaN;

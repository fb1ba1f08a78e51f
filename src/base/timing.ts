/** Where the time of one predict went, and the stopwatch that says so. */
import type { ServingBackend } from './backend-name.js';

/**
 * What the caller waited, from the call to outputs in JavaScript memory, and its five parts, which
 * add up to it. Durations only: two threads do not share a clock's zero.
 */
export interface Timing {
  readonly totalMs: number;
  /** Waiting for earlier calls. */
  readonly queuedMs: number;
  /** Checking inputs and turning pictures into tensors, on either thread. */
  readonly prepareMs: number;
  /** Crossing to the worker and back. */
  readonly transferMs: number;
  /** Uploading and running the graph; on webgpu also reading; at a fallback, all that the app's function takes. */
  readonly computeMs: number;
  /** Copying outputs out of the backend; undefined where it cannot be told from computing. */
  readonly readMs: number | undefined;
  /** The call compiled something: the first of its input shapes on this backend. Percentiles leave it out. */
  readonly cold: boolean;
  /** What really ran this call. */
  readonly backend: ServingBackend;
}

/** Milliseconds of a monotonic clock. */
export const now = (): number => performance.now();

/**
 * How far apart two readings of the clock are, where they differ: where a page is not isolated a tenth of a millisecond in
 * Chromium, a whole one in Firefox and Safari. Takes as long as that.
 */
export function clockTickMs(): number {
  const beganMs = now();
  // In a test the clock may stand still.
  for (let reading = 0; reading < 100_000; reading++) if (now() > beganMs) return now() - beganMs;
  return 0;
}

/**
 * Writes one call as a `performance.measure` on its own DevTools track and clears the entry at once:
 * kept, every entry costs memory for ever.
 */
export function traceCall(model: string, startMs: number, timing: Timing): void {
  const name = `${model} predict`;
  const devtools = {
    dataType: 'track-entry',
    track: 'pannier',
    properties: Object.entries(timing).map(([key, value]) => [key, String(value)]),
  };
  performance.measure(name, { start: startMs, duration: timing.totalMs, detail: { devtools } });
  performance.clearMeasures(name);
}

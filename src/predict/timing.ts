/** The timing record of a call, whose phases add up to its total. */
import { now, type Timing } from '../base/timing.js';
import type { RunResult } from '../engines/engine.js';

/** When the steps of a call began and ended, on the page. */
interface Moments {
  readonly startMs: number;
  readonly preparedAtMs: number;
  readonly dequeuedAtMs: number;
}

/** The record of a call that ends now. */
export function timingOf(
  { startMs, preparedAtMs, dequeuedAtMs }: Moments,
  { prepareMs: preparedThereMs, computeMs, readMs, cold }: Omit<RunResult, 'outputs'>,
  backend: Timing['backend'],
): Timing {
  const totalMs = now() - startMs;
  const queuedMs = dequeuedAtMs - preparedAtMs;
  // The page's part and the engine thread's part; crossing between the two takes what is left over.
  const prepareMs = preparedAtMs - startMs + preparedThereMs;
  const transferMs = Math.max(0, totalMs - queuedMs - prepareMs - computeMs - (readMs ?? 0));
  return { totalMs, queuedMs, prepareMs, transferMs, computeMs, readMs, cold, backend };
}

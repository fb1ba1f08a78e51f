/** The timing record of one predict, and the clock that measures it. */
import type { ServingBackend } from './backend-name.js';

/**
 * The time from the call of `predict` until its outputs are in JavaScript memory, and the five phases that
 * add up to it. All values are durations, because two threads do not share a clock's zero.
 */
export interface Timing {
  readonly totalMs: number;
  /** Waiting in the queue behind earlier calls; for the first call with several rows also for the golden batch. */
  readonly queuedMs: number;
  /** Checking inputs and turning pictures into tensors, on either thread. */
  readonly prepareMs: number;
  /** Crossing to the worker and back. */
  readonly transferMs: number;
  /** Uploading inputs and running the graph. On webgpu this includes reading; for a fallback it is the time of the app's function. */
  readonly computeMs: number;
  /** Copying outputs out of the backend; undefined on webgpu, where reading cannot be told from computing. */
  readonly readMs: number | undefined;
  /** Whether this was the first call with its input shapes on this backend, which may compile. Percentiles leave such calls out. */
  readonly cold: boolean;
  /** The backend that ran this call. */
  readonly backend: ServingBackend;
}

/** Milliseconds of a monotonic clock. */
export const now = (): number => performance.now();

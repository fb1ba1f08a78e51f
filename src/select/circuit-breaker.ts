/** Leaves a backend alone that fails again and again, and gives it another chance later. In memory, one for the whole page. */
import type { BackendName } from '../base/backend-name.js';
import { messageOf } from '../base/errors.js';
import { now } from '../base/timing.js';
import type { Engine } from '../engines/engine.js';

/** Chromium forgives a site one crash of the GPU process in two minutes and gives no adapter after a second one. Ten seconds are margin. */
const RETRY_MS = 130_000;

/** After so many failures a backend is left alone for as long as the page lives. */
const MAX_FAILURES = 3;

/** The circuit of one backend that has failed. */
interface Circuit {
  readonly failures: number;
  readonly failedAtMs: number;
  /** Until then the circuit is open; then it is half-open until the next failure. In the past, if it was never open. */
  readonly openUntilMs: number;
  readonly reason: string;
}

/** The parts of an engine that the breaker watches. */
export interface WatchedEngine {
  readonly engine: Pick<Engine, 'backend' | 'whenLost'>;
  /** On the clock of the breaker, when the engine was started. */
  readonly startedAtMs: number;
}

/**
 * A backend's circuit is closed at first: the backend may start. Two failures within 130 s open it: the backend is left
 * alone for 130 s. Then it is half-open, and the backend may start again. The third failure opens it for good.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #circuits = new Map<BackendName, Circuit>();
  readonly #watched = new WeakSet<object>();

  /** @param clock milliseconds, never going back */
  constructor(clock: () => number) {
    this.#now = clock;
  }

  /**
   * Counts a failure when the engine is lost, once however often it is watched.
   * @param device the app's own GPUDevice, which the app may destroy at any time
   */
  watch({ engine, startedAtMs }: WatchedEngine, device?: GPUDevice): void {
    if (this.#watched.has(engine)) return;
    this.#watched.add(engine);
    let isDestroyed = false;
    void device?.lost.then(({ reason }) => {
      isDestroyed = reason === 'destroyed';
    });
    void engine.whenLost.then((error) => {
      // Exhausted memory says something of the model's size, not of the backend's health.
      if (isDestroyed || error.code === 'out-of-memory') return;
      // One crash of a GPU ends every engine on it and counts once: older engines were lost with the last failure.
      if (startedAtMs < (this.#circuits.get(engine.backend)?.failedAtMs ?? Number.NEGATIVE_INFINITY)) return;
      this.fail(engine.backend, messageOf(error));
    });
  }

  /**
   * Counts a failure of a backend. While its circuit is open nothing is counted: the backend was tried anyway.
   * @param reason a sentence
   * @param isAbsent whether the browser has no such backend to give just now: asking again at once would be in vain
   */
  fail(backend: BackendName, reason: string, isAbsent = false): void {
    if (this.openReason(backend) !== undefined) return;
    const { failures: earlier, failedAtMs } = this.#circuits.get(backend) ?? { failures: 0, failedAtMs: Number.NEGATIVE_INFINITY };
    const atMs = this.#now();
    const failures = earlier + 1;
    const opens = isAbsent || atMs - failedAtMs < RETRY_MS;
    this.#circuits.set(backend, {
      failures,
      failedAtMs: atMs,
      openUntilMs: failures >= MAX_FAILURES ? Number.POSITIVE_INFINITY : opens ? atMs + RETRY_MS : atMs,
      reason: failures === 1 ? reason : `it failed ${failures} times, the last time like this: ${reason}`,
    });
  }

  /** Why a backend is left alone now, in sentences; undefined if its circuit is closed or half-open. */
  openReason(backend: BackendName): string | undefined {
    const { openUntilMs, reason } = this.#circuits.get(backend) ?? { openUntilMs: 0, reason: '' };
    const waitMs = openUntilMs - this.#now();
    if (waitMs <= 0) return undefined;
    const next = Number.isFinite(waitMs) ? `again in ${Math.ceil(waitMs / 1000)} s` : 'no more before the page is reloaded';
    return `${reason} It is tried ${next}.`;
  }

  /** Milliseconds until the circuit is half-open; undefined if it is not open, or open for as long as the page lives. */
  retryAfterMs(backend: BackendName): number | undefined {
    const waitMs = (this.#circuits.get(backend)?.openUntilMs ?? 0) - this.#now();
    return waitMs > 0 && Number.isFinite(waitMs) ? waitMs : undefined;
  }

  /** Closes every circuit and forgets all failures. */
  reset(): void {
    this.#circuits.clear();
  }
}

/** The circuit breaker of this page. */
export const circuitBreaker = new CircuitBreaker(now);

/** Which backends may be started again after they were lost, and when: one rule for all of them, kept once for the page. */
import type { BackendName } from '../base/backend-name.js';
import { messageOf, type PannierError } from '../base/errors.js';
import { now } from '../base/timing.js';

/** Chromium forgives a site one crash of the GPU process in two minutes, and gives no adapter after a second; ten seconds are ours. */
const SOON_MS = 130_000;

/** When a browser is asked for the last time that still had none to give then. */
const LATE_MS = 600_000;

/** With so many losses a session is over for a backend. */
const MOST_LOSSES = 3;

/** What the ladder has to know of an engine. */
export interface Losable {
  readonly backend: BackendName;
  /** Settles when the backend is gone for any reason but `dispose`; never rejects. */
  readonly whenLost: Promise<PannierError>;
}

/** Why a backend has to wait, and until when, on the ladder's clock. */
interface Hold {
  readonly untilMs: number;
  readonly reason: string;
}

const NO_HOLD: Hold = { untilMs: Number.NEGATIVE_INFINITY, reason: '' };

/** What one backend has behind it in this session. */
interface Standing {
  losses: number;
  lastLostMs: number;
  /** How often the browser had none to give. */
  absences: number;
  forLosses: Hold;
  forAbsence: Hold;
}

const FRESH: Readonly<Standing> = { losses: 0, lastLostMs: Number.NEGATIVE_INFINITY, absences: 0, forLosses: NO_HOLD, forAbsence: NO_HOLD };

export class CircuitBreaker {
  readonly #now: () => number;
  readonly #standings = new Map<BackendName, Standing>();
  readonly #watched = new WeakMap<Losable, Promise<PannierError | undefined>>();
  /** Counted on when a backend is lost: what was started before went with it. */
  readonly #generations = new Map<BackendName, number>();

  /** @param clock milliseconds, never going back */
  constructor(clock: () => number) {
    this.#now = clock;
  }

  /**
   * Counts the loss of an engine when it comes, and once however often this is called. One crash of a GPU
   * ends every engine on it: those that were there before the last loss went with it.
   * @param device the app's own, which it may destroy whenever it likes
   * @returns settles when it is lost: with what to, where the session is then over for its backend
   */
  watch(engine: Losable, device?: GPUDevice): Promise<PannierError | undefined> {
    const watched = this.#watched.get(engine) ?? this.#watch(engine, device);
    this.#watched.set(engine, watched);
    return watched;
  }

  #watch({ backend, whenLost }: Losable, device: GPUDevice | undefined): Promise<PannierError | undefined> {
    const generation = this.#generations.get(backend);
    let isDestroyed = false;
    void device?.lost.then(({ reason }) => {
      isDestroyed = reason === 'destroyed';
    });
    // Counted before anybody else can ask what to do about it.
    return whenLost.then((error) => {
      if (isDestroyed || !isLoss(error)) return undefined;
      if (this.#generations.get(backend) === generation) this.lost(backend, messageOf(error));
      return this.isOver(backend) ? error : undefined;
    });
  }

  /**
   * A backend that ran is gone. It may start again at once; after a second loss within 130 s when these have
   * passed; after the third of a session no more.
   * @param reason a sentence
   */
  lost(backend: BackendName, reason: string): void {
    const standing = this.#of(backend);
    const atMs = this.#now();
    const isRepeated = atMs - standing.lastLostMs < SOON_MS;
    standing.losses++;
    standing.lastLostMs = atMs;
    this.#generations.set(backend, (this.#generations.get(backend) ?? 0) + 1);
    const { losses } = standing;
    if (losses >= MOST_LOSSES)
      standing.forLosses = { untilMs: Number.POSITIVE_INFINITY, reason: `it was lost ${losses} times, at last so: ${reason}` };
    else if (isRepeated)
      standing.forLosses = { untilMs: atMs + SOON_MS, reason: `it was lost twice within ${SOON_MS / 1000} s, at last so: ${reason}` };
  }

  /**
   * The browser has none to give, as after crashes: it is asked again after 130 s, then after ten minutes, then no more.
   * @param reason a sentence
   */
  absent(backend: BackendName, reason: string): void {
    const standing = this.#of(backend);
    const waitMs = [SOON_MS, LATE_MS][standing.absences++] ?? Number.POSITIVE_INFINITY;
    standing.forAbsence = { untilMs: this.#now() + waitMs, reason };
  }

  /** Why a backend is not to be started now, in words; undefined where nothing speaks against it. */
  veto(backend: BackendName): string | undefined {
    const { untilMs, reason } = this.#hold(backend);
    const waitMs = untilMs - this.#now();
    if (waitMs <= 0) return undefined;
    const next = waitMs === Number.POSITIVE_INFINITY ? 'no more before the page is reloaded' : `again in ${Math.ceil(waitMs / 1000)} s`;
    return `${reason} It is tried ${next}.`;
  }

  /** Milliseconds until `veto` ends; undefined where there is none, or it lasts as long as the page. */
  retryAfterMs(backend: BackendName): number | undefined {
    const waitMs = this.#hold(backend).untilMs - this.#now();
    return waitMs > 0 && waitMs < Number.POSITIVE_INFINITY ? waitMs : undefined;
  }

  /** Whether nothing speaks against a backend but its losses: it may be better than no answer. */
  mayBeLast(backend: BackendName): boolean {
    return this.#of(backend).forAbsence.untilMs <= this.#now();
  }

  /** Whether this session is over for a backend, for its losses. */
  isOver(backend: BackendName): boolean {
    return this.#of(backend).losses >= MOST_LOSSES;
  }

  /** Forgets everything. */
  reset(): void {
    this.#standings.clear();
  }

  /** The longer one. */
  #hold(backend: BackendName): Hold {
    const { forLosses, forAbsence } = this.#of(backend);
    return forLosses.untilMs > forAbsence.untilMs ? forLosses : forAbsence;
  }

  #of(backend: BackendName): Standing {
    const standing = this.#standings.get(backend) ?? { ...FRESH };
    this.#standings.set(backend, standing);
    return standing;
  }
}

/** Memory that ran out says something of the model's size, and nothing of the backend's health. */
const isLoss = ({ code }: PannierError): boolean => code !== 'out-of-memory';

/** The ladder of this page. */
export const circuitBreaker = new CircuitBreaker(now);

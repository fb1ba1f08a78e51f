/** What can run a model here, and what became of each. */
import type { BackendName, EngineName, ServingBackend } from '../base/backend-name.js';

/** An engine on a backend. */
export interface Target {
  readonly engine: EngineName;
  readonly backend: BackendName;
}

/** What became of one pair, or of the app's own function. */
export interface Candidate {
  readonly backend: ServingBackend;
  /** `app` is the app's own function: it counts where no backend can. */
  readonly engine: EngineName | 'app';
  /** `slower`: it is right, and lost the race. `untried`: nobody needed it yet. */
  readonly state: 'chosen' | 'slower' | 'refused' | 'untried';
  /** Why it is not the chosen one. */
  readonly reason?: string;
  /** Until the backend was ready. */
  readonly startMs?: number;
  /** Until the graph was built and the weights were in place. */
  readonly openMs?: number;
  /** The golden run, which is also the warm-up; absent where an earlier visit's pass was remembered. */
  readonly goldenMs?: number;
  /** Share of golden values that were off, of the worst output. */
  readonly goldenShareOff?: number;
  /** Median of warm calls with the golden sample, from the upload to readable outputs; absent where nothing was raced. */
  readonly p50Ms?: number;
  /** An earlier visit's verdict, which was not tested again. */
  readonly remembered?: boolean;
}

/** What was measured on the way. */
export type Measured = Pick<Candidate, 'startMs' | 'openMs' | 'goldenMs' | 'goldenShareOff'>;

/** A pair, or what stands in for one. */
export type TargetId = Pick<Candidate, 'backend' | 'engine'>;

export const isSameTarget = (one: TargetId, other: TargetId): boolean => one.backend === other.backend && one.engine === other.engine;

/** The app's own function, as `selection` names it. */
export const FALLBACK = { backend: 'fallback', engine: 'app' } as const satisfies TargetId;

/** Why none of them serves, in one line. */
export const reasonsOf = (selection: readonly Candidate[]): string =>
  selection.flatMap(({ backend, reason }) => (reason === undefined ? [] : [`${backend}: ${reason}`])).join(' · ');

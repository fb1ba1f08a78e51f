/** The targets that could run a model, and what became of each. */
import type { BackendName, EngineName, ServingBackend } from '../base/backend-name.js';

/** An engine on a backend. */
export interface Target {
  readonly engine: EngineName;
  readonly backend: BackendName;
}

/** The state of one target, or of the app's fallback. */
export interface Candidate {
  readonly backend: ServingBackend;
  /** `app` stands for the app's fallback, which answers if no backend can. */
  readonly engine: EngineName | 'app';
  /** `slower`: it is right and lost the race. `untried`: it was not needed. */
  readonly state: 'chosen' | 'slower' | 'refused' | 'untried';
  /** Why it was not chosen. */
  readonly reason?: string;
  /** Milliseconds until the backend was ready. */
  readonly startMs?: number;
  /** Milliseconds until the graph was built and the weights were in place. */
  readonly openMs?: number;
  /** Milliseconds of the golden run, which is also the warm-up; absent if an earlier visit's pass was remembered. */
  readonly goldenMs?: number;
  /** Share of golden values that were off, for the worst output. */
  readonly goldenShareOff?: number;
  /** Median milliseconds of warm calls with the golden sample, from upload to readable outputs; absent if it was not raced. */
  readonly p50Ms?: number;
  /** Whether this is an earlier visit's verdict that was not tested again. */
  readonly remembered?: boolean;
}

/** The measurements of one attempt. */
export type Measured = Pick<Candidate, 'startMs' | 'openMs' | 'goldenMs' | 'goldenShareOff'>;

/** Names a target, or the app's fallback. */
export type TargetId = Pick<Candidate, 'backend' | 'engine'>;

export const isSameTarget = (one: TargetId, other: TargetId): boolean => one.backend === other.backend && one.engine === other.engine;

/** The app's fallback, as `selection` names it. */
export const FALLBACK = { backend: 'fallback', engine: 'app' } as const satisfies TargetId;

/** The reasons of all candidates, in one line. */
export const reasonsOf = (selection: readonly Candidate[]): string =>
  selection.flatMap(({ backend, reason }) => (reason === undefined ? [] : [`${backend}: ${reason}`])).join(' · ');

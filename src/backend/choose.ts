/** Which backend runs a model: the first that can, and that agrees with the golden sample. */
import type { BackendName, EngineName } from '../backend-name.js';
import { PannierError } from '../errors.js';

/** What became of one backend. */
export interface Candidate {
  readonly backend: BackendName;
  readonly engine: EngineName;
  readonly state: 'chosen' | 'refused' | 'untried';
  /** Why it was refused. */
  readonly reason?: string;
  /** Until the backend was ready. */
  readonly startMs?: number;
  /** Until the graph was built and the weights were in place. */
  readonly openMs?: number;
  /** The golden run, which is also the warm-up; absent where an earlier visit's pass was remembered. */
  readonly goldenMs?: number;
  /** Share of golden values that were off, of the worst output. */
  readonly goldenShareOff?: number;
}

/** What was measured on the way. */
export type Measured = Pick<Candidate, 'startMs' | 'openMs' | 'goldenMs' | 'goldenShareOff'>;

/** How one backend did: it serves, or there is a reason why not. */
export type Attempt<T> = { readonly accepted: T; readonly measured: Measured } | { readonly refused: string; readonly measured: Measured };

/**
 * Tries backends in order until one is accepted.
 * @param attempt rejects only for what no other backend could mend: no bytes, an abort.
 * @throws {PannierError} `backend-unavailable` with every reason, where none is accepted.
 */
export async function choose<T>(
  backends: readonly BackendName[],
  attempt: (backend: BackendName) => Promise<Attempt<T>>,
): Promise<{ readonly accepted: T; readonly selection: readonly Candidate[] }> {
  const refused: Candidate[] = [];
  for (const [index, backend] of backends.entries()) {
    const tried = await attempt(backend);
    if ('accepted' in tried) {
      const chosen: Candidate = { backend, engine: 'tfjs', state: 'chosen', ...tried.measured };
      const untried = backends.slice(index + 1).map((each): Candidate => ({ backend: each, engine: 'tfjs', state: 'untried' }));
      return { accepted: tried.accepted, selection: [...refused, chosen, ...untried] };
    }
    refused.push({ backend, engine: 'tfjs', state: 'refused', reason: tried.refused, ...tried.measured });
  }
  const reasons = refused.map(({ backend, reason }) => `${backend}: ${reason}`).join(' · ');
  throw new PannierError('backend-unavailable', `No backend can run this model here. ${reasons}`, { selection: refused });
}

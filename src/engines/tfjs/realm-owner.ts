/**
 * Whose TF.js lives in this thread. TF.js keeps its engine in a global that all copies of it share, and which has one
 * active backend. This file imports none of TF.js, so that asking downloads nothing.
 */

const engineHere = (): unknown => (globalThis as { _tfengine?: unknown })._tfengine;

let ours: unknown;

/** Whether the app runs a TF.js of its own here: ours would change its active backend. */
export const isRealmTaken = (): boolean => engineHere() !== ours;

/**
 * Waits for a module that brings TF.js along. The first such module to arrive makes the global engine, which is ours from
 * then on; a module that never arrives makes none.
 */
export async function loadIntoRealm<M>(loading: Promise<M>): Promise<M> {
  const module = await loading;
  ours = engineHere();
  return module;
}

/** An engine in the calling thread: the page, by request, or Node. Reached by import, so that nobody downloads it unasked. */

import type { BackendName } from '../base/backend-name.js';
import type { Engine } from './engine.js';
import type { BackendStart } from './tfjs/backend.js';

/** TF.js's engine is a global of the realm. */
const engineHere = (): unknown => (globalThis as { _tfengine?: unknown })._tfengine;

let ours: unknown;

/** Whether another TF.js lives in this realm: starting ours would change the app's active backend. */
export const isRealmTaken = (): boolean => engineHere() !== ours;

const STARTS = {
  webgpu: () => import('./tfjs/webgpu.js'),
  wasm: () => import('./tfjs/wasm.js'),
  cpu: () => import('./tfjs/cpu.js'),
} satisfies Record<BackendName, unknown>;

/** @throws {PannierError} where the backend cannot start. */
export async function startLocalEngine(backend: BackendName, options: Promise<BackendStart>): Promise<Engine> {
  const [{ createEngine }, { start }] = await Promise.all([remembered(import('./tfjs/engine.js')), remembered(STARTS[backend]())]);
  return createEngine(backend, await start(await options));
}

/** Each part of ours brings TF.js along, and whichever arrives first makes the engine; one that never arrives makes none. */
async function remembered<M>(loading: Promise<M>): Promise<M> {
  const part = await loading;
  ours = engineHere();
  return part;
}

/** An engine in the calling thread: the page, by request, or Node. Reached by import, so that nobody downloads it unasked. */
import type { BackendStart } from '../backend/backend.js';
import type { BackendName } from '../backend-name.js';
import type { Engine } from './engine.js';

let ours = false;

/**
 * Whether another TF.js lives in this realm: its engine is a global, and starting ours would change
 * the app's active backend.
 */
export const isRealmTaken = (): boolean => !ours && '_tfengine' in globalThis;

const STARTS = {
  webgpu: () => import('../backend/webgpu.js'),
  wasm: () => import('../backend/wasm.js'),
  cpu: () => import('../backend/cpu.js'),
} satisfies Record<BackendName, unknown>;

/** @throws {PannierError} where the backend cannot start. */
export async function startLocalEngine(backend: BackendName, options: Promise<BackendStart>): Promise<Engine> {
  ours = true;
  const [{ createEngine }, { start }] = await Promise.all([import('./tfjs.js'), STARTS[backend]()]);
  return createEngine(backend, await start(await options));
}

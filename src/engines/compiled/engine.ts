/** The compiled engine: each model is a WebAssembly module of its own, which computes in one call. */
import { PannierError } from '../../base/errors.js';
import type { Engine, EngineModel } from '../engine.js';
import { orFailed } from '../failed-as.js';
import { type ImportHostParts, type LoadedModule, loadModule } from './load-module.js';
import { MAX_MEMORY_BYTES } from './plan.js';
import { CompiledSession } from './session.js';
import { WeightLoader } from './weight-loader.js';

/**
 * The engine in this thread. Any number of them share nothing.
 * @param importHostParts imports the code of the parts of models that JavaScript computes
 */
export function createEngine(importHostParts: ImportHostParts): Engine {
  const sessions = new Set<CompiledSession>();
  let disposed = false;
  const ensureUsable = (name: string): void => {
    if (disposed) throw new PannierError('disposed', `The compiled engine was disposed before model "${name}" was open.`);
  };
  return {
    backend: 'wasm',
    name: 'compiled',
    maxBufferBytes: MAX_MEMORY_BYTES,
    identity: '',
    isLost: false,
    // Models do not share memory, so that none can end the others.
    whenLost: new Promise(() => undefined),
    async open({ name, graph, weights }) {
      ensureUsable(name);
      const module = await loadModule(name, graph, importHostParts);
      await loadWeights(name, module, weights, () => ensureUsable(name));
      const session = new CompiledSession(name, module, () => sessions.delete(session));
      sessions.add(session);
      return session;
    },
    dispose() {
      disposed = true;
      for (const session of sessions) session.dispose();
    },
  };
}

/**
 * Apart from `open`, whose variables live as long as the session: a session that is disposed, but still held, must not hold the module's
 * memory by way of its loader.
 */
async function loadWeights(name: string, module: LoadedModule, weights: EngineModel['weights'], ensureUsable: () => void): Promise<void> {
  const loader = new WeightLoader(module);
  for await (const shard of weights) {
    ensureUsable();
    orFailed(`The weights of model "${name}" could not be decoded`, () => loader.add(shard));
  }
  ensureUsable();
  loader.end();
}

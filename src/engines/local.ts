/** Engines in the calling thread: on a page if the app asks for it or no worker can run, and in Node. */

import type { Target } from '../api/candidate.js';
import type { BackendName, EngineName } from '../base/backend-name.js';
import type { Engine, EngineStart, StartEngine } from './engine.js';
import * as tfjsRealm from './tfjs/realm-owner.js';

/** How an engine comes into a thread that may be an app's. */
interface LocalEngine {
  /** Whether the app runs the same product in this thread, so that ours would change the state of the app's. */
  readonly isRealmTaken: () => boolean;
  /** By backend, imports the module of the target. */
  readonly modules: Readonly<Partial<Record<BackendName, () => Promise<{ readonly start: StartEngine }>>>>;
}

const LOCAL_ENGINES: Readonly<Record<EngineName, LocalEngine>> = {
  compiled: {
    isRealmTaken: () => false,
    modules: { wasm: () => import('./compiled/wasm.js') },
  },
  tfjs: {
    isRealmTaken: tfjsRealm.isRealmTaken,
    modules: {
      webgpu: () => tfjsRealm.loadIntoRealm(import('./tfjs/webgpu.js')),
      wasm: () => tfjsRealm.loadIntoRealm(import('./tfjs/wasm.js')),
      cpu: () => tfjsRealm.loadIntoRealm(import('./tfjs/cpu.js')),
    },
  },
};

/** Whether the app runs the same engine in this thread, whose state a second one would change. */
export const isRealmTaken = ({ engine }: Target): boolean => LOCAL_ENGINES[engine].isRealmTaken();

/** Imports a target into this thread. Targets come from the registry, so that each has a module. */
export const importTarget = ({ engine, backend }: Target): Promise<{ readonly start: StartEngine }> =>
  (LOCAL_ENGINES[engine].modules[backend] as () => Promise<{ readonly start: StartEngine }>)();

/**
 * Starts an engine in this thread.
 * @throws {PannierError} if the target cannot start here
 */
export async function startLocalEngine(target: Target, options: Promise<EngineStart>): Promise<Engine> {
  const { start } = await importTarget(target);
  return start(await options);
}

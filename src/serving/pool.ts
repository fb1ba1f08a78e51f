/** Engines: one per backend and thread for the whole page, shared by all models, ended with the last of them. */
import { WASM_BINARY } from '../assets.js';
import type { BackendStart } from '../backend/backend.js';
import type { BackendName } from '../backend-name.js';
import type { Engine } from '../engine/engine.js';
import { isRealmTaken, startLocalEngine } from '../engine/local.js';
import { PannierError } from '../errors.js';
import type { ThreadName } from '../options.js';
import type { Settled } from '../settled.js';
import { fetchAsset } from '../weights/fetch.js';
import { startWorkerEngine, WorkerUnavailable } from '../worker/client.js';
import { Queue } from './queue.js';
import { type Lease, Shared } from './shared.js';

/** An engine with the line in front of it. */
export interface PooledEngine {
  readonly engine: Engine;
  readonly queue: Queue;
  /** Where it really runs. */
  readonly thread: ThreadName;
}

const engines = new Shared<PooledEngine>(({ engine }) => engine.dispose());

/**
 * The engine for a backend, started if it is not running.
 * @throws {PannierError} where the backend cannot start here.
 */
export function acquireEngine(
  backend: BackendName,
  settled: Settled,
  note: (code: string, message: string) => void,
  signal: AbortSignal,
): Promise<Lease<PooledEngine>> {
  const device = backend === 'webgpu' ? settled.device : undefined;
  const key = [backend, settled.thread, settled.byName, device !== undefined].join(' ');
  return engines.acquire(device === undefined ? key : `${key} ${settled.key}`, (starting) => start(backend, settled, note, starting), {
    signal,
  });
}

/** Lets go of an engine whose worker or device is gone, so that the next load starts a new one. */
export const dropEngine = (broken: PooledEngine): void => engines.drop(broken);

async function start(
  backend: BackendName,
  settled: Settled,
  note: (code: string, message: string) => void,
  signal: AbortSignal,
): Promise<PooledEngine> {
  const options = startOptions(backend, settled, signal);
  // Whoever awaits it may already have failed for another reason.
  options.catch(() => undefined);
  const pooled = (engine: Engine, thread: ThreadName): PooledEngine => ({ engine, thread, queue: new Queue() });
  const local = async () => pooled(await startLocalEngine(backend, options), 'page');
  if (typeof Worker === 'undefined') return local();

  if (settled.thread === 'page') {
    if (!isRealmTaken()) return local();
    if (settled.device !== undefined)
      throw new PannierError(
        'backend-unavailable',
        'This page runs its own TF.js, and a GPUDevice cannot cross to a worker. Load the model without `device`.',
      );
    note('page-taken', 'This page runs its own TF.js, whose active backend ours would change: the model runs in a worker.');
  }
  try {
    return pooled(await startWorkerEngine(backend, options, settled.assetUrl), 'worker');
  } catch (thrown) {
    if (!(thrown instanceof WorkerUnavailable)) throw thrown;
    if (isRealmTaken())
      throw new PannierError('backend-unavailable', `No worker can start (${thrown.message}), and this page runs its own TF.js.`);
    note('worker-unavailable', `No worker can start (${thrown.message}): the model runs on the page's thread.`);
    return local();
  }
}

async function startOptions(backend: BackendName, settled: Settled, signal: AbortSignal): Promise<BackendStart> {
  const options = { allowSoftwareAdapter: settled.byName };
  if (backend === 'webgpu' && settled.device !== undefined) return { ...options, device: settled.device };
  if (backend !== 'wasm') return options;
  const url = settled.assetUrl(WASM_BINARY.name, WASM_BINARY.url());
  return { ...options, wasmBinary: await fetchAsset(WASM_BINARY, url, { fetch: settled.fetch, signal }) };
}

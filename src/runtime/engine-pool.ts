/** Engines: one per backend and thread for the whole page, shared by all models, ended with the last of them. */

import type { Target } from '../api/candidate.js';
import type { ThreadName } from '../api/options.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import { PannierError } from '../base/errors.js';
import type { Note } from '../base/notes.js';
import { type Lease, Shared } from '../base/shared.js';
import { now } from '../base/timing.js';
import { fetchAsset } from '../download/fetch.js';
import { requestAdapter } from '../engines/adapter.js';
import type { Engine, EngineStart } from '../engines/engine.js';
import { isRealmTaken, startLocalEngine } from '../engines/local.js';
import { ENGINES, rowOf } from '../engines/registry.js';
import { startWorkerEngine } from '../worker/client.js';
import { WorkerUnavailable } from '../worker/connection.js';
import { Queue } from './queue.js';

/** An engine with the line in front of it. */
export interface EngineHandle {
  readonly engine: Engine;
  readonly queue: Queue;
  /** Where it really runs. */
  readonly thread: ThreadName;
  /** Why it does not run where it was asked to; every model on it is told. */
  readonly notes: readonly Note[];
  /** On the page's clock, from when to when it started. */
  readonly startedAtMs: number;
  readonly readyAtMs: number;
}

const engines = new Shared<EngineHandle>(({ engine }) => engine.dispose());

/**
 * The engine for a backend, started if it is not running.
 * @param mayUsePage whether an engine starts on the page's thread if no worker can start
 * @throws {PannierError} where the backend cannot start here.
 */
export async function acquireEngine(
  target: Target,
  resolved: ResolvedOptions,
  signal: AbortSignal,
  mayUsePage = true,
): Promise<Lease<EngineHandle>> {
  const { engine, backend } = target;
  const key: string[] = [engine, backend, resolved.thread];
  // On a device of the app's own.
  if (backend === 'webgpu' && resolved.device !== undefined) key.push(resolved.key);
  const acquire = () => engines.acquire(key.join(' '), (starting) => start(target, resolved, starting, mayUsePage), { signal });
  const lease = await acquire();
  if (!lease.value.engine.lost) return lease;
  // Its worker or device died while it served another model, which has not noticed yet.
  engines.drop(lease.value);
  lease.release();
  return acquire();
}

async function start(target: Target, resolved: ResolvedOptions, signal: AbortSignal, mayUsePage: boolean): Promise<EngineHandle> {
  const { engine, backend } = target;
  const { title } = ENGINES[engine];
  const beganMs = now();
  const notes: Note[] = [];
  const options = startOptions(target, resolved, signal);
  // Whoever awaits it may already have failed for another reason.
  options.catch(() => undefined);
  const pooled = (engine: Engine, thread: ThreadName): EngineHandle => ({
    engine,
    thread,
    notes,
    queue: new Queue(),
    startedAtMs: beganMs,
    readyAtMs: now(),
  });
  const local = async () => pooled(await startLocalEngine(target, options), 'page');
  if (typeof Worker === 'undefined') return local();
  // Without a GPU nobody downloads what would run on it.
  if (backend === 'webgpu' && resolved.device === undefined) await requestAdapter();

  if (resolved.thread === 'page') {
    if (!isRealmTaken(target)) return local();
    if (resolved.device !== undefined)
      throw new PannierError(
        'backend-unavailable',
        `This page runs its own ${title}, and a GPUDevice cannot cross to a worker. Load the model without \`device\`.`,
      );
    const message = `This page runs its own ${title}, whose active backend ours would change: the model runs in a worker.`;
    notes.push({ code: 'page-taken', message });
  }
  try {
    return pooled(await startWorkerEngine(target, options, resolved.assetUrl, signal), 'worker');
  } catch (thrown) {
    if (!(thrown instanceof WorkerUnavailable)) throw thrown;
    if (!mayUsePage) throw new PannierError('backend-unavailable', `No worker can start (${thrown.message}).`);
    if (isRealmTaken(target))
      throw new PannierError('backend-unavailable', `No worker can start (${thrown.message}), and this page runs its own ${title}.`);
    notes.push({ code: 'worker-unavailable', message: `No worker can start (${thrown.message}): the model runs on the page's thread.` });
    return local();
  }
}

async function startOptions(target: Target, resolved: ResolvedOptions, signal: AbortSignal): Promise<EngineStart> {
  if (target.backend === 'webgpu' && resolved.device !== undefined) return { device: resolved.device };
  const { binary } = rowOf(target);
  if (binary === undefined) return {};
  const url = resolved.assetUrl(binary.name, binary.url());
  const { fetch } = resolved;
  return { binary: await fetchAsset(binary, url, { fetch, signal, network: { answered: false } }) };
}

/** The engines of a page: one per target and thread, shared by all models and disposed with the last of them. */

import type { Target } from '../api/candidate.js';
import type { ThreadName } from '../api/options.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import { PannierError } from '../base/errors.js';
import { lazily } from '../base/lazily.js';
import type { Note } from '../base/notes.js';
import { type Lease, Shared } from '../base/shared.js';
import { now } from '../base/timing.js';
import { fetchAsset } from '../download/fetch.js';
import { requestAdapter } from '../engines/adapter.js';
import type { Engine, EngineStart } from '../engines/engine.js';
import { rowOf } from '../engines/registry.js';
import { startWorkerEngine } from '../worker/client.js';
import { WorkerUnavailable } from '../worker/connection.js';
import { Queue } from './queue.js';

/** An engine that has started, and the queue in front of it. */
export interface EngineHandle {
  readonly engine: Engine;
  readonly queue: Queue;
  /** The thread that it runs on, which may be another one than the app asked for. */
  readonly thread: ThreadName;
  /** Why it does not run on the thread that the app asked for. Every model on it gets these notes. */
  readonly notes: readonly Note[];
  /** When its start began, on the page's clock. */
  readonly startedAtMs: number;
  /** When it could open the first model, on the page's clock. */
  readonly readyAtMs: number;
}

const engines = new Shared<EngineHandle>(({ engine }) => engine.dispose());

/**
 * The engine of a target, started unless it already runs.
 * @param mayUsePage whether an engine starts on the page's thread if no worker can start
 * @throws {PannierError} if the target cannot start here
 */
export async function acquireEngine(
  target: Target,
  resolved: ResolvedOptions,
  signal: AbortSignal,
  mayUsePage = true,
): Promise<Lease<EngineHandle>> {
  const { engine, backend } = target;
  const key: string[] = [engine, backend, resolved.thread];
  // Models that share a device of the app share an engine on it, and no others do.
  if (backend === 'webgpu' && resolved.device !== undefined) key.push(resolved.key);
  const acquire = () => engines.acquire(key.join(' '), (starting) => start(target, resolved, starting, mayUsePage), { signal });
  const lease = await acquire();
  if (!lease.value.engine.isLost) return lease;
  // The worker or the device has failed under another model, which has not noticed yet.
  engines.drop(lease.value);
  lease.release();
  return acquire();
}

async function start(target: Target, resolved: ResolvedOptions, signal: AbortSignal, mayUsePage: boolean): Promise<EngineHandle> {
  const startedAtMs = now();
  const notes: Note[] = [];
  const options = startOptions(target, resolved, signal);
  // It may fail while nobody awaits it, since the start has failed for another reason.
  options.catch(() => undefined);
  const handleOf = (engine: Engine, thread: ThreadName): EngineHandle => ({
    engine,
    thread,
    notes,
    queue: new Queue(),
    startedAtMs,
    readyAtMs: now(),
  });
  const pageThread = () => lazily(() => import('./page-thread.js'));
  const hasDevice = resolved.device !== undefined;
  if (typeof Worker === 'undefined') return handleOf(await (await pageThread()).startLocalEngine(target, options), 'page');
  // If there is no GPU, its worker is not downloaded.
  if (target.backend === 'webgpu' && !hasDevice) await requestAdapter();
  if (resolved.thread === 'page') {
    const engine = await (await pageThread()).startAsAsked(target, options, hasDevice, notes);
    if (engine !== undefined) return handleOf(engine, 'page');
  }
  try {
    return handleOf(await startWorkerEngine(target, options, resolved.assetUrl, signal), 'worker');
  } catch (thrown) {
    if (!(thrown instanceof WorkerUnavailable)) throw thrown;
    if (!mayUsePage) throw new PannierError('backend-unavailable', `No worker can start (${thrown.message}).`);
    return handleOf(await (await pageThread()).startWithoutWorker(target, options, thrown.message, notes), 'page');
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

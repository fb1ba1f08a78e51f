/** Starts an engine in a worker. The page's side of it, `worker-engine.ts`, is downloaded while the worker boots. */

import type { Target } from '../api/candidate.js';
import { PannierError } from '../base/errors.js';
import { lazily } from '../base/lazily.js';
import { abortable } from '../base/promise.js';
import type { Engine, EngineStart } from '../engines/engine.js';
import { rowOf } from '../engines/registry.js';
import { WorkerConnection } from './connection.js';

/**
 * Starts a target in a worker of its own.
 * @param urlOf the option `assetUrl`: the address of a shipped file, by its name and its default address
 * @param signal aborts when nobody waits for the engine any more
 * @throws {WorkerUnavailable} if no worker can run
 * @throws {PannierError} if the target cannot start in a worker
 */
export async function startWorkerEngine(
  target: Target,
  options: Promise<EngineStart>,
  urlOf: (name: string, url: string) => string,
  signal: AbortSignal,
): Promise<Engine> {
  const { backend } = target;
  const connection = new WorkerConnection(target, urlOf);
  // A start may hang in the browser for ever: it ends when nobody waits for it.
  const onAbort = () => connection.terminate(new PannierError('backend-unavailable', `The ${backend} worker is not needed any more.`));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await abortable(connection.ready, signal);
    const { hostParts } = rowOf(target);
    // A worker would read a relative address as relative to its own script.
    const modules = hostParts && { hostParts: new URL(urlOf(hostParts.name, hostParts.url()), location.href).href };
    const { maxBufferBytes, identity } = await connection.ask('start', { options: { ...(await options), ...modules } });
    const { WorkerEngine } = await abortable(
      lazily(() => import('./worker-engine.js')),
      signal,
    );
    return new WorkerEngine(connection, target, maxBufferBytes, identity);
  } catch (thrown) {
    connection.terminate(new PannierError('backend-unavailable', `The ${backend} worker did not start.`));
    throw thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

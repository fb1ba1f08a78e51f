/** The start of a backend in a worker. What the page then sees of it is `engine.ts`, which comes while the worker boots. */

import type { Target } from '../api/candidate.js';
import { PannierError } from '../base/errors.js';
import { lazily } from '../base/lazily.js';
import { abortable } from '../base/promise.js';
import type { Engine, EngineStart } from '../engines/engine.js';
import { WorkerConnection } from './connection.js';

/**
 * Starts a backend in a worker of its own.
 * @throws {WorkerUnavailable} where no worker can run; PannierError where the backend cannot start.
 */
export async function startWorkerEngine(
  target: Target,
  options: Promise<EngineStart>,
  urlOf: (name: string, url: string) => string,
  signal: AbortSignal,
): Promise<Engine> {
  const { backend } = target;
  const connection = new WorkerConnection(target, urlOf);
  // A start that nobody waits for may hang in the browser for ever.
  const onAbort = () => connection.terminate(new PannierError('backend-unavailable', `Nobody waits for the ${backend} worker any more.`));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await abortable(connection.ready, signal);
    const { maxBufferBytes, identity } = await connection.ask('start', { options: await options });
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

/** The start of a backend in a worker. What the page then sees of it is `engine.ts`, which comes while the worker boots. */
import type { BackendStart } from '../engines/tfjs/backend.js';
import type { BackendName } from '../base/backend-name.js';
import type { Engine } from '../engines/engine.js';
import { PannierError } from '../base/errors.js';
import { abortable } from '../base/promise.js';
import { Connection } from './connection.js';
import type { WorkerEngine } from './worker-engine.js';

/**
 * Starts a backend in a worker of its own.
 * @throws {WorkerUnavailable} where no worker can run; PannierError where the backend cannot start.
 */
export async function startWorkerEngine(
  backend: BackendName,
  options: Promise<BackendStart>,
  urlOf: (name: string, url: string) => string,
  signal: AbortSignal,
  rest: () => Promise<{ readonly WorkerEngine: typeof WorkerEngine }>,
): Promise<Engine> {
  const connection = new Connection(backend, urlOf);
  // A start that nobody waits for may hang in the browser for ever.
  const onAbort = () => connection.end(new PannierError('backend-unavailable', `Nobody waits for the ${backend} worker any more.`));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await abortable(connection.ready, signal);
    const { maxBufferBytes, identity } = await connection.ask('start', { options: await options });
    const { WorkerEngine } = await abortable(rest(), signal);
    return new WorkerEngine(connection, backend, maxBufferBytes, identity);
  } catch (thrown) {
    connection.end(new PannierError('backend-unavailable', `The ${backend} worker did not start.`));
    throw thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

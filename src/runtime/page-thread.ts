/** An engine on the calling thread. Few apps need one, so that its code is not in their first chunk. */
import type { Target } from '../api/candidate.js';
import { PannierError } from '../base/errors.js';
import type { Note } from '../base/notes.js';
import type { Engine, EngineStart } from '../engines/engine.js';
import { isRealmTaken, startLocalEngine } from '../engines/local.js';
import { ENGINES } from '../engines/registry.js';

/**
 * Starts an engine on the page's thread because the app asks for it.
 * @param notes gets the reason why the engine belongs in a worker, if it does
 * @returns undefined if the page runs the same product itself, whose state a second engine would change
 * @throws {PannierError} if the target cannot start here
 */
export async function startAsAsked(
  target: Target,
  options: Promise<EngineStart>,
  hasDevice: boolean,
  notes: Note[],
): Promise<Engine | undefined> {
  const { title } = ENGINES[target.engine];
  if (!isRealmTaken(target)) return startLocalEngine(target, options);
  if (hasDevice)
    throw new PannierError(
      'backend-unavailable',
      `This page runs its own ${title}, and a GPUDevice cannot cross to a worker. Load the model without \`device\`.`,
    );
  const message = `This page runs its own ${title}, whose active backend ours would change: the model runs in a worker.`;
  notes.push({ code: 'page-taken', message });
  return undefined;
}

/**
 * Starts an engine on the page's thread because no worker can start.
 * @param reason why none can
 * @throws {PannierError} `backend-unavailable` if the page runs the same product itself; if the target cannot start here
 */
export async function startWithoutWorker(target: Target, options: Promise<EngineStart>, reason: string, notes: Note[]): Promise<Engine> {
  if (isRealmTaken(target))
    throw new PannierError(
      'backend-unavailable',
      `No worker can start (${reason}), and this page runs its own ${ENGINES[target.engine].title}.`,
    );
  notes.push({ code: 'worker-unavailable', message: `No worker can start (${reason}): the model runs on the page's thread.` });
  return startLocalEngine(target, options);
}

export { startLocalEngine };

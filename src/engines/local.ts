/** An engine in the calling thread: on a page if the app asks for it or no worker can run, and in Node. */

import type { Target } from '../api/candidate.js';
import type { Engine, EngineStart } from './engine.js';
import { ENGINES, rowOf } from './registry.js';

/** Whether the app runs the same engine in this thread, whose state a second one would change. */
export const isRealmTaken = ({ engine }: Target): boolean => ENGINES[engine].isRealmTaken();

/**
 * Starts an engine in this thread.
 * @throws {PannierError} if the target cannot start here
 */
export async function startLocalEngine(target: Target, options: Promise<EngineStart>): Promise<Engine> {
  const { start } = await rowOf(target).load();
  return start(await options);
}

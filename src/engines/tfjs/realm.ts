/**
 * TF.js in one thread, which has one active backend and one backend of each name. Steps that depend on either go through
 * a queue, and a second start of a backend shares the first one.
 */
import { PannierError } from '../../base/errors.js';
import { oneAtATime } from '../../base/promise.js';
import type { StartBackend, StartedBackend } from './started-backend.js';

/** Runs a step when every earlier step of this thread has settled. */
export const enqueue = oneAtATime();

interface Running {
  readonly device: GPUDevice | undefined;
  readonly starting: Promise<StartedBackend>;
  started?: StartedBackend;
  holders: number;
}

/** Makes a start that all engines of this thread share. The backend is disposed with the last of them. */
export function oncePerThread(start: StartBackend): StartBackend {
  let running: Running | undefined;
  return async (options) => {
    // A backend that has failed stays with its holders, and the next start makes a new one.
    if (running?.started?.failure() !== undefined) running = undefined;
    if (running !== undefined && running.device !== options.device) {
      throw new PannierError('backend-unavailable', 'This thread runs webgpu on another GPUDevice already: load all models with one.');
    }
    running ??= { device: options.device, starting: start(options), holders: 0 };
    const shared = running;
    shared.holders++;
    let held = true;
    const dispose = () => {
      if (!held) return;
      held = false;
      if (--shared.holders > 0) return;
      if (running === shared) running = undefined;
      shared.started?.dispose();
    };
    try {
      shared.started = await shared.starting;
    } catch (thrown) {
      dispose();
      throw thrown;
    }
    return { ...shared.started, dispose };
  };
}

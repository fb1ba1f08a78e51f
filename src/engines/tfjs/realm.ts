/**
 * TF.js in one thread: one active backend, and one backend of each name. Whoever touches either takes
 * a turn, and whoever starts what runs already shares it.
 */
import { PannierError } from '../../base/errors.js';
import type { StartBackend, StartedBackend } from './backend.js';

let line: Promise<unknown> = Promise.resolve();

/** Runs `step` when every earlier step of this thread has settled. */
export function takeTurn<T>(step: () => T | Promise<T>): Promise<T> {
  const turn = line.then(step);
  line = turn.catch(() => undefined);
  return turn;
}

interface Running {
  readonly device: GPUDevice | undefined;
  readonly starting: Promise<StartedBackend>;
  started?: StartedBackend;
  holders: number;
}

/** The same start for all of this thread; the backend ends with the last who disposes it. */
export function oncePerThread(start: StartBackend): StartBackend {
  let running: Running | undefined;
  return async (options) => {
    // What has failed goes on failing for those who hold it, and is no good for anybody else.
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

/** The lines that `pannier pack` prints while a pack takes long. */
import { Worker } from 'node:worker_threads';
import { plain } from './print.js';

/** One step of a model's packing. */
export interface Step {
  readonly model: string;
  readonly step: string;
}

/**
 * Prints lines on stderr while `work` runs, by a thread of its own: TF.js holds up this one for seconds at a time. The thread
 * starts with the first step.
 */
export async function withProgress<T>(work: (onStep: (model: string, step: string) => void) => Promise<T>): Promise<T> {
  let thread: Worker | undefined;
  try {
    return await work((model, step) => {
      thread ??= new Worker(new URL('./cli-progress.js', import.meta.url)).on('error', () => undefined);
      thread.postMessage({ model: plain(model), step } satisfies Step);
    });
  } finally {
    await thread?.terminate();
  }
}

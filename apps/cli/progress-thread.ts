/** The thread that prints progress. */
import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { Progress } from '../../src/pack/progress.js';
import type { Step } from './progress.js';

const STDERR = 2;

// `process.stderr` of a thread writes through the main thread, which is busy.
const progress = new Progress((line) => {
  try {
    writeSync(STDERR, `${line}\n`);
  } catch {
    // The reader of the output has gone.
  }
});

parentPort?.on('message', ({ model, step }: Step) => progress.step(model, step));

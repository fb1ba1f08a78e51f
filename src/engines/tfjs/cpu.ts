/** The cpu backend: TF.js's kernels in JavaScript, slow, and the reference for the other backends. */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import type { StartEngine } from '../engine.js';
import { createEngine } from './engine.js';
import { mendCpuKernels } from './mended-kernels.js';
import { enqueue, oncePerThread } from './realm.js';

const startBackend = oncePerThread(() =>
  enqueue(async () => {
    // The package registers a backend of high priority. Ours has priority 0, so that the app's own backend outranks it.
    mendCpuKernels();
    if (findBackendFactory('cpu') !== null) removeBackend('cpu');
    const backend = new MathBackendCPU();
    // Without this, the first use in Node prints an advertisement for tfjs-node (TF.js 4.22).
    (backend as unknown as { firstUse: boolean }).firstUse = false;
    registerBackend('cpu', () => backend, 0);
    await setBackend('cpu');
    return {
      maxBufferBytes: Number.POSITIVE_INFINITY,
      identity: '',
      failure: () => undefined,
      whenFailed: new Promise(() => undefined),
      confirm: () => undefined,
      examine: () => undefined,
      dispose: () => removeBackend('cpu'),
    };
  }),
);

export const start: StartEngine = async (options) => createEngine('cpu', await startBackend(options));

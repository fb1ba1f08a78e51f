/** The cpu backend: TF.js's plain JavaScript kernels. Slow, and the reference for the others. */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import type { StartEngine } from '../engine.js';
import { createEngine } from './engine.js';
import { oncePerThread, takeTurn } from './realm.js';

const startBackend = oncePerThread(() =>
  takeTurn(async () => {
    // The package registers itself above every other backend that comes later; ours never wins by name.
    if (findBackendFactory('cpu') !== null) removeBackend('cpu');
    const backend = new MathBackendCPU();
    // Otherwise the first use in Node prints an advertisement for tfjs-node.
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

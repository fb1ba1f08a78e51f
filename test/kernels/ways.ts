/** The ways in which a backend runs a case. */
import type { BackendName } from '../../src/base/backend-name.js';

/** For each call that a case makes: how many elements a tensor has that webgpu computes on the GPU, and not on the processor. */
export const WAYS: Readonly<Record<BackendName, readonly number[]>> = {
  cpu: [0],
  wasm: [0],
  // TF.js's own limit, and none.
  webgpu: [0, 1000],
};

/** Sizes of tensors are computed on the processor: the GPU would have to be waited for. */
export const MAX_SIZES = 16;

/** How often a case is run on a backend: by the flags of TF.js. */
import type { BackendName } from '../../src/base/backend-name.js';

/** The flags of each call that a case makes on a backend. */
export const WAYS: Readonly<Record<BackendName, readonly Readonly<Record<string, boolean>>[]>> = {
  cpu: [{}],
  wasm: [{}],
  // Tensors of less than a thousand elements are computed on the processor, unless that is switched off: both are tried.
  webgpu: [{ WEBGPU_CPU_FORWARD: false }, { WEBGPU_CPU_FORWARD: true }],
};

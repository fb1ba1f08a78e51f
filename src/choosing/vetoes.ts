/** Why a pair need not even be started: known for nothing, before anything of it is downloaded. */
import { requestAdapter } from '../backend/adapter.js';
import type { Manifest } from '../manifest.js';
import type { Pair } from '../selection.js';
import type { Settled } from '../settled.js';

/** A sentence, or undefined where there is nothing against it. */
export async function vetoOf({ backend }: Pair, manifest: Manifest, { device }: Settled): Promise<string | undefined> {
  const missing = manifest.missingKernels[backend];
  if (missing !== undefined) return `it lacks the kernels ${missing.join(', ')}`;
  if (backend !== 'webgpu' || device !== undefined) return undefined;
  try {
    const { maxBufferSize, maxStorageBufferBindingSize } = (await requestAdapter()).limits;
    return tooLarge(manifest, Math.min(maxBufferSize, maxStorageBufferBindingSize));
  } catch {
    // Starting it says so at once, and why.
    return undefined;
  }
}

/** Whether a weight is larger than the largest buffer. */
export function tooLarge({ largestWeightBytes }: Manifest, maxBufferBytes: number): string | undefined {
  if (largestWeightBytes <= maxBufferBytes) return undefined;
  return `one weight has ${largestWeightBytes} bytes, its largest buffer ${maxBufferBytes}`;
}

/** Why a pair need not even be started: known for nothing, before anything of it is downloaded. */

import type { Target } from '../api/candidate.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import type { Manifest } from '../manifest/manifest.js';
import { bytesOf, fits } from './budget.js';

/** A sentence, or undefined where there is nothing against it that is known at once. */
export function vetoOf({ backend }: Target, manifest: Manifest, resolved: ResolvedOptions): string | undefined {
  const { missingKernels, residentBytes, intermediateBytes } = manifest;
  const missing = missingKernels[backend];
  if (missing !== undefined) return `it lacks the kernels ${missing.join(', ')}`;
  if (fits(manifest, resolved)) return undefined;
  const parts = `${residentBytes} of weights and ${intermediateBytes} of values between them`;
  return `the model takes ${bytesOf(manifest)} bytes of memory (${parts}), more than the budget of ${resolved.memoryBudgetBytes} bytes (option memoryBudgetBytes)`;
}

/** Whether two copies, of which one is being compared with the other, take more memory than the model may. */
export function tooLargeTwice(manifest: Manifest, resolved: ResolvedOptions): string | undefined {
  if (fits(manifest, resolved, 2)) return undefined;
  return `to compare it, the model would have to be there twice: ${bytesOf(manifest, 2)} bytes of memory, more than the budget of ${resolved.memoryBudgetBytes} bytes (option memoryBudgetBytes)`;
}

/** Whether a weight is larger than the largest buffer. */
export function tooLarge({ largestWeightBytes }: Manifest, maxBufferBytes: number): string | undefined {
  if (largestWeightBytes <= maxBufferBytes) return undefined;
  return `one weight has ${largestWeightBytes} bytes, its largest buffer ${maxBufferBytes}`;
}

/** Why a pair need not even be started: known for nothing, before anything of it is downloaded. */
import type { Manifest } from '../manifest.js';
import type { Pair } from '../selection.js';
import type { Settled } from '../settled.js';

/** A sentence, or undefined where there is nothing against it that is known at once. */
export function vetoOf({ backend }: Pair, manifest: Manifest, { memoryBudgetBytes }: Settled): string | undefined {
  const { missingKernels, residentBytes, intermediateBytes } = manifest;
  const missing = missingKernels[backend];
  if (missing !== undefined) return `it lacks the kernels ${missing.join(', ')}`;
  const bytes = bytesOf(manifest, 1);
  if (bytes <= memoryBudgetBytes) return undefined;
  const parts = `${residentBytes} of weights and ${intermediateBytes} of values between them`;
  return `the model takes ${bytes} bytes of memory (${parts}), more than the budget of ${memoryBudgetBytes} bytes (option memoryBudgetBytes)`;
}

/** Whether the model may be on two backends at once, as long as they are compared. */
export const fitsTwice = (manifest: Manifest, { memoryBudgetBytes }: Settled): boolean => bytesOf(manifest, 2) <= memoryBudgetBytes;

/** Of so many copies of the weights, one of which predicts. */
const bytesOf = ({ residentBytes, intermediateBytes }: Manifest, copies: number): number => copies * residentBytes + intermediateBytes;

/** Whether a weight is larger than the largest buffer. */
export function tooLarge({ largestWeightBytes }: Manifest, maxBufferBytes: number): string | undefined {
  if (largestWeightBytes <= maxBufferBytes) return undefined;
  return `one weight has ${largestWeightBytes} bytes, its largest buffer ${maxBufferBytes}`;
}

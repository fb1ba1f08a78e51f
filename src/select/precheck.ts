/** Whether a target may be started, as far as the manifest, the circuit breaker, the browser's GPU and the crash mark tell. */

import type { WeightsCache } from '../api/cache.js';
import type { Target } from '../api/candidate.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import type { BackendName } from '../base/backend-name.js';
import { messageOf, PannierError } from '../base/errors.js';
import { requestAdapter } from '../engines/adapter.js';
import { adapterName, isSoftware } from '../engines/adapter-info.js';
import { refusalOf } from '../engines/registry.js';
import type { Manifest } from '../manifest/manifest.js';
import { circuitBreaker } from './circuit-breaker.js';
import { CrashMark } from './crash-mark.js';
import { fits, memoryBytes } from './eligible.js';

/** Why a target is not started. One that is left alone is tried anyway if no other target is right. */
export interface Refusal {
  readonly refused: string;
  readonly isLeftAlone: boolean;
}

const refusal = (refused: string, isLeftAlone = false): Refusal => ({ refused, isLeftAlone });

const SOFTWARE_GPU =
  'the browser computes WebGPU in software here (isFallbackAdapter), which is slower than wasm and keeps the browser from drawing';

/**
 * Asks around before anything is started.
 * @param isForced no other target is right, so that this one is not left alone
 * @throws nothing of its own; may wait for the browser's GPU process for as long as that hangs
 */
export async function precheck(
  { backend }: Target,
  manifest: Manifest,
  { device, auto }: ResolvedOptions,
  cache: WeightsCache | null,
  isForced: boolean,
): Promise<Refusal | { readonly crashMark: CrashMark }> {
  const openReason = circuitBreaker.openReason(backend);
  if (openReason !== undefined && !isForced) return refusal(openReason, true);

  let adapter: Parameters<typeof adapterName>[0] = { info: device?.adapterInfo };
  if (backend === 'webgpu' && device === undefined) {
    const asked = await requestAdapter().catch((thrown: PannierError) => thrown);
    if (asked instanceof PannierError) {
      // A browser without WebGPU refuses the start at once, with its own reason.
      if (countAbsence(backend, asked)) return refusal(circuitBreaker.openReason(backend) ?? messageOf(asked));
    } else {
      if (auto && !isForced && isSoftware(asked)) return refusal(SOFTWARE_GPU, true);
      const { maxBufferSize, maxStorageBufferBindingSize } = asked.limits;
      const large = weightTooLarge(manifest, Math.min(maxBufferSize, maxStorageBufferBindingSize));
      if (large !== undefined) return refusal(large);
      adapter = asked;
    }
  }

  const crashMark = new CrashMark(cache, manifest.hash, backend, adapterName(adapter));
  const crashes = await crashMark.reason();
  return crashes === undefined ? { crashMark } : refusal(crashes);
}

/** Tells the circuit breaker if the browser has no adapter to give just now. @returns whether that is what `thrown` says */
export function countAbsence(backend: BackendName, thrown: unknown): boolean {
  const isAbsent = thrown instanceof PannierError && thrown.detail['adapter'] === null;
  if (isAbsent) circuitBreaker.fail(backend, messageOf(thrown), true);
  return isAbsent;
}

/** Why a target need not even be started, in a sentence; undefined if nothing that is known at once speaks against it. */
export function ineligibleReason(target: Target, manifest: Manifest, resolved: ResolvedOptions): string | undefined {
  const { residentBytes, intermediateBytes } = manifest;
  const refused = refusalOf(target, manifest);
  if (refused !== undefined) return refused;
  if (fits(manifest, resolved)) return undefined;
  const parts = `${residentBytes} of weights and ${intermediateBytes} of values between them`;
  return `the model takes ${memoryBytes(manifest)} bytes of memory (${parts}), more than the budget of ${resolved.memoryBudgetBytes} bytes (option memoryBudgetBytes)`;
}

/** Why the model cannot be open on two targets at once, as a comparison needs; undefined if it can. */
export function tooLargeTwice(manifest: Manifest, resolved: ResolvedOptions): string | undefined {
  if (fits(manifest, resolved, 2)) return undefined;
  return `to compare it, the model would have to be there twice: ${memoryBytes(manifest, 2)} bytes of memory, more than the budget of ${resolved.memoryBudgetBytes} bytes (option memoryBudgetBytes)`;
}

/** Why the largest weight fits into no buffer of the backend; undefined if it does. */
export function weightTooLarge({ largestWeightBytes }: Manifest, maxBufferBytes: number): string | undefined {
  if (largestWeightBytes <= maxBufferBytes) return undefined;
  return `one weight has ${largestWeightBytes} bytes, its largest buffer ${maxBufferBytes}`;
}

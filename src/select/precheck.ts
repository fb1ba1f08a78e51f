/** Whether a pair may be started, as far as only asking around can tell: the ladder, the browser's GPU, the quarantine. */

import type { WeightsCache } from '../api/cache.js';
import type { Target } from '../api/candidate.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import type { BackendName } from '../base/backend-name.js';
import { messageOf, PannierError } from '../base/errors.js';
import { adapterName, requestAdapter } from '../engines/adapter.js';
import type { Manifest } from '../manifest/manifest.js';
import { circuitBreaker } from './circuit-breaker.js';
import { tooLarge } from './eligible.js';
import { type Held, Quarantine } from './quarantine.js';

/** What came out: it is refused, or it may be tried, under what its quarantine keeps. */
export type Precheck = { readonly refused: Held } | { readonly quarantine: Quarantine };

const refusedFor = (reason: string, mayBeLast = false): Precheck => ({ refused: { reason, mayBeLast } });

/** @param isLast no other pair is right: what was lost is tried all the same */
export async function precheck(
  { backend }: Target,
  manifest: Manifest,
  { device }: ResolvedOptions,
  cache: WeightsCache | null,
  isLast: boolean,
): Promise<Precheck> {
  const veto = circuitBreaker.veto(backend);
  const mayBeLast = circuitBreaker.mayBeLast(backend);
  if (veto !== undefined && !(isLast && mayBeLast)) return refusedFor(veto, mayBeLast);

  let adapter: Parameters<typeof adapterName>[0] = { info: device?.adapterInfo };
  if (backend === 'webgpu' && device === undefined) {
    const asked = await requestAdapter().catch((thrown: PannierError) => thrown);
    if (asked instanceof PannierError) {
      // Else starting it says so at once, and why.
      if (noteAbsence(backend, asked)) return refusedFor(circuitBreaker.veto(backend) as string);
    } else {
      const { maxBufferSize, maxStorageBufferBindingSize } = asked.limits;
      const large = tooLarge(manifest, Math.min(maxBufferSize, maxStorageBufferBindingSize));
      if (large !== undefined) return refusedFor(large);
      adapter = asked;
    }
  }

  const quarantine = new Quarantine(cache, manifest.hash, backend, adapterName(adapter));
  const held = await quarantine.held();
  return held === undefined || (isLast && held.mayBeLast) ? { quarantine } : { refused: held };
}

/** Tells the ladder where a browser has none to give just now. */
export function noteAbsence(backend: BackendName, thrown: unknown): boolean {
  const isAbsent = thrown instanceof PannierError && thrown.detail['adapter'] === null;
  if (isAbsent) circuitBreaker.absent(backend, messageOf(thrown));
  return isAbsent;
}

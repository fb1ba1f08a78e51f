/** What an earlier visit found out: which pair is right and fastest for this model on this device. */

import type { WeightsCache } from '../api/cache.js';
import { type Candidate, isSameTarget, type Target } from '../api/candidate.js';
import { browserVersion } from '../base/browser-version.js';
import { fromBytes } from '../base/json.js';
import { TFJS_VERSION, VERSION } from '../base/versions.js';

/** The verdict of a trial, as the weights cache keeps it. */
export interface Choice {
  readonly chosen: Target;
  readonly selection: readonly Candidate[];
  /** Vendor and architecture of the GPU that took part; empty where none did. */
  readonly adapter: string;
  /** How long it counts, on the wall clock: a verdict outlives the page. */
  readonly untilMs: number;
}

/** A GPU driver, a browser's fix, other apps on the device: a verdict grows old. */
export const VALID_MS = 30 * 24 * 3_600_000;

/** Whatever could change a verdict is in its key, but the GPU, which takes time to ask for. */
export const choiceKey = (modelHash: string): string => {
  const { crossOriginIsolated = false, navigator: { hardwareConcurrency = 0 } = {} } = globalThis;
  return `choice:${[modelHash, VERSION, TFJS_VERSION, browserVersion(), crossOriginIsolated, hardwareConcurrency].join(' ')}`;
};

/** Undefined where there is none that still counts, or none that can be read. Never rejects. */
export async function readChoice(cache: WeightsCache | null, modelHash: string, pairs: readonly Target[]): Promise<Choice | undefined> {
  try {
    const bytes = await cache?.get(choiceKey(modelHash));
    if (bytes === undefined) return undefined;
    const choice = fromBytes(bytes) as Choice;
    const leftMs = choice.untilMs - Date.now();
    return leftMs > 0 && leftMs <= VALID_MS && pairs.some((pair) => isSameTarget(pair, choice.chosen)) ? choice : undefined;
  } catch {
    return undefined;
  }
}

/** The choice of an earlier visit: the target that is right and fastest for this model on this device. */

import type { WeightsCache } from '../api/cache.js';
import { type Candidate, isSameTarget, type Target } from '../api/candidate.js';
import { browserVersion } from '../base/browser-version.js';
import { CHOICE_PREFIX } from '../base/cache-keys.js';
import { fromBytes } from '../base/json.js';
import { VERSION } from '../base/versions.js';
import { versionedNames } from '../engines/registry.js';

/** The outcome of a race, as the weights cache keeps it. */
export interface Choice {
  readonly chosen: Target;
  readonly selection: readonly Candidate[];
  /** Vendor and architecture of the GPU that took part; empty if none did. */
  readonly adapter: string;
  /** How long it counts, on the wall clock, since it outlives the page. */
  readonly untilMs: number;
}

/** A new GPU driver, a browser's fix or other apps on the device change what is fastest. */
export const MAX_AGE_MS = 30 * 24 * 3_600_000;

/** Everything that could change what is fastest is in the key, except the GPU, which takes time to ask for. */
export const choiceKey = (modelHash: string): string => {
  const { crossOriginIsolated = false, navigator: { hardwareConcurrency = 0 } = {} } = globalThis;
  return `${CHOICE_PREFIX}${[modelHash, VERSION, versionedNames(), browserVersion(), crossOriginIsolated, hardwareConcurrency].join(' ')}`;
};

/** The choice of an earlier visit; undefined if there is none that still counts and can be read. Never rejects. */
export async function readChoice(cache: WeightsCache, modelHash: string, targets: readonly Target[]): Promise<Choice | undefined> {
  try {
    const bytes = await cache.get(choiceKey(modelHash));
    if (bytes === undefined) return undefined;
    const choice = fromBytes(bytes) as Choice;
    const leftMs = choice.untilMs - Date.now();
    // The key holds the version that wrote it, so that only a damaged record has another shape.
    const isWhole = choice.selection.every(({ backend, state }) => backend !== undefined && state !== undefined);
    return isWhole && leftMs > 0 && leftMs <= MAX_AGE_MS && targets.some((each) => isSameTarget(each, choice.chosen)) ? choice : undefined;
  } catch {
    return undefined;
  }
}

/** How old a model is, by the device's clock at the time of asking. */
import type { ModelInfo } from '../api/model.js';
import { infoOfModel } from './checks.js';

/** How old a model is, and whether that is too old. */
export interface ModelAge {
  /** Whole days since `packedAt`. Undefined without `packedAt`, and if the device's clock is more than a day before it, which is then wrong. */
  readonly days: number | undefined;
  /** Whether `days` has reached the packer's `staleAfterDays`; false if either is unknown. */
  readonly stale: boolean;
}

const DAY_MS = 86_400_000;

/**
 * Tells a model's age by this device's clock.
 * @param model as `loadModel` gives it
 * @throws {PannierError} `input` if it is no loaded model
 */
export function ageOf(model: { readonly info: ModelInfo }): ModelAge {
  const { packedAt, staleAfterDays } = infoOfModel('ageOf', model);
  const days = packedAt === undefined ? undefined : daysSince(packedAt);
  return { days, stale: days !== undefined && staleAfterDays !== undefined && days >= staleAfterDays };
}

/**
 * Whole days since `date`, by this device's clock. A date without a time is midnight in Greenwich, which is still to come for
 * an author further east, so that up to one day in the future counts as 0.
 * @returns undefined if the clock is more than a day before `date`, since then the clock is wrong
 */
function daysSince(date: string): number | undefined {
  const days = Math.floor((Date.now() - Date.parse(date)) / DAY_MS);
  return days < -1 ? undefined : Math.max(0, days);
}

/** How long the long lines are: all of it by hand, a twentieth in CI, a moment in `npm test`. */
import { test } from 'vitest';

const TIERS: Readonly<Record<string, number>> = { evidence: 1, ci: 1 / 20 };

const tier = process.env['PANNIER_TIER'] ?? '';

/** A test that takes long even once: where there is a tier, not in `npm test`, which counts it as skipped. */
export const longTest = test.runIf(tier in TIERS);

/**
 * How often a test repeats itself here, by `PANNIER_TIER`.
 * @param full how often it does as evidence
 * @param least how often it does in `npm test`; no tier does less
 */
export function runs(full: number, least: number): number {
  return Math.max(least, Math.ceil(full * (TIERS[tier] ?? 0)));
}

/** Milliseconds that a long line may take at its full count. */
export const LONG_MS = 3_600_000;

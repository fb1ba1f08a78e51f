/** How long the long lines are: at full count by hand, a twentieth of it in `.ci/run`, a few times in `npm test` and `npm run test:all`. */
import { test } from 'vitest';

const TIERS: Readonly<Record<string, number>> = { evidence: 1, ci: 1 / 20 };

const tier = process.env['PANNIER_TIER'] ?? '';

/** A test that takes long even once: it runs where there is a tier. Without one, it counts as skipped. */
export const longTest = test.runIf(tier in TIERS);

/** A test for which `.ci/run` has no time: only `npm run evidence` runs it. */
export const evidenceTest = test.runIf(tier === 'evidence');

/**
 * How often a test repeats itself here, by `PANNIER_TIER`.
 * @param full how often the test repeats itself as evidence
 * @param least how often it does without a tier; no tier does less
 */
export function runs(full: number, least: number): number {
  return Math.max(least, Math.ceil(full * (TIERS[tier] ?? 0)));
}

/** Milliseconds that a long line may take at its full count. */
export const LONG_MS = 3_600_000;

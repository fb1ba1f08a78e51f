/** The fuzzer: a seed that is always the same and one that is new each time, in a process of its own with a bounded memory. */
import { expect, test } from 'vitest';
import { LONG_MS, runs } from '../tier.js';
import { FIXED_SEED, fuzz } from './run.mjs';

test('every parser takes what it is given, or refuses it by a PannierError', { timeout: LONG_MS }, async () => {
  const inputs = String(runs(100_000, 400));
  const { code, text, rounds } = await fuzz(['--json', '--seed', String(FIXED_SEED), '--rounds', '2', '--inputs', inputs], { quiet: true });
  const failures = rounds.flatMap((round) => round.failures);
  expect({ failures, code }, text).toEqual({ failures: [], code: 0 });
  expect(rounds.map(({ seed }) => seed)).toEqual([FIXED_SEED, expect.any(Number)]);
  // What takes everything, or nothing, was never tried; of few inputs that may be chance.
  const many = rounds.flatMap(({ reports }) => reports).filter(({ inputs }) => inputs > 2_000);
  for (const { surface, accepted, refused } of many) {
    expect(accepted, surface).toBeGreaterThan(0);
    expect(refused, surface).toBeGreaterThan(0);
  }
});

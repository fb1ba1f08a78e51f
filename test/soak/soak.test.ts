/** The soaks, in short; at length: `npm run soak`. */
import { expect } from 'vitest';
import { LONG_MS, longTest, runs } from '../tier.js';
import { run } from './gpu.mjs';
import { run as runKills } from './kills.mjs';

longTest(
  'predicts under a GPU that crashes at random moments: none hangs, none is wrong, and the model comes back',
  { timeout: LONG_MS },
  async () => {
    const crashes = runs(20, 1);
    const result = await run({ crashes });
    expect(result).toMatchObject({ passes: true, wrong: 0, hung: 0, recovered: crashes });
  },
);

longTest(
  'S11: a browser killed (-9) at random moments of a first load or an update is right at its next start, and downloads nothing twice',
  { timeout: LONG_MS },
  async () => {
    const result = await runKills({ firstLoads: runs(200, 1), updates: runs(50, 1) });
    expect(result).toMatchObject({ passes: true, problems: [] });
  },
);

/** The soaks, in short; at length: `npm run soak`. */
import { expect } from 'vitest';
import { LONG_MS, longTest, runs } from '../tier.js';
import { run } from './gpu.mjs';

longTest(
  'predicts under a GPU that crashes at random moments: none hangs, none is wrong, and the model comes back',
  { timeout: LONG_MS },
  async () => {
    const crashes = runs(20, 1);
    const result = await run({ crashes });
    expect(result).toMatchObject({ passes: true, wrong: 0, hung: 0, recovered: crashes });
  },
);

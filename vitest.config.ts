import { defineConfig } from 'vitest/config';

/** Tests that start no browser and measure nothing: files of them run side by side. */
const NODE_ONLY = ['test/*.test.ts', 'test/{contract,fuzz,node,pack,unit}/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'node', include: NODE_ONLY, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      // Browser tests drive real browsers over the built files, so test files take turns: two at once
      // would measure each other on a machine of two cores.
      {
        extends: true,
        test: { name: 'browser', include: ['test/**/*.test.ts'], exclude: NODE_ONLY, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config';

/** Tests that need no browser. */
const NODE_ONLY = ['test/*.test.ts', 'test/{cli,compiled,contract,fuzz,keras,kernels,node,pack,passes,unit}/**/*.test.ts'];

/** Tests of programs, each in folders and browsers of its own: they wait for bundlers and starts more than they compute. */
const PROGRAMS = ['test/apps/**/*.test.ts', 'test/browser/*-cli.test.ts'];

/**
 * The smoke test: one pass over loading, predicting, going offline and the strict policy in Chromium, in about a minute. `npm test`
 * runs it after the tests of Node; `npm run test:all` runs all the others too.
 */
const SMOKE = ['test/browser/{built,offline,predict,security}.test.ts'];

/** What comes by itself may take its time on a busy machine; Vitest's own limit is a second. */
const PATIENCE_MS = 20_000;

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: PATIENCE_MS } },
    setupFiles: 'test/patience.ts',
    provide: { patienceMs: PATIENCE_MS },
    projects: [
      // Files run side by side.
      { extends: true, test: { name: 'node', include: NODE_ONLY, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'programs', include: PROGRAMS, maxWorkers: 2, sequence: { groupOrder: 2 } } },
      // The others drive real browsers over the built files, so test files take turns: two at once
      // would measure each other on a machine of two cores.
      { extends: true, test: { name: 'smoke', include: SMOKE, fileParallelism: false, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/**/*.test.ts'],
          exclude: [...NODE_ONLY, ...PROGRAMS, ...SMOKE],
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});

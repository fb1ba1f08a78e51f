import { defineConfig } from 'vitest/config';

// Browser tests drive real Chromium over the built files, so test files take turns: two at once
// would measure each other on a machine of two cores.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

/** The options of `loadModel`, of which JavaScript checks none. */
import fc from 'fast-check';
import { resolveOptions } from '../../../src/api/resolve-options.js';
import { changed, poison } from '../mutation.js';
import { refusable, surface } from '../surface.js';

const backend = fc.constantFrom('webgpu', 'wasm', 'cpu');

const good = fc.record(
  {
    backend: fc.oneof(fc.constant('auto'), backend, fc.array(backend, { minLength: 1, maxLength: 3 })),
    ...{ thread: fc.constantFrom('worker', 'page'), cache: fc.constantFrom(null, {}), network: fc.constantFrom('auto', 'cache-only') },
    fetch: fc.constant(() => undefined),
    assetUrl: fc.constant((_name: string, url: string) => url),
    onProgress: fc.constant(() => undefined),
    ...{
      deadlineMs: fc.integer({ min: 1 }),
      backendDeadlineMs: fc.integer({ min: 1 }),
      memoryBudgetBytes: fc.nat(),
      cacheBudgetBytes: fc.nat(),
    },
    ...{ autotune: fc.boolean(), trace: fc.boolean(), nonFinite: fc.constantFrom('error', 'allow') },
  },
  { requiredKeys: [] },
);

export const loadOptions = surface({
  name: 'load-options',
  share: 80,
  inputs: changed(good, poison),
  feed: (given) =>
    refusable(() => {
      const { backends, key, deadlineMs } = resolveOptions(given as never);
      if (backends.length === 0 || typeof key !== 'string' || !(deadlineMs / 4 > 0)) throw new Error('Settled, and not usable.');
    }),
});

/** How long a pass of the golden sample is remembered: until something changes that could change the answer. */
import { afterEach, expect, it, vi } from 'vitest';
import { GoldenTest } from '../../src/golden/golden-test.js';
import { Queue } from '../../src/runtime/queue.js';
import { fakeEngine, fakeModel, rest } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';

afterEach(() => vi.unstubAllGlobals());

it('a pass counts in the same major version of a browser, on the same GPU', async () => {
  const { manifest, files } = fakeModel();
  const cache = memoryCache();
  const golden = new Uint8Array(files.get('golden.bin')!).buffer;
  const testOn = (chrome: string, identity = 'intel gen-12') => {
    vi.stubGlobal('navigator', { userAgent: `Mozilla/5.0 (X11) Chrome/${chrome} Safari/537.36` });
    return new GoldenTest(manifest, golden, { engine: { ...fakeEngine('wasm'), identity }, queue: new Queue() }, cache, 1_000);
  };
  const first = testOn('150.0.1.2');
  expect(await first.recall()).toBeUndefined();
  const session = await fakeEngine('wasm').open({
    name: 'fake',
    graph: new ArrayBuffer(0),
    weights: [],
    controlFlow: false,
  });
  expect(await first.runAndRemember(session, first.samples)).toMatchObject({ agrees: true });
  await rest();
  const remembered = [testOn('150.0.1.2'), testOn('150.0.9.9'), testOn('151.0.1.2'), testOn('150.0.1.2', 'amd rdna-3')];
  expect(await Promise.all(remembered.map((each) => each.recall()))).toEqual(['passed', 'passed', undefined, undefined]);
});

/** Which shapes reach an engine, seen from the engine. */
import { expect, it, vi } from 'vitest';
import { loadModel } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { type FakeEngine, fakeEngine, fakeFetch, fakeModel } from '../fixtures/fakes.js';

const realm = vi.hoisted(() => ({ engine: undefined as unknown }));
vi.mock('../../src/engines/local.js', () => ({ isRealmTaken: () => false, startLocalEngine: async () => realm.engine }));

it('as many shapes reach the engine as there are buckets, and no padding comes back', async () => {
  const engine: FakeEngine = fakeEngine();
  realm.engine = engine;
  const { manifest, files } = fakeModel();
  const signature: Manifest['signature'] = {
    inputs: { x: { dtype: 'float32', shape: [1, null], pad: { to: [4, 8, 32], axis: 1, value: 0 } } },
    outputs: { y: { dtype: 'float32', shape: [1, null], lengthAxes: [1] } },
  };
  using model = await loadModel({ ...manifest, signature }, { backend: 'cpu', fetch: fakeFetch(files).fetch, cache: null });
  for (let length = 1; length <= 32; length++) {
    const { outputs } = await model.predict({ x: Float32Array.from({ length }, (_, index) => index + 1) });
    expect(outputs['y']).toEqual({ dtype: 'float32', shape: [1, length], data: Float32Array.from({ length }, (_, index) => index + 2) });
  }
  await expect(model.predict({ x: new Float32Array(33) })).rejects.toMatchObject({ code: 'input', detail: { most: 32, length: 33 } });
  const shapes = engine.runs.map(([feed]) => String(feed?.shape));
  // The golden run is the first.
  expect([shapes.length, [...new Set(shapes)]]).toEqual([33, ['1,4', '1,8', '1,32']]);
});

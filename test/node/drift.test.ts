/** Whether a model is as sure in use as it was of its samples: counted by `predict`, told by `stats().drift`. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PredictOptions } from '../../src/api/model.js';
import { loadModel, type Model } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { pack } from '../../src/pack/index.js';
import { rejection } from '../fixtures/fakes.js';
import { addModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { writeNpy } from '../fixtures/npy.js';

const folder = scratch();
let manifest: Manifest;
let silent: Manifest;
let two: Manifest;
let detector: Manifest;

beforeAll(async () => {
  // y = x: what is given is what it is sure of.
  const model = writeModel(addModel([-1, 4], new Float32Array(4)), join(folder, 'source'));
  // Mostly sure: half of them in the last bin, and a tenth from 0.4 to 0.6.
  const scores = Array.from({ length: 400 }, (_, index) => (index % 10 === 0 ? 0.5 : index % 2 === 0 ? 0.97 : 1));
  const x = writeNpy(folder, [400, 4], Float32Array.from(scores.flatMap((score) => [0, score, 0, 0])));
  const drift = { samples: [{ inputs: { x } }] };
  manifest = (await pack({ model, out: join(folder, 'packed'), drift })).manifest;
  silent = (await pack({ model, out: join(folder, 'silent') })).manifest;
  const pair = writeModel(twoInputModel(), join(folder, 'two'));
  const inputs = { first: writeNpy(folder, [1, 3], Float32Array.of(0.5, 0, 0)), second: writeNpy(folder, [1, 3], new Int32Array(3)) };
  two = (await pack({ model: pair, out: join(folder, 'two-packed'), drift: { output: 'total', samples: [{ inputs }] } })).manifest;
  const boxes = writeModel(addModel([-1, 50, 4], new Float32Array(4)), join(folder, 'boxes'));
  const seen = { x: writeNpy(folder, [200, 50, 4], new Float32Array(40_000)) };
  detector = (await pack({ model: boxes, out: join(folder, 'detector'), drift: { samples: [{ inputs: seen }] } })).manifest;
});

const on = { backend: 'cpu', drift: true } as const;
const rows = (...scores: number[]) => ({
  x: { data: Float32Array.from(scores.flatMap((score) => [score, 0, 0, 0])), shape: [scores.length, 4] },
});
const give = (model: Model, ...scores: number[]) => model.predict(rows(...scores));

describe('stats().drift', () => {
  it('counts each row of each answer, and has an index from 200 scores on', async () => {
    using model = await loadModel(manifest, on);
    const expected = [0, 0, 40, 0, 0, 0, 160, 200];
    expect(model.stats().drift).toEqual({
      ...{ count: 0, answers: 0, counts: [0, 0, 0, 0, 0, 0, 0, 0], expected, index: undefined },
      edges: [0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99],
    });
    await give(model, 0.1, 0.5, 1);
    expect(model.stats().drift).toMatchObject({ count: 3, answers: 3, counts: [1, 0, 1, 0, 0, 0, 0, 1], expected, index: undefined });
    await give(model, ...Array(196).fill(1));
    expect(model.stats().drift).toMatchObject({ count: 199, index: undefined });
    await give(model, 1);
    expect(model.stats().drift?.index).toBeGreaterThan(0.25);
    expect(model.notes).toEqual([]);
  });

  it('takes the boxes of one picture for one answer, however many they are', async () => {
    using model = await loadModel(detector, on);
    const pictures = (count: number) => ({ x: { data: new Float32Array(count * 200), shape: [count, 50, 4] } });
    await model.predict(pictures(16));
    expect(model.stats().drift).toMatchObject({ count: 800, answers: 16, index: undefined });
    for (let call = 0; call < 23; call++) await model.predict(pictures(8));
    expect(model.stats().drift).toMatchObject({ answers: 200, index: expect.any(Number) });
  });

  it('has no index where the samples were few', async () => {
    using model = await loadModel(two, on);
    await model.predict({
      first: { data: new Float32Array(900), shape: [300, 3] },
      second: { data: new Int32Array(900), shape: [300, 3] },
    });
    expect(model.stats().drift).toMatchObject({ count: 300, answers: 300, index: undefined });
  });

  it('is small for what the samples were, and large where the model is unsure', async () => {
    using same = await loadModel(manifest, on);
    using other = await loadModel(manifest, on);
    for (let call = 0; call < 30; call++) {
      await give(same, 1, 1, 1, 1, 1, 0.97, 0.97, 0.97, 0.97, 0.5);
      await give(other, 1, 0.97, 0.5, 0.5, 0.5, 0.7, 0.7, 0.3, 0.3, 0.3);
    }
    expect(same.stats().drift?.index).toBeLessThan(0.01);
    expect(other.stats().drift?.index).toBeGreaterThan(1);
    // Each handle counts its own calls, though they have one model.
    expect([same, other].map((each) => each.stats().drift?.count)).toEqual([300, 300]);
  });

  it('counts what answers alone, and no output that is not read; into arrays of the app too', async () => {
    using model = await loadModel(two, on);
    const inputs = { first: Float32Array.of(0.3, 0, 0), second: new Int32Array(3) };
    await model.predict(inputs, { outputs: ['zero'] });
    await rejection(model.predict({} as never));
    await rejection(model.predict({ ...inputs, first: Float32Array.of(Number.NaN, 0, 0) }));
    expect(model.stats()).toMatchObject({ count: 1, failedCount: 2, drift: { count: 0 } });
    await model.predict(inputs, { into: { total: new Float32Array(3) } } as PredictOptions);
    for await (const { outputs } of model.predictEach([inputs, inputs])) expect(outputs['total']).toBeDefined();
    expect(model.stats()).toMatchObject({ count: 4, drift: { count: 3, counts: [0, 3, 0, 0, 0, 0, 0, 0] } });
  });

  it('counts nothing of what the fallback of the app answers', async () => {
    const fallback = async () => ({ sumY: [1, 0, 0, 0] });
    using model = await loadModel(manifest, { ...on, memoryBudgetBytes: 0, fallback });
    expect((await give(model, 1)).backend).toBe('fallback');
    expect(model.stats()).toMatchObject({ count: 1, drift: { count: 0 } });
  });

  it('gives plain values that nobody else changes', async () => {
    using model = await loadModel(manifest, on);
    const before = structuredClone(model.stats().drift);
    const mine = model.stats().drift as unknown as { counts: number[]; expected: number[]; edges: number[] };
    for (const list of [mine.counts, mine.expected, mine.edges]) list.fill(-1);
    expect(model.stats().drift).toEqual(before);
  });

  it('is not there unless it was asked for', async () => {
    using model = await loadModel(manifest, { backend: 'cpu' });
    await give(model, 1);
    expect(model.stats().drift).toBeUndefined();
  });

  it('is not there where the model was packed without samples, which one note says', async () => {
    using model = await loadModel(silent, on);
    using again = await loadModel(silent, on);
    await give(model, 1);
    expect([model.stats().drift, again.stats().drift]).toEqual([undefined, undefined]);
    expect(model.notes).toEqual([
      { code: 'drift-unknown', message: expect.stringContaining('"source" was packed without the option drift') },
    ]);
  });

  it('is a yes or no', async () => {
    expect(await rejection(loadModel(manifest, { drift: 'yes' } as never))).toMatchObject({
      code: 'options',
      message: expect.stringContaining("loadModel's option drift should be true or false, but is yes"),
    });
  });
});

/** Whether a model is as sure in use as it was of its samples: counted by `watchDrift` from the event `prediction`. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { PredictOptions } from '../../src/api/model.js';
import { watchDrift } from '../../src/drift/index.js';
import { loadModel, type Model } from '../../src/index.js';
import type { Manifest, ModelSource } from '../../src/manifest/manifest.js';
import { pack } from '../../src/pack/index.js';
import { fakeModel } from '../../src/testing/index.js';
import { rejection } from '../fixtures/fakes.js';
import { addModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { writeNpy } from '../fixtures/npy.js';

const folder = scratch();
let manifest: Manifest;
let silent: Manifest;
let two: Manifest;
let detector: Manifest;
let samples: readonly { readonly inputs: { readonly x: string } }[];

beforeAll(async () => {
  // y = x: what is given is what it is sure of.
  const model = writeModel(addModel([-1, 4], new Float32Array(4)), join(folder, 'source'));
  // Mostly sure: half of them in the last bin, and a tenth from 0.4 to 0.6.
  const scores = Array.from({ length: 400 }, (_, index) => (index % 10 === 0 ? 0.5 : index % 2 === 0 ? 0.97 : 1));
  const x = writeNpy(folder, [400, 4], Float32Array.from(scores.flatMap((score) => [0, score, 0, 0])));
  samples = [{ inputs: { x } }];
  const drift = { samples };
  manifest = (await pack({ model, out: join(folder, 'packed'), drift })).manifest;
  silent = (await pack({ model, out: join(folder, 'silent') })).manifest;
  const pair = writeModel(twoInputModel(), join(folder, 'two'));
  const inputs = { first: writeNpy(folder, [1, 3], Float32Array.of(0.5, 0, 0)), second: writeNpy(folder, [1, 3], new Int32Array(3)) };
  two = (await pack({ model: pair, out: join(folder, 'two-packed'), drift: { output: 'total', samples: [{ inputs }] } })).manifest;
  const boxes = writeModel(addModel([-1, 50, 4], new Float32Array(4)), join(folder, 'boxes'));
  const seen = { x: writeNpy(folder, [200, 50, 4], new Float32Array(40_000)) };
  detector = (await pack({ model: boxes, out: join(folder, 'detector'), drift: { samples: [{ inputs: seen }] } })).manifest;
});

const on = { backend: 'cpu' } as const;
const rows = (...scores: number[]) => ({
  x: { data: Float32Array.from(scores.flatMap((score) => [score, 0, 0, 0])), shape: [scores.length, 4] },
});
const give = (model: Model, ...scores: number[]) => model.predict(rows(...scores));

describe('watchDrift', () => {
  it('counts each row of each answer, and has an index from 200 scores on', async () => {
    using model = await loadModel(manifest, on);
    const watch = watchDrift(model);
    const expected = [0, 0, 40, 0, 0, 0, 160, 200];
    expect(watch.read()).toEqual({
      ...{ count: 0, answers: 0, counts: [0, 0, 0, 0, 0, 0, 0, 0], expected, index: undefined },
      edges: [0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99],
    });
    await give(model, 0.1, 0.5, 1);
    expect(watch.read()).toMatchObject({ count: 3, answers: 3, counts: [1, 0, 1, 0, 0, 0, 0, 1], expected, index: undefined });
    await give(model, ...Array(196).fill(1));
    expect(watch.read()).toMatchObject({ count: 199, index: undefined });
    await give(model, 1);
    expect(watch.read().index).toBeGreaterThan(0.25);
  });

  it('takes the boxes of one picture for one answer, however many they are', async () => {
    using model = await loadModel(detector, on);
    const watch = watchDrift(model);
    const pictures = (count: number) => ({ x: { data: new Float32Array(count * 200), shape: [count, 50, 4] } });
    await model.predict(pictures(16));
    expect(watch.read()).toMatchObject({ count: 800, answers: 16, index: undefined });
    for (let call = 0; call < 23; call++) await model.predict(pictures(8));
    expect(watch.read()).toMatchObject({ answers: 200, index: expect.any(Number) });
  });

  it('puts logits through a softmax, also those without labels', async () => {
    const source = join(folder, 'source', 'model.json');
    const options = { outputs: { y: { values: 'logits' } }, drift: { samples } } as const;
    using model = await loadModel((await pack({ model: source, out: join(folder, 'logits'), ...options })).manifest, on);
    const watch = watchDrift(model);
    await model.predict({ x: { data: new Float32Array(4), shape: [1, 4] } });
    expect(watch.read().counts).toEqual([0, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('has no index if the samples were few', async () => {
    using model = await loadModel(two, on);
    const watch = watchDrift(model);
    await model.predict({
      first: { data: new Float32Array(900), shape: [300, 3] },
      second: { data: new Int32Array(900), shape: [300, 3] },
    });
    expect(watch.read()).toMatchObject({ count: 300, answers: 300, index: undefined });
  });

  it('has a small index for what the samples were, and a large one if the model is unsure', async () => {
    using same = await loadModel(manifest, on);
    using other = await loadModel(manifest, on);
    const watches = [watchDrift(same), watchDrift(other)] as const;
    for (let call = 0; call < 30; call++) {
      await give(same, 1, 1, 1, 1, 1, 0.97, 0.97, 0.97, 0.97, 0.5);
      await give(other, 1, 0.97, 0.5, 0.5, 0.5, 0.7, 0.7, 0.3, 0.3, 0.3);
    }
    expect(watches[0].read().index).toBeLessThan(0.01);
    expect(watches[1].read().index).toBeGreaterThan(1);
    // Each handle's own calls are counted, though both handles share one model.
    expect(watches.map((watch) => watch.read().count)).toEqual([300, 300]);
  });

  it('counts answers alone, and no output that is not read; into arrays of the app too', async () => {
    using model = await loadModel(two, on);
    const watch = watchDrift(model);
    const inputs = { first: Float32Array.of(0.3, 0, 0), second: new Int32Array(3) };
    await model.predict(inputs, { outputs: ['zero'] });
    await rejection(model.predict({} as never));
    await rejection(model.predict({ ...inputs, first: Float32Array.of(Number.NaN, 0, 0) }));
    expect([model.stats().count, model.stats().failedCount, watch.read().count]).toEqual([1, 2, 0]);
    await model.predict(inputs, { into: { total: new Float32Array(3) } } as PredictOptions);
    for await (const { outputs } of model.predictEach([inputs, inputs])) expect(outputs['total']).toBeDefined();
    expect(watch.read()).toMatchObject({ count: 3, counts: [0, 3, 0, 0, 0, 0, 0, 0] });
  });

  it('counts nothing of what the fallback of the app answers', async () => {
    const fallback = async () => ({ sumY: [1, 0, 0, 0] });
    using model = await loadModel(manifest, { ...on, memoryBudgetBytes: 0, fallback });
    const watch = watchDrift(model);
    expect((await give(model, 1)).backend).toBe('fallback');
    expect([model.stats().count, watch.read().count]).toEqual([1, 0]);
  });

  it('counts no more once it is disposed, and can still be read; another watch goes on', async () => {
    using model = await loadModel(manifest, on);
    const other = watchDrift(model);
    const own = watchDrift(model);
    {
      using watch = own;
      await give(model, 1);
      expect(watch.read().count).toBe(1);
    }
    await give(model, 1);
    own.dispose();
    expect([own.read().count, other.read().count]).toEqual([1, 2]);
  });

  it('gives plain values that nobody else changes', async () => {
    using model = await loadModel(manifest, on);
    const watch = watchDrift(model);
    const before = structuredClone(watch.read());
    const mine = watch.read() as unknown as { counts: number[]; expected: number[]; edges: number[] };
    for (const list of [mine.counts, mine.expected, mine.edges]) list.fill(-1);
    await give(model);
    expect(watch.read()).toEqual(before);
  });

  it('counts a fake model, so that an app can test what it does with the counts', async () => {
    using model = fakeModel(manifest as ModelSource, { outputs: { sumY: [0, 0.5, 0, 0] } });
    const watch = watchDrift(model);
    await give(model, 1);
    expect(watch.read().counts).toEqual([0, 0, 1, 0, 0, 0, 0, 0]);
  });

  it('refuses a model that was packed without samples, and says how to pack it', async () => {
    using model = await loadModel(silent, on);
    expect(() => watchDrift(model)).toThrow(
      expect.objectContaining({
        code: 'options',
        message: expect.stringMatching(/^Model "source" was packed without the option drift: .* Pack it with drift: \{ samples \}/),
      }),
    );
    expect(() => watchDrift(loadModel(silent, on) as never)).toThrow(
      /^watchDrift wants a loaded model, but got Promise; is an await missing\?/,
    );
  });
});

describe('the event prediction', () => {
  it('tells each answer of its own handle before predict resolves, and no failure', async () => {
    using model = await loadModel(two, on);
    using other = await loadModel(two, on);
    const order: unknown[] = [];
    model.addEventListener('prediction', ({ detail }) => void order.push(detail));
    const inputs = { first: Float32Array.of(0.3, 0, 0), second: new Int32Array(3) };
    const prediction = await model.predict(inputs).finally(() => order.push('resolved'));
    await other.predict(inputs);
    await rejection(model.predict({} as never));
    expect(order).toEqual([prediction, 'resolved']);
    expect(order[0]).toBe(prediction);
  });

  it('costs a predict nothing if nothing listens', async () => {
    using model = await loadModel(manifest, on);
    const dispatch = vi.spyOn(EventTarget.prototype, 'dispatchEvent');
    const toldOf = () => dispatch.mock.calls.filter(([event]) => event.type === 'prediction').length;
    await give(model, 1);
    expect(toldOf()).toBe(0);
    model.addEventListener('prediction', () => undefined);
    await give(model, 1);
    expect(toldOf()).toBe(1);
    dispatch.mockRestore();
  });
});

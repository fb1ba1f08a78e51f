/** The golden batch: held against a backend before the first call with more rows than the samples have, and never before. */
import { afterEach, expect, it, vi } from 'vitest';
import type { Target } from '../../src/api/candidate.js';
import type { Prediction } from '../../src/api/model.js';
import type { BackendName } from '../../src/base/backend-name.js';
import { PannierError } from '../../src/base/errors.js';
import type { Engine } from '../../src/engines/engine.js';
import { type LoadOptions, loadModel, type Model } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import type { Feed, TensorFeed } from '../../src/preprocess/feed.js';
import { assetOf, deferred, type FakeEngine, fakeEngine, fakeFetch, fakeModel, rejection, rest } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';

const realm = vi.hoisted(() => ({ start: undefined as unknown }));
vi.mock('../../src/engines/local.js', () => ({
  isRealmTaken: () => false,
  startLocalEngine: ({ backend }: Target) => (realm.start as (backend: BackendName) => Promise<Engine>)(backend),
}));

/** What each backend makes of the golden batch; right where it is not named. */
type Answers = Partial<Record<BackendName, () => readonly number[]>>;

const BATCH = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const started: FakeEngine[] = [];
const dataOf = (feeds: readonly Feed[]) => [...(feeds[0] as TensorFeed).data];
const rowsOf = (feeds: readonly Feed[]) => (feeds[0] as TensorFeed).shape[0];
const isGolden = (feeds: readonly Feed[]) => (dataOf(feeds)[0] as number) < 1;

function startWith(answers: Answers): void {
  realm.start = async (backend: BackendName) => {
    const engine = fakeEngine(backend, (feeds) => {
      if (!isGolden(feeds)) return dataOf(feeds).map((value) => value + 1);
      return rowsOf(feeds) === 1 ? [1, 2, 3, 4] : (answers[backend]?.() ?? BATCH);
    });
    started.push(engine);
    return engine;
  };
}

let count = 0;
/** y = x + 1 of any number of rows, [?, 4]; the golden file has the samples' answer and then the batch's. */
function batchModel() {
  const { manifest, files } = fakeModel(`batch ${count++}`);
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4, ...BATCH).buffer);
  files.set('golden.bin', bytes);
  const open = { dtype: 'float32', shape: [null, 4] } as const;
  const batch: Manifest['golden']['samples'][0] = {
    inputs: { x: { kind: 'uniform', seed: 1, low: 0, high: 1, shape: [3, 4] } },
    outputs: { y: { shape: [3, 4], values: { offset: 16, count: 12, min: 1, max: 12 } } },
  };
  const signature = { inputs: { x: { ...open } }, outputs: { y: { ...open } } };
  return { manifest: { ...manifest, signature, golden: { ...manifest.golden, asset: assetOf('golden.bin', bytes), batch } }, files };
}

const models: Model[] = [];
async function load({ manifest, files }: ReturnType<typeof batchModel>, options: LoadOptions = {}): Promise<Model> {
  const model = await loadModel(manifest, { backend: 'cpu', fetch: fakeFetch(files).fetch, cache: null, ...options });
  models.push(model);
  return model;
}

const rows = (...values: number[]) => ({ x: Float32Array.from(values.flatMap((value) => [value, value, value, value])) });
const answered = ({ backend, outputs }: Prediction) => [backend, outputs['y']!.shape, outputs['y']!.data[0]];
/** The rows of each run of a golden sample. */
const goldenRuns = () => started.map(({ backend, runs }) => [backend, ...runs.filter(isGolden).map(rowsOf)]);

afterEach(() => {
  for (const model of models) model.dispose();
  models.length = 0;
  started.length = 0;
});

it('runs before the first call with several rows, once, and not for calls of one', async () => {
  startWith({});
  const model = await load(batchModel());
  expect(answered(await model.predict(rows(1)))).toEqual(['cpu', [1, 4], 2]);
  expect(goldenRuns()).toEqual([['cpu', 1]]);
  const [two, five] = await Promise.all([model.predict(rows(1, 2)), model.predict(rows(5, 4, 3, 2, 1))]);
  expect([answered(two), answered(five)]).toEqual([
    ['cpu', [2, 4], 2],
    ['cpu', [5, 4], 6],
  ]);
  expect(goldenRuns()).toEqual([['cpu', 1, 3]]);
  const { totalMs, queuedMs, prepareMs, transferMs, computeMs, readMs } = two.timing;
  expect(queuedMs + prepareMs + transferMs + computeMs + (readMs ?? 0)).toBeCloseTo(totalMs, 6);
});

it('waits in the line with the calls: one before it is not held up', async () => {
  startWith({});
  const model = await load(batchModel());
  const gate = deferred();
  started[0]!.gate = gate.promise;
  const calls = [model.predict(rows(1)), model.predict(rows(1, 2))];
  await rest();
  expect(goldenRuns()).toEqual([['cpu', 1]]);
  gate.resolve();
  await Promise.all(calls);
  expect(goldenRuns()).toEqual([['cpu', 1, 3]]);
});

it('is remembered like the first sample, and runs again on what is opened after a loss', async () => {
  startWith({});
  const [source, cache] = [batchModel(), memoryCache()];
  const first = await load(source, { cache });
  await first.predict(rows(1, 2));
  await vi.waitFor(async () => expect((await cache.keys()).filter((key) => /^(model|golden):/.test(key))).toHaveLength(3));
  first.dispose();
  started.length = 0;
  const model = await load(source, { cache });
  await model.predict(rows(1, 2));
  expect(goldenRuns()).toEqual([['cpu']]);
  started[0]!.isLost = true;
  await model.predict(rows(1, 2));
  expect(goldenRuns()).toEqual([['cpu'], ['cpu', 1, 3]]);
});

it('that is answered wrongly has the backend left, and the call answered by the next right one', async () => {
  // Rows in another order; a kernel that fails.
  const order = ['webgpu', 'wasm', 'cpu'] as const;
  startWith({
    webgpu: () => BATCH.toReversed(),
    wasm: () => {
      throw new PannierError('predict', 'A kernel takes one row.');
    },
  });
  const model = await load(batchModel(), { backend: order });
  expect(answered(await model.predict(rows(1)))).toEqual(['webgpu', [1, 4], 2]);
  const calls = await Promise.all([model.predict(rows(1, 2)), model.predict(rows(7))]);
  expect(calls.map(answered)).toEqual([
    ['cpu', [2, 4], 2],
    ['cpu', [1, 4], 8],
  ]);
  expect(model.selection.map(({ backend, state, reason }) => [backend, state, reason])).toEqual([
    ['webgpu', 'refused', expect.stringMatching(/^it disagrees with the golden batch: output "y" is off in/)],
    ['wasm', 'refused', 'it fails on a batch: A kernel takes one row.'],
    ['cpu', 'chosen', undefined],
  ]);
  expect(model.notes.map(({ code }) => code)).toEqual(['reopened', 'wasm-refused', 'reopened']);
  expect(started.map(({ runs }) => runs.filter((feeds) => !isGolden(feeds)).map(rowsOf))).toEqual([[1], [], [2, 1]]);
});

it('that no backend answers rightly rejects the call', async () => {
  startWith({ cpu: () => BATCH.map(() => 0) });
  const model = await load(batchModel());
  expect(await rejection(model.predict(rows(1, 2)))).toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringMatching(/cpu: it disagrees with the golden batch: output "y" is all zero/),
  });
});

it('for which there is no memory says nothing about smaller calls', async () => {
  startWith({
    cpu: () => {
      throw new PannierError('out-of-memory', 'No room for three rows.');
    },
  });
  const model = await load(batchModel());
  expect(await rejection(model.predict(rows(1, 2)))).toMatchObject({ code: 'out-of-memory' });
  expect(answered(await model.predict(rows(1)))).toEqual(['cpu', [1, 4], 2]);
});

it('counts the rows of inputs whose batch is open, and no others', async () => {
  startWith({});
  const { manifest, files } = batchModel();
  const sample = manifest.golden.batch;
  const fixed = { inputs: { x: { ...sample.inputs['x']!, shape: [1, 4] } }, outputs: {} };
  const model = await load({ manifest: { ...manifest, golden: { ...manifest.golden, batch: fixed } }, files });
  await model.predict(rows(1, 2));
  expect(goldenRuns()).toEqual([['cpu', 1]]);
});

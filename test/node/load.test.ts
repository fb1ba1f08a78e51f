/** From a packed folder on disk to answers, in Node, on TF.js's own backends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Prediction, PredictOptions } from '../../src/api/model.js';
import { visitorAssets } from '../../src/engines/own-graph.js';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel, type Model } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { pack } from '../../src/pack/index.js';
import { hashOf, rejection, tfjsAssets, uncompiled } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';
import { addModel, loopModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';

const folder = scratch();
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
/** From src, the wasm file is where the package keeps it. */
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);
const on = (backend: 'cpu' | 'wasm') => ({ backend, assetUrl }) as const;

const two = twoInputModel();
const packed: Record<string, Manifest> = {};
beforeAll(async () => {
  const models = {
    add: writeModel(addModel([1, 4], Float32Array.of(1, 2, 3, 4)), join(folder, 'add')),
    two: writeModel(two, join(folder, 'two')),
    int64: writeModel({ ...two, json: JSON.parse(JSON.stringify(two.json).replaceAll('DT_INT32', 'DT_INT64')) }, join(folder, 'int64')),
    loop: writeModel(loopModel(), join(folder, 'loop')),
  };
  for (const [name, model] of Object.entries(models)) {
    const out = join(folder, `${name}-packed`);
    packed[name] = (await pack({ model, out, name, ...(name === 'add' && { license: 'MIT', version: '2' }) })).manifest;
  }
});

const x = (...values: number[]) => ({ x: Float32Array.from(values) });
const first = ({ outputs }: Prediction): number[] => [...Object.values(outputs)[0]!.data];
const phases = ({ timing }: Prediction) => timing.queuedMs + timing.prepareMs + timing.transferMs + timing.computeMs + (timing.readMs ?? 0);

it('downloads at most four files at once, whatever loads: a browser has six connections to a server, and code has to come beside', async () => {
  let [now, most] = [0, 0];
  vi.stubGlobal('fetch', async (input: string) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    return new Response(readFileSync(new URL(input).pathname));
  });
  const overHttp = {
    backend: 'cpu',
    cache: null,
    assetUrl: (_: string, url: string) => `https://models.test${new URL(url).pathname}`,
  } as const;
  const models = await Promise.all(Object.values(packed).map((manifest) => loadModel(manifest, overHttp)));
  vi.unstubAllGlobals();
  expect(most).toBe(4);
  for (const model of models) model.dispose();
});

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  it('answers by friendly name, says what ran it, and adds up', async () => {
    using model = await loadModel(packed['add']!, on(backend));
    expect(model).toMatchObject({ name: 'add', version: '2', backend, thread: 'page', disposed: false, notes: [] });
    expect(model.info).toMatchObject({
      license: 'MIT',
      version: '2',
      controlFlow: false,
      bytes: expect.any(Number),
      flops: expect.any(Number),
    });
    expect(model.signature.inputs['x']).toMatchObject({ dtype: 'float32', shape: [1, 4] });
    const prediction = await model.predict(x(1, 1, 1, 1));
    expect(prediction.outputs).toEqual({ sumY: { dtype: 'float32', shape: [1, 4], data: Float32Array.of(2, 3, 4, 5) } });
    expect(prediction).toMatchObject({ backend, images: {}, timing: { backend, cold: false } });
    expect(phases(prediction)).toBeCloseTo(prediction.timing.totalMs, 6);
    for (const phase of Object.values(prediction.timing)) if (typeof phase === 'number') expect(phase).toBeGreaterThanOrEqual(0);
  });

  it('is cold for the first of each shape only; the golden run was the first of its own', async () => {
    using model = await loadModel(packed['two']!, on(backend));
    const run = async (rows: number) =>
      (await model.predict({ first: new Float32Array(rows * 3), second: new Int32Array(rows * 3) })).timing.cold;
    expect([await run(1), await run(2), await run(2), await run(1)]).toEqual([false, true, false, false]);
    expect(model.stats()).toMatchObject({ count: 4, coldCount: 1, failedCount: 0 });
  });

  it('takes int64 where the model file says so, within int32', async () => {
    using model = await loadModel(packed['int64']!, on(backend));
    expect(model.signature.inputs['second']).toMatchObject({ dtype: 'int32' });
    const given = { first: Float32Array.of(0.5, 0.5, 0.5), second: BigInt64Array.of(1n, -2n, 30n) };
    expect((await model.predict(given)).outputs['total']?.data).toEqual(Float32Array.of(1.5, -1.5, 30.5));
    given.second[1] = 2n ** 40n;
    expect(await rejection(model.predict(given))).toMatchObject({
      code: 'input',
      message: expect.stringContaining('Input "second" should have values of int32, but has 1099511627776 at index 1'),
      detail: { input: 'second', index: 1 },
    });
  });

  it('runs control flow', async () => {
    using model = await loadModel(packed['loop']!, on(backend));
    expect(model.info.controlFlow).toBe(true);
    for (let round = 1; round < 4; round++) expect(first(await model.predict(x(1, round)))).toEqual([8, 8 * round]);
  });

  it('says how the load went', async () => {
    const heard: number[] = [];
    using model = await loadModel(packed['add']!, { ...on(backend), onProgress: ({ fraction }) => heard.push(fraction) });
    const { loadTiming, selection } = model;
    expect(loadTiming.cache).toBe('off');
    for (const time of [loadTiming.weightsMs, loadTiming.hashMs, loadTiming.startMs, loadTiming.openMs, loadTiming.goldenMs]) {
      expect(time).toBeGreaterThanOrEqual(0);
    }
    expect(loadTiming.goldenMs).toBeGreaterThan(0);
    expect(loadTiming.totalMs).toBeGreaterThanOrEqual(loadTiming.openMs + loadTiming.goldenMs);
    expect(selection).toEqual([
      expect.objectContaining({ backend, engine: backend === 'wasm' ? 'compiled' : 'tfjs', state: 'chosen', goldenShareOff: 0 }),
    ]);
    expect(heard).toEqual(heard.toSorted((a, b) => a - b));
    expect([heard.at(-1), heard.filter((each) => each === 1)]).toEqual([1, [1]]);
    const assets = backend === 'wasm' ? visitorAssets(packed['add']!) : tfjsAssets(packed['add']!);
    const bytesDownloaded = assets.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(model.stats()).toMatchObject({ bytesDownloaded, bytesFromCache: 0, bytesResident: 16 });
    if (backend === 'wasm') expect(model.info.bytes).toBe(bytesDownloaded);
  });

  it('loads, ends and loads again, as often as asked', async () => {
    for (let round = 0; round < 5; round++) {
      const model = await loadModel(packed['add']!, on(backend));
      expect(first(await model.predict(x(round, 0, 0, 0)))).toEqual([1 + round, 2, 3, 4]);
      model.dispose();
    }
  });
});

it('begins with wasm, and says of the others that nobody needed them', async () => {
  using model = await loadModel(packed['add']!, { assetUrl });
  expect(model.selection).toEqual([
    expect.objectContaining({ backend: 'wasm', state: 'chosen' }),
    { backend: 'webgpu', engine: 'tfjs', state: 'untried' },
    { backend: 'cpu', engine: 'tfjs', state: 'untried' },
  ]);
  expect(model.backend).toBe('wasm');
});

it('falls back where the wasm file is missing, with every reason', async () => {
  const options = { assetUrl: (name: string, url: string) => (name === WASM_BINARY.name ? 'file:///nowhere.wasm' : url) };
  using model = await loadModel(uncompiled(packed['add']!), options);
  expect(model.selection).toMatchObject([
    { backend: 'wasm', state: 'refused', reason: expect.stringContaining('nowhere.wasm') },
    { backend: 'webgpu', state: 'refused', reason: 'There is no WebGPU here (navigator.gpu is missing).' },
    { backend: 'cpu', state: 'chosen' },
  ]);
  expect(model.backend).toBe('cpu');
});

it('gives every reason where nothing runs', async () => {
  const failure = rejection(loadModel(packed['add']!, { backend: 'webgpu' }));
  expect(await failure).toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringContaining('webgpu: There is no WebGPU here'),
    detail: { selection: [expect.objectContaining({ backend: 'webgpu', state: 'refused' })] },
  });
});

it('reads the folder that was written, by its module', async () => {
  const { default: source } = await import(pathToFileURL(join(folder, 'add-packed', 'model.js')).href);
  using model = await loadModel(source, on('cpu'));
  expect(first((await model.predict(x(1, 1, 1, 1) as never)) as Prediction)).toEqual([2, 3, 4, 5]);
});

describe('twenty loads of one model', () => {
  it('are one load, with twenty handles', async () => {
    let asked = 0;
    const counting = (name: string, url: string) => {
      asked++;
      return assetUrl(name, url);
    };
    const options = { backend: 'cpu', assetUrl: counting } as const;
    const models = await Promise.all(Array.from({ length: 20 }, () => loadModel(packed['add']!, options)));
    expect(asked).toBe(2 + packed['add']!.weights.length);
    for (const model of models.slice(1)) model.dispose();
    expect(models.map(({ disposed }) => disposed)).toEqual([false, ...Array(19).fill(true)]);
    expect(first(await models[0]!.predict(x(1, 1, 1, 1)))).toEqual([2, 3, 4, 5]);
    expect(await rejection(models[1]!.predict(x(1, 1, 1, 1)))).toMatchObject({ code: 'disposed' });
    // Each handle counts its own calls.
    expect([models[0]!.stats().count, models[1]!.stats().count]).toEqual([1, 0]);
    models[0]!.dispose();
    const again = await loadModel(packed['add']!, options);
    expect(asked).toBe(2 * (2 + packed['add']!.weights.length));
    again.dispose();
  });
});

describe('several models in one thread', () => {
  it('on both backends, by name and by choice, at once, do not touch each other', async () => {
    const [cpu, wasm, auto, loop] = await Promise.all([
      loadModel(packed['add']!, on('cpu')),
      loadModel(packed['add']!, on('wasm')),
      loadModel(packed['add']!, { assetUrl }),
      loadModel(packed['loop']!, on('cpu')),
    ]);
    expect([cpu, wasm, auto, loop].map(({ backend }) => backend)).toEqual(['cpu', 'wasm', 'wasm', 'cpu']);
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const model = [cpu, wasm, auto][index % 3]!;
        if (index % 5 === 0) return first(await loop.predict(x(index, 0)))[0]! / 8;
        return first(await model.predict(x(index, 0, 0, 0)))[0]! - 1;
      }),
    );
    expect(answers).toEqual(answers.map((_, index) => index));
    auto.dispose();
    expect(first(await wasm.predict(x(1, 1, 1, 1)))).toEqual([2, 3, 4, 5]);
    cpu.dispose();
    expect(first(await loop.predict(x(1, 2)))).toEqual([8, 16]);
    // The packer has an engine in this thread too.
    await pack({ model: join(folder, 'add', 'model.json'), out: join(folder, 'again') });
    expect(first(await loop.predict(x(1, 2)))).toEqual([8, 16]);
    for (const model of [wasm, loop]) model.dispose();
    await pack({ model: join(folder, 'two', 'model.json'), out: join(folder, 'again-two') });
  });
});

describe('outputs', () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(packed['two']!, on('cpu'));
    return () => model.dispose();
  });
  const inputs = { first: Float32Array.of(1, 2, 3), second: Int32Array.of(10, 20, 30) };

  it('are all that there are, or those asked for', async () => {
    expect(Object.keys((await model.predict(inputs)).outputs)).toEqual(['total', 'zero']);
    expect((await model.predict(inputs, { outputs: ['zero'] })).outputs).toEqual({
      zero: { dtype: 'float32', shape: [], data: Float32Array.of(0) },
    });
    expect((await model.predict(inputs, { outputs: [] })).outputs).toEqual({});
  });
  it('end in arrays that are given', async () => {
    const total = new Float32Array(3);
    const { outputs } = await model.predict(inputs, { into: { total } } as PredictOptions);
    expect(outputs['total']!.data).toBe(total);
    expect([...total]).toEqual([11, 22, 33]);
    expect(outputs['zero']!.data).not.toBe(total);
  });
  it.each<[string, object, string]>([
    ['a misspelt output', { outputs: ['totals'] }, 'no output "totals". Its outputs are total, zero. Is total meant?'],
    ['an unknown output', { outputs: ['sum'] }, 'no output "sum". Its outputs are total, zero'],
    ['an inherited name', { outputs: ['toString'] }, 'no output "toString"'],
    ['an array for an unknown output', { into: { sum: new Float32Array(3) } }, 'no output "sum"'],
    [
      'an array too short',
      { into: { total: new Float32Array(2) } },
      'into.total should be a Float32Array of 3 values for [1, 3], but is Float32Array of 2',
    ],
    ['an array of another class', { into: { total: new Int32Array(3) } }, 'but is Int32Array of 3'],
    ['no array', { into: { total: 'here' } }, 'but is String of 4'],
  ])('refuse %s', async (_what, options, message) => {
    expect(await rejection(model.predict(inputs, options as never))).toMatchObject({
      code: 'input',
      message: expect.stringContaining(message),
    });
  });
  it('are written all or not at all', async () => {
    const zero = Float32Array.of(7);
    await rejection(model.predict(inputs, { into: { zero, total: new Float32Array(1) } } as never));
    expect([...zero]).toEqual([7]);
  });
  it('are the caller’s: no later call changes them', async () => {
    const { outputs } = await model.predict(inputs);
    const kept = outputs['total']!.data;
    await model.predict({ first: new Float32Array(3), second: new Int32Array(3) });
    expect([...kept]).toEqual([11, 22, 33]);
  });
});

describe('a golden sample that disagrees', () => {
  /** The packed model, but expecting something else, and every hash right. */
  function tampered(change: (values: Float32Array) => void): Manifest {
    const manifest = packed['add']!;
    const { asset, samples } = manifest.golden;
    const bytes = new Uint8Array(readFileSync(new URL(asset.url())));
    const { offset, count } = samples[0].outputs['sumY']!.values!;
    change(new Float32Array(bytes.buffer, offset, count));
    const path = join(folder, `golden-${hashOf(bytes).slice(0, 16)}.bin`);
    writeFileSync(path, bytes);
    const changed = { ...asset, sha256: hashOf(bytes), url: () => pathToFileURL(path).href };
    return { ...manifest, hash: hashOf(bytes).slice(0, 16), golden: { ...manifest.golden, asset: changed } };
  }

  it('refuses each backend, with a reason', async () => {
    const source = tampered((values) => {
      values[0]! += 1;
    });
    const failure = (await rejection(loadModel(source, { backend: ['wasm', 'cpu'], assetUrl }))) as { message: string };
    expect(failure).toMatchObject({ code: 'backend-unavailable' });
    expect(failure.message).toMatch(/wasm: it disagrees with the golden sample: output "sumY" is off in 25\.0 % .*cpu: it disagrees/);
  });
  it('of the right values refuses nothing', async () => {
    using model = await loadModel(
      tampered(() => undefined),
      on('cpu'),
    );
    expect(model.selection[0]?.goldenShareOff).toBe(0);
  });
  it('whose file is another is no matter of the backend', async () => {
    const { golden } = packed['add']!;
    const asset = { ...golden.asset, sha256: '0'.repeat(64) };
    const source = { ...packed['add']!, hash: 'another', golden: { ...golden, asset } };
    expect(await rejection(loadModel(source, { assetUrl }))).toMatchObject({ code: 'integrity' });
  });
});

it('comes from a cache the second time, without asking for anything but its engine', async () => {
  const cache = memoryCache();
  const asked: string[] = [];
  const options = {
    backend: 'cpu',
    cache,
    assetUrl: (name: string, url: string) => {
      asked.push(name);
      return url;
    },
  } as const;
  const one = await loadModel(packed['add']!, options);
  expect(one.loadTiming.cache).toBe('miss');
  one.dispose();
  // The record is the last to be written, but for the golden verdict.
  await vi.waitFor(async () => expect((await cache.keys()).filter((key) => /^(model|golden):/.test(key))).toHaveLength(2));
  asked.length = 0;
  using two = await loadModel(packed['add']!, options);
  expect([two.loadTiming.cache, asked, two.loadTiming.goldenMs]).toEqual(['hit', [], 0]);
  expect(two.stats()).toMatchObject({
    bytesDownloaded: 0,
    bytesFromCache: tfjsAssets(packed['add']!).reduce((sum, { bytes }) => sum + bytes, 0),
  });
  expect(first(await two.predict(x(1, 1, 1, 1)))).toEqual([2, 3, 4, 5]);
  expect(await rejection(two.predict({} as never))).toMatchObject({ code: 'input' });
});

it('writes calls to the performance timeline when asked, and keeps none', async () => {
  const seen: PerformanceEntry[] = [];
  const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
  observer.observe({ entryTypes: ['measure'] });
  using model = await loadModel(packed['add']!, { ...on('cpu'), trace: true });
  const { timing } = await model.predict(x(1, 1, 1, 1));
  await vi.waitFor(() => expect(seen).not.toEqual([]));
  observer.disconnect();
  expect(seen.map(({ name, duration }) => ({ name, duration }))).toEqual([
    { name: 'add predict', duration: expect.closeTo(timing.totalMs, 3) },
  ]);
  expect(performance.getEntriesByType('measure')).toEqual([]);
});

it('leaves the listeners of the process as they were, while wasm runs and after it', async () => {
  const decided = () => undefined;
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  for (const event of events) process.on(event, decided);
  const listeners = () => events.map((event) => process.listeners(event as 'uncaughtException'));
  const before = listeners();
  const model = await loadModel(packed['add']!, on('wasm'));
  expect(listeners()).toEqual(before);
  model.dispose();
  expect(listeners()).toEqual(before);
  for (const event of events) process.off(event, decided);
});

/** A backend that is lost, again and again, on engines and clocks that a test holds in its hand. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Target } from '../../src/api/candidate.js';
import type { BackendName } from '../../src/base/backend-name.js';
import { fromBytes } from '../../src/base/json.js';
import type { Engine } from '../../src/engines/engine.js';
import { startLocalEngine } from '../../src/engines/local.js';
import { type LoadOptions, loadModel, type Model, PannierError, resetBackends } from '../../src/index.js';
import { circuitBreaker } from '../../src/select/circuit-breaker.js';
import { deferred, type FakeEngine, fakeEngine, fakeFetch, fakeModel, rejection } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';

/** What starts an engine in its worker. */
const realm = vi.hoisted(() => ({ start: undefined as unknown }));
vi.mock('../../src/engines/local.js', () => ({ isRealmTaken: () => false, startLocalEngine: vi.fn() }));
vi.mock('../../src/worker/client.js', () => ({
  WorkerUnavailable: class extends Error {},
  startWorkerEngine: ({ backend }: Target) => (realm.start as (backend: BackendName) => Promise<Engine>)(backend),
}));

let started: FakeEngine[];
/** When the browser was asked for an adapter; whether it has one. */
let askedAtMs: number[];
let hasAdapter: boolean;
const open: Model[] = [];
let cache = memoryCache();

beforeEach(() => {
  started = [];
  askedAtMs = [];
  hasAdapter = true;
  cache = memoryCache();
  realm.start = async (backend: BackendName) => {
    const engine = fakeEngine(backend);
    started.push(engine);
    return engine;
  };
  vi.useFakeTimers();
  vi.stubGlobal('Worker', class {});
  const limits = { maxBufferSize: 1e9, maxStorageBufferBindingSize: 1e9 };
  const requestAdapter = async () => {
    askedAtMs.push(Date.now());
    return hasAdapter ? { limits, info: { vendor: 'acme', architecture: 'one' } } : null;
  };
  vi.stubGlobal('navigator', { gpu: { requestAdapter }, userAgent: 'Chrome/150.0' });
});
afterEach(() => {
  for (const model of open.splice(0)) model.dispose();
  circuitBreaker.reset();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Of real time: a busy machine takes some for what is imported late. */
const waitFor = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 20_000, interval: 10 });

let count = 0;
const freshModel = () => fakeModel(`model ${count++}`);

/** Loads from a fake network, unless told otherwise. */
async function load(options: LoadOptions = {}, model = freshModel()): Promise<Model> {
  const { fetch } = fakeFetch(model.files);
  const loading = loadModel(model.manifest, { backend: ['webgpu', 'wasm'], fetch, cache, ...options });
  loading.catch(() => undefined);
  // Hashes are real and take real time.
  await waitFor(async () => expect(await settled(loading)).toBe(true));
  open.push(await loading);
  return loading;
}
const settled = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true).catch(() => true), vi.advanceTimersByTimeAsync(0).then(() => false)]);

/** Where a call is answered, or the code of its error. */
async function answer(model: Model): Promise<string> {
  const predicting = model.predict({ x: Float32Array.of(5, 6, 7, 8) }).then(
    ({ outputs, backend }) => ([...(outputs['y']?.data ?? [])].join() === '6,7,8,9' ? backend : 'wrong'),
    ({ code }) => String(code),
  );
  await waitFor(async () => expect(await settled(predicting)).toBe(true));
  return predicting;
}

/** The engine that serves is gone. */
async function lose(): Promise<void> {
  started.at(-1)!.isLost = true;
  await vi.advanceTimersByTimeAsync(0);
}
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const states = (model: Model) => model.selection.map(({ backend, state }) => `${backend} ${state}`);
const reasonOf = (model: Model) => model.selection.find(({ backend }) => backend === 'webgpu')?.reason;

describe('in an order that the app gave', () => {
  it('one loss is made good at once; a second one within 130 s by the next backend, until they have passed', async () => {
    const model = await load();
    const changes: string[] = [];
    model.addEventListener('backendchange', ({ detail: { from, to } }) => changes.push(`${from} → ${to}`));
    await lose();
    expect(await answer(model)).toBe('webgpu');
    await wait(1_000);
    await lose();
    const before = askedAtMs.length;
    for (let call = 0; call < 5; call++) expect(await answer(model)).toBe('wasm');
    expect(askedAtMs).toHaveLength(before);
    expect(reasonOf(model)).toMatch(/^it failed 2 times, the last time like this: It is gone\.+ It is tried again in \d+ s\.$/);
    await wait(128_000);
    expect(await answer(model)).toBe('wasm');
    expect(askedAtMs).toHaveLength(before);
    await wait(2_000);
    await waitFor(async () => expect(await answer(model)).toBe('webgpu'));
    expect(states(model)).toEqual(['webgpu chosen', 'wasm untried']);
    expect(changes).toEqual(['webgpu → wasm', 'wasm → webgpu']);
    expect(started.map(({ backend, ended }) => `${backend} ${ended}`)).toEqual(['webgpu true', 'webgpu true', 'wasm true', 'webgpu false']);
  });

  it('a model that fits into memory once only stays where it is', async () => {
    const files = freshModel();
    const { residentBytes, intermediateBytes } = files.manifest;
    const model = await load({ memoryBudgetBytes: 2 * residentBytes + intermediateBytes - 1 }, files);
    for (const next of ['webgpu', 'wasm']) {
      await lose();
      expect(await answer(model)).toBe(next);
    }
    await wait(10_000_000);
    expect([await answer(model), started.length]).toEqual(['wasm', 3]);
  });

  it.each(['device-lost', 'timeout'] as const)(
    'the third loss of a session to %s is its last, until it is told otherwise',
    async (code) => {
      const files = freshModel();
      const model = await load({}, files);
      for (let loss = 0; loss < 3; loss++) {
        started.at(-1)!.loseTo(new PannierError(code, 'It is gone.'));
        await wait(0);
        expect(await answer(model)).toBe(loss < 2 ? 'webgpu' : 'wasm');
        await wait(200_000);
      }
      expect(reasonOf(model)).toMatch(/failed 3 times, the last time like this: It is gone.*no more before the page is reloaded\.$/);
      await wait(10_000_000);
      expect(await answer(model)).toBe('wasm');
      model.dispose();
      await resetBackends(cache);
      expect(await answer(await load({}, files))).toBe('webgpu');
    },
  );

  it('a browser without an adapter is asked twice more, each time after 130 s', async () => {
    hasAdapter = false;
    const model = await load();
    expect(states(model)).toEqual(['webgpu refused', 'wasm chosen']);
    expect(reasonOf(model)).toMatch(/requestAdapter gave null\)\. It is tried again in 130 s\.$/);
    const loadedAtMs = Date.now();
    askedAtMs = [];
    await wait(10_000_000);
    expect(askedAtMs.map((atMs) => Math.round((atMs - loadedAtMs) / 10_000))).toEqual([13, 26]);
    expect(reasonOf(model)).toMatch(/no more before the page is reloaded\.$/);
  });

  it('a browser that has an adapter again gets the model back', async () => {
    hasAdapter = false;
    const model = await load();
    hasAdapter = true;
    await wait(129_000);
    expect(await answer(model)).toBe('wasm');
    await wait(2_000);
    await waitFor(async () => expect(await answer(model)).toBe('webgpu'));
  });

  it('a rebuilt backend is held against the golden sample, though its pass is remembered', async () => {
    const files = freshModel();
    (await load({}, files)).dispose();
    const model = await load({}, files);
    expect(model.loadTiming.goldenMs).toBe(0);
    await lose();
    expect(await answer(model)).toBe('webgpu');
    expect(started.at(-1)!.runs).toHaveLength(2);
  });
});

it('what is lost again and again is better than no answer', async () => {
  const model = await load({ backend: 'wasm' });
  for (let loss = 0; loss < 5; loss++) {
    await lose();
    expect(await answer(model)).toBe('wasm');
  }
  expect(states(model)).toEqual(['wasm chosen']);
  expect(started).toHaveLength(6);
});

it('what took the page along twice is not, until it is told otherwise', async () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  for (const name of ['addEventListener', 'removeEventListener'] as const) vi.stubGlobal(name, page[name].bind(page));
  vi.stubGlobal('document', page);
  const files = freshModel();
  for (let crash = 0; crash < 2; crash++) {
    // A page that ends as the weights are uploaded is, to the next one, a load that never went on.
    const stop = new AbortController();
    realm.start = async (backend: BackendName) => Object.assign(fakeEngine(backend), { open: () => new Promise(() => undefined) });
    const { fetch } = fakeFetch(files.files);
    const loading = rejection(loadModel(files.manifest, { backend: 'wasm', fetch, cache, signal: stop.signal }));
    let key = '';
    let mark = new ArrayBuffer(0);
    const marked = async () => {
      await wait(0);
      key = (await cache.keys()).find((key) => key.startsWith('crash:')) ?? '';
      mark = (await cache.get(key)) ?? mark;
      expect(fromBytes(mark)).toHaveLength(crash + 1);
    };
    await waitFor(marked);
    stop.abort(new Error('the end of the page'));
    await loading;
    await wait(60_000);
    await cache.set(key, mark);
  }
  realm.start = async (backend: BackendName) => fakeEngine(backend);
  expect(await rejection(load({ backend: 'wasm' }, files))).toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringMatching(/wasm: The page ended 2 times while the model was first run there.*resetBackends\(\)/),
  });
  await resetBackends(cache);
  expect(await answer(await load({ backend: 'wasm' }, files))).toBe('wasm');
  expect((await cache.keys()).filter((key) => key.startsWith('crash:'))).toEqual([]);
});

it("with 'auto', what comes back has to win the race", async () => {
  const model = await load({ backend: 'auto' });
  await wait(60_000);
  await waitFor(async () => expect(await settled(model.finishedSelection())).toBe(true));
  const [first] = model.selection.filter(({ state }) => state === 'chosen');
  expect(first?.backend).toBe('wasm');
  started.find(({ backend, ended }) => backend === 'wasm' && !ended)!.isLost = true;
  await wait(0);
  expect(await answer(model)).toBe('wasm');
  started.find(({ backend, ended }) => backend === 'wasm' && !ended)!.isLost = true;
  await wait(0);
  expect(await answer(model)).toBe('webgpu');
  expect(states(model)[0]).toBe('wasm refused');
  await wait(140_000);
  await waitFor(() => expect(states(model)[0]).toMatch(/^wasm (slower|chosen)$/));
});

describe('where the app has a fallback', () => {
  const fallback = async (inputs: { readonly x: Float32Array }) => ({ y: [...inputs.x].map((value) => value + 1) });
  const withFallback = (options: LoadOptions = {}, server: unknown = fallback) =>
    load({ backend: 'webgpu', fallback: server, ...options } as LoadOptions);

  it.each(['worker', 'page'] as const)('it answers when the last backend is held back, until that returns: %s', async (thread) => {
    vi.mocked(startLocalEngine).mockImplementation(({ backend }) => (realm.start as (backend: BackendName) => Promise<Engine>)(backend));
    const model = await withFallback({ thread });
    const changes: string[] = [];
    model.addEventListener('backendchange', ({ detail: { from, to } }) => changes.push(`${from} → ${to}`));
    for (const next of ['webgpu', 'fallback']) {
      await lose();
      expect(await answer(model)).toBe(next);
    }
    expect(states(model)).toEqual(['webgpu refused', 'fallback chosen']);
    await wait(129_000);
    expect(await answer(model)).toBe('fallback');
    await wait(2_000);
    await waitFor(async () => expect(await answer(model)).toBe('webgpu'));
    expect(states(model)).toEqual(['webgpu chosen', 'fallback untried']);
    expect(changes).toEqual(['webgpu → fallback', 'fallback → webgpu']);
  });

  it.each(['webgpu', 'auto'] as const)(
    'it answers where there is no adapter yet, and once what is in flight when one comes: %s',
    async (backend) => {
      hasAdapter = false;
      const { start } = realm as { start: (backend: BackendName) => Promise<Engine> };
      realm.start = async (name: BackendName) => (name === 'webgpu' ? start(name) : Promise.reject(new Error('It does not start.')));
      const gate = deferred();
      const model = await withFallback({ backend, deadlineMs: 1e9 }, async (inputs: never) => {
        await gate.promise;
        return fallback(inputs);
      });
      expect([model.backend, model.selection.filter(({ state }) => state === 'refused').length]).toEqual([
        'fallback',
        backend === 'auto' ? 3 : 1,
      ]);
      const answers: unknown[] = [];
      const inFlight = model
        .predict({ x: Float32Array.of(5, 6, 7, 8) })
        .then(({ outputs, backend }) => answers.push(backend, [...outputs['y']!.data]));
      hasAdapter = true;
      await waitFor(async () => {
        await wait(10_000);
        expect(model.backend).toBe('webgpu');
      });
      expect(await answer(model)).toBe('webgpu');
      gate.resolve();
      await inFlight;
      expect(answers).toEqual(['fallback', [6, 7, 8, 9]]);
    },
  );

  it('a backend that is too wrong to return is not asked again', async () => {
    realm.start = async (backend: BackendName) => {
      const engine = fakeEngine(backend, () => [9, 9, 9, 8]);
      started.push(engine);
      return engine;
    };
    const model = await withFallback();
    expect(states(model)).toEqual(['webgpu refused', 'fallback chosen']);
    await wait(10_000_000);
    expect([await answer(model), started.length]).toEqual(['fallback', 1]);
  });
});

/** The two trips over engines and networks that a test holds in its hand. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Target } from '../../src/api/candidate.js';
import type { Prediction, Priority } from '../../src/api/model.js';
import type { BackendName } from '../../src/base/backend-name.js';
import { PannierError } from '../../src/base/errors.js';
import type { Engine } from '../../src/engines/engine.js';
import { uniform } from '../../src/golden/feeds.js';
import { type LoadOptions, loadModel, type Model } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import type { Feed, TensorFeed } from '../../src/preprocess/feed.js';
import { circuitBreaker } from '../../src/select/circuit-breaker.js';
import {
  type Deferred,
  deferred,
  type FakeEngine,
  fakeEngine,
  fakeFetch,
  fakeModel,
  goldenWith,
  lacking,
  rejection,
  rest,
  stateOf,
} from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';

/** Engines that were started, and what starts the next one. */
const realm = vi.hoisted(() => ({ started: [] as unknown[], start: undefined as unknown }));
vi.mock('../../src/engines/local.js', () => ({
  isRealmTaken: () => false,
  startLocalEngine: ({ backend }: Target) => (realm.start as (backend: BackendName) => Promise<Engine>)(backend),
}));

const started = realm.started as FakeEngine[];
function startWith(make: (backend: BackendName) => Promise<FakeEngine> | FakeEngine): void {
  realm.start = async (backend: BackendName) => {
    const engine = await make(backend);
    started.push(engine);
    return engine;
  };
}

let count = 0;
/** A model that no other test has loaded. */
const freshModel = () => fakeModel(`model ${count++}`);
type FakeModel = ReturnType<typeof fakeModel>;

const open: Model[] = [];
/** Loads on cpu from a fake network, unless told otherwise. */
async function load(model: FakeModel, options: LoadOptions = {}): Promise<Model> {
  const loaded = await loadModel(model.manifest, { backend: 'cpu', fetch: fakeFetch(model.files).fetch, cache: null, ...options });
  open.push(loaded);
  return loaded;
}

const x = (...values: number[]) => ({ x: Float32Array.from(values) });
const one = x(1, 1, 1, 1);
const first = ({ outputs }: Prediction): number[] => [...Object.values(outputs)[0]!.data];
const wrongAnswer = () => [9, 9, 9, 8];

beforeEach(() => startWith(fakeEngine));
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  for (const engine of started) engine.gate = undefined;
  for (const model of open) model.dispose();
  open.length = 0;
  // What one test lost is nothing to the next.
  circuitBreaker.reset();
  const seen = started.splice(0);
  // No test may leave an engine, or a session on it.
  await vi.waitFor(() => {
    for (const engine of seen) expect([engine.opened.length - engine.closed, engine.ended]).toEqual([0, true]);
  });
});

describe('a load of a manifest that is broken in its details', () => {
  it.each<[field: string, (manifest: Manifest) => Manifest]>([
    [
      'signature.inputs["x"].image',
      (manifest) => {
        const inputs = { x: { ...manifest.signature.inputs['x']!, image: 'rgb' as never } };
        return { ...manifest, signature: { ...manifest.signature, inputs } };
      },
    ],
    ['golden.samples[0].inputs', (manifest) => ({ ...manifest, golden: goldenWith(manifest.golden, { inputs: [] as never }) })],
  ])('%s: rejects with the field, asks no second backend, and no engine gets the model', async (field, broken) => {
    const model = freshModel();
    const loading = load({ ...model, manifest: broken(model.manifest) }, { backend: ['wasm', 'cpu'] });
    expect(await rejection(loading)).toMatchObject({ code: 'manifest', detail: { field } });
    expect(started.map(({ backend, opened }) => [backend, opened])).toEqual([['wasm', []]]);
  });
});

describe('a load that is aborted', () => {
  const reason = new Error('enough');

  it('before it began asks for nothing', async () => {
    const model = freshModel();
    const { fetch, asked } = fakeFetch(model.files);
    expect(await rejection(load(model, { fetch, signal: AbortSignal.abort(reason) }))).toBe(reason);
    await rest();
    expect([asked, started]).toEqual([[], []]);
  });

  it.each(['start', 'weights', 'open', 'golden'])('in the phase %s rejects at once, and closes what comes late', async (phase) => {
    const gate = deferred();
    const model = freshModel();
    const network = fakeFetch(model.files);
    startWith(async (backend) => {
      if (phase === 'start') await gate.promise;
      const engine = fakeEngine(backend);
      const { open: openSession } = engine;
      if (phase === 'open') engine.open = async (each) => gate.promise.then(() => openSession(each));
      if (phase === 'golden') engine.gate = gate.promise;
      return engine;
    });
    const fetch = async (...args: Parameters<typeof globalThis.fetch>) => {
      if (phase === 'weights') await gate.promise;
      return network.fetch(...args);
    };
    const abort = new AbortController();
    const late: number[] = [];
    const loading = load(model, { fetch, signal: abort.signal, onProgress: ({ fraction }) => late.push(fraction) });
    expect(await stateOf(loading)).toBe('pending');
    await new Promise((resolve) => setTimeout(resolve, 10));
    const heard = late.length;
    abort.abort(reason);
    expect(await rejection(loading)).toBe(reason);
    gate.resolve();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(late).toHaveLength(heard);
    // A new load of the same model is a load of its own.
    using again = await load(model);
    expect(first(await again.predict(one))).toEqual([2, 2, 2, 2]);
  });

  it('after it is there changes nothing', async () => {
    const abort = new AbortController();
    const model = await load(freshModel(), { signal: abort.signal });
    abort.abort(reason);
    expect(first(await model.predict(one))).toEqual([2, 2, 2, 2]);
  });

  it('by one of two callers is no matter of the other', async () => {
    const model = freshModel();
    const gate = deferred();
    const network = fakeFetch(model.files);
    const fetch = async (...args: Parameters<typeof globalThis.fetch>) => gate.promise.then(() => network.fetch(...args));
    const abort = new AbortController();
    const gone = load(model, { fetch, signal: abort.signal });
    const stays = load(model, { fetch });
    await rest();
    abort.abort(reason);
    expect(await rejection(gone)).toBe(reason);
    gate.resolve();
    expect(first(await (await stays).predict(one))).toEqual([2, 2, 2, 2]);
    expect(network.asked).toHaveLength(model.files.size);
  });
});

describe('choosing', () => {
  const order: LoadOptions = { backend: ['webgpu', 'cpu'] };

  it('refuses a backend that disagrees, and asks the next; progress never goes back and ends once', async () => {
    startWith((backend) => fakeEngine(backend, backend === 'webgpu' ? wrongAnswer : undefined));
    const heard: number[] = [];
    const model = freshModel();
    const { fetch, asked } = fakeFetch(model.files);
    const loaded = await load(model, { ...order, fetch, onProgress: ({ fraction }) => heard.push(fraction) });
    expect(loaded.selection).toEqual([
      expect.objectContaining({
        backend: 'webgpu',
        state: 'refused',
        reason: expect.stringMatching(/disagrees.*output "y" is off/),
        goldenShareOff: 1,
      }),
      expect.objectContaining({ backend: 'cpu', state: 'chosen', goldenShareOff: 0 }),
    ]);
    expect(first(await loaded.predict(one))).toEqual([2, 2, 2, 2]);
    expect(heard).toEqual(heard.toSorted((a, b) => a - b));
    expect([heard.at(-1), heard.filter((each) => each === 1)]).toEqual([1, [1]]);
    // An engine takes the bytes for itself, so the second had to gather again: stats say so.
    expect(loaded.stats().bytesDownloaded).toBe(asked.length === 2 * model.files.size ? 2 * loaded.info.bytes : loaded.info.bytes);
    expect(loaded.loadTiming.cache).toBe('off');
  });

  it('counts what it downloaded though the second backend took the bytes from the cache', async () => {
    startWith((backend) => fakeEngine(backend, backend === 'webgpu' ? wrongAnswer : undefined));
    const loaded = await load(freshModel(), { ...order, cache: memoryCache() });
    expect(loaded.loadTiming.cache).toBe('miss');
    expect(loaded.stats()).toMatchObject({ bytesDownloaded: loaded.info.bytes, bytesFromCache: loaded.info.bytes });
  });

  const failing = (thrown: unknown) => Object.assign(fakeEngine('webgpu'), { open: () => Promise.reject(thrown) });
  it.each<[string, () => FakeEngine, RegExp]>([
    ['throws when it opens', () => failing(new Error('no graph for me')), /no graph for me/],
    ['rejects with a plain object', () => failing({ message: 'plain' }), /plain/],
    ['answers NaN', () => fakeEngine('webgpu', () => [Number.NaN, 2, 3, 4]), /not finite/],
    ['answers zeros', () => fakeEngine('webgpu', () => [0, 0, 0, 0]), /all zero/],
    [
      'has too small a buffer',
      () => Object.assign(fakeEngine('webgpu'), { maxBufferBytes: 59 }),
      /one weight has 60 bytes, its largest buffer 59/,
    ],
  ])('refuses a backend that %s', async (_what, make, reason) => {
    startWith((backend) => (backend === 'webgpu' ? make() : fakeEngine(backend)));
    const loaded = await load(freshModel(), order);
    expect(loaded.selection[0]).toMatchObject({ backend: 'webgpu', state: 'refused', reason: expect.stringMatching(reason) });
    expect(loaded.backend).toBe('cpu');
  });

  it('tries a backend again whose worker went down with another model, once', async () => {
    for (const [times, serves] of [
      [1, 'webgpu'],
      [2, 'cpu'],
    ] as const) {
      let left = times;
      startWith((backend) => {
        const engine = fakeEngine(backend);
        if (backend !== 'webgpu' || left-- <= 0) return engine;
        const open = () => {
          engine.isLost = true;
          return Promise.reject(new PannierError('worker-crashed', 'The worker was ended by a call.'));
        };
        return Object.assign(engine, { open });
      });
      const loaded = await load(freshModel(), order);
      expect(loaded.backend).toBe(serves);
      loaded.dispose();
    }
  });

  it('does not start a backend that lacks kernels', async () => {
    const model = freshModel();
    const manifest = lacking(model.manifest, { webgpu: ['Unique', 'LogicalXor'] });
    const loaded = await load({ ...model, manifest }, order);
    expect(loaded.selection[0]).toMatchObject({ state: 'refused', reason: 'it lacks the kernels Unique, LogicalXor' });
    expect(started.map(({ backend }) => backend)).toEqual(['cpu']);
  });

  it('gives every reason where none is left', async () => {
    startWith((backend) => fakeEngine(backend, wrongAnswer));
    const failure = await rejection(load(freshModel(), order));
    expect(failure).toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(/webgpu: it disagrees.* · cpu: it disagrees/),
    });
  });

  it.each(['start', 'open', 'golden'])('gives up on a backend whose %s never ends, and closes what comes late', async (phase) => {
    const gate = deferred();
    startWith(async (backend) => {
      const engine = fakeEngine(backend);
      if (backend !== 'webgpu') return engine;
      if (phase === 'start') await gate.promise;
      const { open: openSession } = engine;
      if (phase === 'open') engine.open = async (each) => gate.promise.then(() => openSession(each));
      if (phase === 'golden') engine.gate = gate.promise;
      return engine;
    });
    const loaded = await load(freshModel(), { ...order, backendDeadlineMs: 100 });
    expect(loaded.selection[0]).toMatchObject({
      backend: 'webgpu',
      state: 'refused',
      reason: `${phase} of webgpu took longer than 100 ms.`,
    });
    expect(loaded.backend).toBe('cpu');
    gate.resolve();
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('bounds the golden run itself: an engine that can be ended must not keep the line for ever', async () => {
    const deadlines: number[] = [];
    startWith((backend) => {
      const engine = fakeEngine(backend);
      const { open: openSession } = engine;
      engine.open = async (each) => {
        const session = await openSession(each);
        return {
          ...session,
          get lost() {
            return session.lost;
          },
          run: (call) => {
            deadlines.push(call.deadlineMs);
            return session.run(call);
          },
        };
      };
      return engine;
    });
    await load(freshModel(), { backendDeadlineMs: 1_234 });
    expect(deadlines).toEqual([1_234]);
  });

  it('fails with what the network said: no backend could mend that', async () => {
    const model = freshModel();
    model.files.delete('1.bin');
    expect(await rejection(load(model, order))).toMatchObject({ code: 'http-status', detail: { status: 404 } });
    model.files.set('1.bin', new Uint8Array(50));
    expect(await rejection(load(model, order))).toMatchObject({ code: 'integrity' });
  });
});

describe('a cache that is broken', () => {
  const never = () => new Promise<never>(() => {});
  const throws = () => {
    throw new ReferenceError('indexedDB is not defined');
  };
  it.each<[string, Partial<Record<keyof ReturnType<typeof memoryCache>, unknown>>]>([
    ['never answers', { get: never, set: never, delete: never, keys: never }],
    ['throws at once', { get: throws, set: throws, delete: throws, keys: throws }],
    ['has no methods', {}],
    [
      'hangs for the golden verdict alone',
      { ...memoryCache(), get: (key: string) => (key.startsWith('golden:') ? never() : Promise.resolve(undefined)) },
    ],
    [
      'throws for the golden verdict alone',
      { ...memoryCache(), set: (key: string) => (key.startsWith('golden:') ? throws() : Promise.resolve()) },
    ],
  ])('%s costs time and a note, never the load or a backend', async (_what, cache) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const loading = load(freshModel(), { cache: cache as never });
    while ((await stateOf(loading)) === 'pending') await vi.advanceTimersByTimeAsync(1_000);
    const loaded = await loading;
    expect(loaded.selection).toEqual([expect.objectContaining({ backend: 'cpu', state: 'chosen' })]);
    expect(first(await loaded.predict(one))).toEqual([2, 2, 2, 2]);
  });
  it('is in the notes', async () => {
    const loaded = await load(freshModel(), { cache: { ...memoryCache(), get: throws } });
    expect(loaded.notes).toEqual([{ code: 'cache-unavailable', message: expect.stringContaining('indexedDB is not defined') }]);
    expect(loaded.loadTiming.cache).toBe('unavailable');
  });
});

/** When a page counts as resting, and a turn of the event loop, which is all that Node has for idle time. */
const quiet = 2_001;

describe('the second golden sample', () => {
  const isSecond = (feeds: readonly Feed[]) => (feeds[0] as TensorFeed).data[0] === secondValue;
  const [secondValue] = uniform('float32', { kind: 'uniform', seed: 2, low: 0, high: 1, shape: [1] });
  const isGolden = (feeds: readonly Feed[]) => ((feeds[0] as TensorFeed).data[0] as number) < 1;
  /** Right on the first sample, and wrong on the second and on all else, on webgpu. */
  const wrongLater = (backend: BackendName) =>
    fakeEngine(backend, (feeds) => {
      const right = isGolden(feeds) ? [1, 2, 3, 4] : Array.from((feeds[0] as TensorFeed).data, (value) => value + 1);
      return backend === 'webgpu' && (isSecond(feeds) || !isGolden(feeds)) ? wrongAnswer() : right;
    });

  it('runs when the page rests, and holds up no answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const loaded = await load(freshModel());
    expect(started[0]!.runs.map(isSecond)).toEqual([false]);
    await loaded.predict(one);
    expect(started[0]!.runs).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(quiet);
    expect(started[0]!.runs.map(isSecond)).toEqual([false, false, true]);
    await vi.advanceTimersByTimeAsync(10 * quiet);
    expect(started[0]!.runs).toHaveLength(3);
  });

  it('that is answered wrongly retires the backend, and the next visit asks both before it trusts that backend', async () => {
    const order: LoadOptions = { backend: ['webgpu', 'cpu'], cache: memoryCache() };
    const model = freshModel();
    startWith(wrongLater);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const loaded = await load(model, order);
    expect(loaded.backend).toBe('webgpu');
    await vi.advanceTimersByTimeAsync(quiet);
    vi.useRealTimers();
    const after = await loaded.predict(one);
    expect([first(after), after.backend]).toEqual([[2, 2, 2, 2], 'cpu']);
    expect(loaded.selection[0]).toMatchObject({ state: 'refused', reason: expect.stringContaining('output "y" is off') });
    loaded.dispose();

    started.length = 0;
    const next = await load(model, order);
    expect(next.loadTiming.cache).toBe('hit');
    expect(started.map(({ backend, runs }) => [backend, runs.map(isSecond)])).toEqual([
      ['webgpu', [false, true]],
      // It answered the first sample in the visit before.
      ['cpu', []],
    ]);
    expect(first(await next.predict(one))).toEqual([2, 2, 2, 2]);
  });
});

describe('a remembered golden pass', () => {
  async function second(model: FakeModel, cache: ReturnType<typeof memoryCache>, options: LoadOptions = {}) {
    (await load(model, { cache, ...options })).dispose();
    await vi.waitFor(async () => expect((await cache.keys()).filter((key) => /^(model|golden):/.test(key))).toHaveLength(2));
    started.splice(0);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    return load(model, { cache, ...options });
  }

  it('stands in for the run, which is repeated when the page rests', async () => {
    const loaded = await second(freshModel(), memoryCache());
    expect([started[0]!.runs.length, loaded.loadTiming.goldenMs, loaded.loadTiming.cache]).toEqual([0, 0, 'hit']);
    expect(loaded.selection[0]).not.toHaveProperty('goldenMs');
    // Nothing was warmed up, and the first answer says so.
    expect((await loaded.predict(one)).timing.cold).toBe(true);
    await vi.advanceTimersByTimeAsync(quiet);
    // Both samples, each in an idle moment of its own.
    await vi.advanceTimersByTimeAsync(1);
    expect(started[0]!.runs).toHaveLength(3);
    expect(loaded.notes).toEqual([]);
  });

  it('that is true no more retires the backend: later calls and those in line run elsewhere', async () => {
    const order: LoadOptions = { backend: ['webgpu', 'cpu'] };
    const gate = deferred();
    const cache = memoryCache();
    const model = freshModel();
    let turned = false;
    startWith((backend) =>
      fakeEngine(backend, (feeds: readonly Feed[]) => {
        const data = (feeds[0] as { data: ArrayLike<number> }).data;
        const golden = (data[0] as number) < 1;
        return turned && backend === 'webgpu' ? wrongAnswer() : golden ? [1, 2, 3, 4] : Array.from(data, (value) => value + 1);
      }),
    );
    const loaded = await second(model, cache, order);
    const heard: string[] = [];
    loaded.addEventListener('note', ({ detail }) => heard.push(detail.code));
    expect(loaded.backend).toBe('webgpu');
    turned = true;
    started[0]!.gate = gate.promise;
    await vi.advanceTimersByTimeAsync(quiet);
    const waiting = [loaded.predict(one), loaded.predict(x(2, 2, 2, 2))];
    await rest();
    started[0]!.gate = undefined;
    gate.resolve();
    vi.useRealTimers();
    const answers = await Promise.all(waiting);
    expect(answers.map((answer) => [answer.backend, first(answer)[0]])).toEqual([
      ['cpu', 2],
      ['cpu', 3],
    ]);
    const after = await loaded.predict(one);
    expect([first(after), after.backend, loaded.backend]).toEqual([[2, 2, 2, 2], 'cpu', 'cpu']);
    expect(loaded.selection).toEqual([
      expect.objectContaining({ backend: 'webgpu', state: 'refused', reason: expect.stringContaining('off in') }),
      expect.objectContaining({ backend: 'cpu', state: 'chosen' }),
    ]);
    expect(heard).toEqual(['reopened']);
    expect(loaded.notes.map(({ code }) => code)).toEqual(['reopened']);
  });

  it('does not bring back a model that was disposed', async () => {
    const loaded = await second(freshModel(), memoryCache());
    loaded.dispose();
    await vi.advanceTimersByTimeAsync(2 * quiet);
    expect(started).toHaveLength(1);
  });
});

describe('an engine that is lost', () => {
  it('is replaced under the call that ran there, for two models on it', async () => {
    const [a, b] = [await load(freshModel()), await load(freshModel())];
    expect(started).toHaveLength(1);
    const gate = deferred();
    started[0]!.gate = gate.promise;
    const heard: string[] = [];
    a.addEventListener('note', ({ detail }) => heard.push(detail.message));
    const calls = [a.predict(one), b.predict(one)];
    await rest();
    started[0]!.isLost = true;
    gate.resolve();
    // One new engine serves both.
    for (const call of calls) expect(first(await call)).toEqual([2, 2, 2, 2]);
    expect(started.map(({ isLost: lost }) => lost)).toEqual([true, false]);
    expect(heard).toEqual([expect.stringContaining('cpu backend was lost')]);
    expect([a.selection, b.notes.map(({ code }) => code)]).toEqual([[expect.objectContaining({ state: 'chosen' })], ['reopened']]);
  });

  it('and cannot start again, rejects each call, typed, until it can', async () => {
    const model = await load(freshModel());
    started[0]!.isLost = true;
    startWith(() => Promise.reject(new Error('no more')));
    for (let round = 0; round < 2; round++) {
      expect(await rejection(model.predict(one))).toMatchObject({
        code: 'backend-unavailable',
        message: expect.stringContaining('no more'),
      });
    }
    startWith(fakeEngine);
    expect(first(await model.predict(one))).toEqual([2, 2, 2, 2]);
  });
});

describe('predict', () => {
  /** A model whose engine waits. */
  async function held() {
    const model = await load(freshModel());
    const gate = deferred();
    started.at(-1)!.gate = gate.promise;
    return { model, gate, engine: started.at(-1)! };
  }

  it('rejects at once when it is aborted: before, in line, and while it runs', async () => {
    const { model, gate, engine } = await held();
    const ran = engine.runs.length;
    expect(await rejection(model.predict(one, { signal: AbortSignal.abort('before') }))).toBe('before');
    const [running, waiting] = [new AbortController(), new AbortController()];
    const calls = [
      model.predict(one, { signal: running.signal }),
      model.predict(one, { signal: waiting.signal }),
      model.predict(x(5, 5, 5, 5)),
    ];
    await rest();
    waiting.abort('waiting');
    running.abort('running');
    expect(await Promise.all(calls.slice(0, 2).map(rejection))).toEqual(['running', 'waiting']);
    expect(await stateOf(calls[2]!)).toBe('pending');
    gate.resolve();
    expect(first(await calls[2]!)).toEqual([6, 6, 6, 6]);
    expect(engine.runs.length - ran).toBe(2);
    // Aborts are nobody's failure.
    expect(model.stats()).toMatchObject({ count: 1, failedCount: 0 });
  });

  it('says how long it waited, and its phases add up', async () => {
    const { model, gate } = await held();
    const calls = [model.predict(one), model.predict(one)];
    await rest();
    // Long enough that the first call's way into the queue, whose code is run for the first time, does not count.
    await new Promise((resolve) => setTimeout(resolve, 20));
    gate.resolve();
    const [running, waiting] = await Promise.all(calls);
    const { totalMs, queuedMs, prepareMs, transferMs, computeMs, readMs } = waiting!.timing;
    expect(queuedMs).toBeGreaterThan(running!.timing.queuedMs);
    expect(queuedMs + prepareMs + transferMs + computeMs + readMs!).toBeCloseTo(totalMs, 6);
    for (const phase of [queuedMs, prepareMs, transferMs, computeMs]) expect(phase).toBeGreaterThanOrEqual(0);
  });

  it('lets users go before the background', async () => {
    const { model, gate } = await held();
    const ended: string[] = [];
    const call = (name: string, priority: Priority) => model.predict(one, { priority }).then(() => ended.push(name));
    const calls = [call('first', 'background'), call('background', 'background'), call('user', 'user')];
    await rest();
    gate.resolve();
    await Promise.all(calls);
    expect(ended).toEqual(['first', 'user', 'background']);
  });

  it('refuses a priority that there is not', async () => {
    const { model, gate } = await held();
    const call = model.predict(one);
    expect(await rejection(model.predict(one, { priority: 'high' as never }))).toMatchObject({
      code: 'options',
      message: expect.stringContaining('high'),
    });
    gate.resolve();
    await call;
  });

  it('takes arrays as they are when it is called', async () => {
    const { model, gate } = await held();
    const given = Float32Array.of(1, 2, 3, 4);
    const call = [model.predict({ x: given }), model.predict({ x: given })];
    given.fill(0);
    gate.resolve();
    for (const answer of await Promise.all(call)) expect(first(answer)).toEqual([2, 3, 4, 5]);
  });

  it('counts failures, and not what was refused before', async () => {
    const { model, gate } = await held();
    gate.resolve();
    await rejection(model.predict(x(1)));
    await model.predict(one);
    expect(model.stats()).toMatchObject({ count: 1, failedCount: 1 });
  });

  describe('with a picture', () => {
    const image = {
      width: 2,
      height: 2,
      fit: 'stretch',
      filter: 'bilinear',
      channels: 'rgb',
      layout: 'nhwc',
      scale: [1, 1, 1],
      offset: [0, 0, 0],
    } as const;
    const seeing = () => {
      const model = freshModel();
      const { signature } = model.manifest;
      const inputs = { ...signature.inputs, photo: { dtype: 'float32', shape: [1, 2, 2, 3], image } } as const;
      return { ...model, manifest: { ...model.manifest, signature: { ...signature, inputs } } };
    };
    const frame = () => {
      const copies: { closed: number }[] = [];
      const clone = () => {
        const copy = { displayWidth: 4, displayHeight: 4, closed: 0, close: () => void copy.closed++ };
        copies.push(copy);
        return copy;
      };
      return { displayWidth: 4, displayHeight: 4, clone, copies };
    };

    it('lets go of it where the call is aborted in line, or the model is disposed', async () => {
      vi.stubGlobal('createImageBitmap', async () => Promise.reject(new Error('not here')));
      const model = await load(seeing());
      const gate = deferred();
      started[0]!.gate = gate.promise;
      const running = model.predict(one as never).catch(() => undefined);
      const pixels = { data: new Uint8Array(4), width: 1, height: 1 };
      const busy = rejection(model.predict({ ...one, photo: pixels } as never));
      const [aborted, dropped] = [frame(), frame()];
      const abort = new AbortController();
      const calls = [
        rejection(model.predict({ ...one, photo: aborted } as never, { signal: abort.signal })),
        rejection(model.predict({ ...one, photo: dropped } as never)),
      ];
      await rest();
      expect([aborted.copies, dropped.copies].map((copies) => copies.map(({ closed }) => closed))).toEqual([[0], [0]]);
      abort.abort('enough');
      expect(await calls[0]).toBe('enough');
      await rest();
      expect(aborted.copies[0]!.closed).toBe(1);
      model.dispose();
      expect(await calls[1]).toMatchObject({ code: 'disposed' });
      await rest();
      expect(dropped.copies[0]!.closed).toBe(1);
      gate.resolve();
      await Promise.all([running, busy]);
    });

    it('lets go of one that arrives after the abort', async () => {
      const late = deferred<unknown>();
      vi.stubGlobal('createImageBitmap', () => late.promise);
      const model = await load(seeing());
      const abort = new AbortController();
      const call = rejection(model.predict({ ...one, photo: new Blob() } as never, { signal: abort.signal }));
      abort.abort('enough');
      expect(await call).toBe('enough');
      const bitmap = { width: 2, height: 2, closed: 0, close: () => void bitmap.closed++ };
      late.resolve(bitmap);
      await rest();
      expect(bitmap.closed).toBe(1);
    });
  });
});

describe('dispose', () => {
  it('rejects what is under way and what waits; twice is once', async () => {
    const model = await load(freshModel());
    const gate: Deferred<void> = deferred();
    started[0]!.gate = gate.promise;
    const calls = [model.predict(one), model.predict(one), model.predict(one)];
    await rest();
    model.dispose();
    model.dispose();
    model[Symbol.dispose]();
    for (const call of calls)
      expect(await rejection(call)).toMatchObject({ code: 'disposed', message: expect.stringContaining('under way') });
    expect(await rejection(model.predict(one))).toMatchObject({ code: 'disposed', message: expect.stringContaining('Load it again') });
    expect(await rejection(model.predictEach([one]).next())).toMatchObject({ code: 'disposed' });
    gate.resolve();
    expect(model.disposed).toBe(true);
    // What it was can still be asked.
    expect([model.name, model.backend, model.stats().count]).toEqual([model.name, 'cpu', 0]);
  });

  it('of one model leaves the other on the same engine alone, its waiting calls too', async () => {
    const [a, b] = [await load(freshModel()), await load(freshModel())];
    const gate = deferred();
    started[0]!.gate = gate.promise;
    const [doomed, ...others] = [a.predict(one), b.predict(one), b.predict(one)];
    const outcome = rejection(doomed!);
    await rest();
    a.dispose();
    gate.resolve();
    expect(await outcome).toMatchObject({ code: 'disposed' });
    for (const other of others) expect(first(await other)).toEqual([2, 2, 2, 2]);
    expect(started[0]!.ended).toBe(false);
  });

  it('hears no more notes', async () => {
    const fake = freshModel();
    const [a, b] = [await load(fake), await load(fake)];
    const heard: string[] = [];
    a.addEventListener('note', () => heard.push('a'));
    const listener = () => void heard.push('b');
    b.addEventListener('note', listener);
    b.addEventListener('note', () => heard.push('b again'));
    b.removeEventListener('note', listener);
    a.dispose();
    started[0]!.isLost = true;
    await b.predict(one).catch(() => undefined);
    expect(heard).toEqual(['b again']);
  });
});

describe('predictEach over inputs', () => {
  const collect = async (answers: AsyncIterable<Prediction>) => {
    const found: number[] = [];
    for await (const answer of answers) found.push(first(answer)[0]! - 1);
    return found;
  };
  const many = Array.from({ length: 20 }, (_, index) => x(index + 1, 0, 0, 0));
  const wanted = many.map((_, index) => index + 1);
  async function* slowly() {
    for (const each of many) {
      await new Promise((resolve) => setImmediate(resolve));
      yield each;
    }
  }

  it.each([1, 2, 5, 100])('keeps order and drops nothing, with %i at once', async (concurrency) => {
    const model = await load(freshModel());
    for (const source of [many, new Set(many), slowly(), many.map((each) => Promise.resolve(each)) as never]) {
      expect(await collect(model.predictEach(source, { concurrency }))).toEqual(wanted);
    }
    expect(await collect(model.predictEach([]))).toEqual([]);
  });

  it('has no more under way than asked, and takes no more than it needs', async () => {
    const model = await load(freshModel());
    let taken = 0;
    function* counting() {
      for (const each of many) {
        taken++;
        yield each;
      }
    }
    for await (const _ of model.predictEach(counting(), { concurrency: 3 })) {
      expect(taken).toBe(3);
      break;
    }
  });

  it('lets go of the source when the loop ends early, also by a failure', async () => {
    const model = await load(freshModel());
    let closed = 0;
    async function* source(bad: boolean) {
      try {
        for (let index = 0; ; index++) yield bad && index === 2 ? x(1) : one;
      } finally {
        closed++;
      }
    }
    for await (const _ of model.predictEach(source(false))) break;
    expect(closed).toBe(1);
    expect(await rejection(collect(model.predictEach(source(true))))).toMatchObject({ code: 'input' });
    expect(closed).toBe(2);
  });

  it('hands over each answer without waiting for the next inputs', async () => {
    const model = await load(freshModel());
    const next = deferred();
    async function* sensor() {
      yield x(1, 0, 0, 0);
      await next.promise;
      yield x(2, 0, 0, 0);
    }
    const answers = model.predictEach(sensor());
    expect(first((await answers.next()).value)[0]).toBe(2);
    const later = answers.next();
    expect(await stateOf(later)).toBe('pending');
    next.resolve();
    expect(first((await later).value)[0]).toBe(3);
    expect((await answers.next()).done).toBe(true);
  });

  it('hands over all answers to what the source gave before it threw', async () => {
    const model = await load(freshModel());
    const seen: number[] = [];
    function* source() {
      yield* many.slice(0, 3);
      throw new Error('the sensor is gone');
    }
    const ending = (async () => {
      for await (const answer of model.predictEach(source(), { concurrency: 3 })) seen.push(first(answer)[0]! - 1);
    })();
    expect(await rejection(ending)).toMatchObject({ message: 'the sensor is gone' });
    expect(seen).toEqual([1, 2, 3]);
  });

  it('passes on what the source throws', async () => {
    const model = await load(freshModel());
    const failure = new Error('the sensor is gone');
    async function* source() {
      yield one;
      throw failure;
    }
    expect(await rejection(collect(model.predictEach(source())))).toBe(failure);
  });

  it.each(['abort', 'dispose'])('ends on %s while the source keeps it waiting', async (how) => {
    const model = await load(freshModel());
    const abort = new AbortController();
    let closed = 0;
    const stuck = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<typeof one>>(() => {}),
        return: async () => {
          closed++;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const ending = rejection(collect(model.predictEach(stuck, { signal: abort.signal })));
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (how === 'abort') abort.abort('enough');
    else model.dispose();
    expect(await ending).toEqual(how === 'abort' ? 'enough' : expect.objectContaining({ code: 'disposed' }));
    await rest();
    expect(closed).toBe(1);
  });

  it('ends on an abort between two answers', async () => {
    const model = await load(freshModel());
    const abort = new AbortController();
    let seen = 0;
    const ending = (async () => {
      for await (const _ of model.predictEach(many, { signal: abort.signal })) if (++seen === 3) abort.abort('enough');
    })();
    expect(await rejection(ending)).toBe('enough');
    expect(seen).toBe(3);
  });

  it('reads what it is told to read', async () => {
    const model = await load(freshModel());
    for await (const { outputs } of model.predictEach([one], { outputs: [] as never })) expect(outputs).toEqual({});
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2'])('refuses %s at once', async (concurrency) => {
    const model = await load(freshModel());
    const endless = (function* () {
      for (;;) yield one;
    })();
    const failure = await rejection(model.predictEach(endless, { concurrency: concurrency as number }).next());
    expect(failure).toMatchObject({ code: 'options', message: expect.stringContaining('concurrency') });
  });

  it.each([[undefined], [null], [5], ['photo.png'], [{}], [Object.create(null)]])('refuses %s for a source', async (source) => {
    const model = await load(freshModel());
    expect(await rejection(model.predictEach(source as never).next())).toMatchObject({ code: 'input' });
  });
});

it('a part of the library that does not arrive fails the load and holds nothing', async () => {
  vi.resetModules();
  vi.doMock('../../src/select/open-model.js', () => {
    throw new Error('the chunk is gone');
  });
  const { loadModel: loadAnew } = await import('../../src/load.js');
  const model = freshModel();
  await rejection(loadAnew(model.manifest, { backend: 'cpu', fetch: fakeFetch(model.files).fetch, cache: null }));
  vi.doUnmock('../../src/select/open-model.js');
  vi.resetModules();
  await vi.waitFor(() => expect(started.map(({ ended }) => ended)).toEqual([true]));
});

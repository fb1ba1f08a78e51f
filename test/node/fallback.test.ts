/** The app's own function answers where no backend can: what it gets, what it may give, and the way there and back. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Target } from '../../src/api/candidate.js';
import type { BackendName } from '../../src/base/backend-name.js';
import type { Engine } from '../../src/engines/engine.js';
import { type Fallback, type FallbackRequest, type LoadOptions, loadModel, type Model, type ModelSource } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import {
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

/** Engines that were started, and what starts the next one. */
const realm = vi.hoisted(() => ({ started: [] as unknown[], start: undefined as unknown }));
vi.mock('../../src/engines/local.js', () => ({
  isRealmTaken: () => false,
  startLocalEngine: ({ backend }: Target) => (realm.start as (backend: BackendName) => Promise<Engine>)(backend),
}));
const started = realm.started as FakeEngine[];
function startWith(make: (backend: BackendName) => FakeEngine): void {
  realm.start = async (backend: BackendName) => {
    const engine = make(backend);
    started.push(engine);
    return engine;
  };
}

let count = 0;
/** A model that every backend can run. */
const hopeful = (change: Partial<Manifest> = {}) => {
  const model = fakeModel(`hopeful ${count++}`);
  return { ...model, manifest: { ...model.manifest, ...change } };
};

/** A model that no backend has all kernels for. */
const hopeless = (change: Partial<Manifest> = {}) => {
  const model = fakeModel(`hopeless ${count++}`);
  const missing = Object.fromEntries(['webgpu', 'wasm', 'cpu'].map((backend) => [backend, ['Whatever']]));
  return { ...model, manifest: { ...lacking(model.manifest, missing), ...change } };
};

const open: Model[] = [];
async function load(model: ReturnType<typeof hopeless>, fallback: unknown, options: LoadOptions = {}): Promise<Model> {
  const given = { backend: 'cpu', fetch: fakeFetch(model.files).fetch, cache: null, fallback, ...options } as LoadOptions;
  const loaded = await loadModel(model.manifest as ModelSource, given);
  open.push(loaded);
  return loaded;
}

const x = { x: Float32Array.of(1, 2, 3, 4) };
const twice: Fallback = async (inputs) => ({ y: [...(inputs as typeof x).x].map((value) => value * 2) });

beforeEach(() => startWith(fakeEngine));
afterEach(() => {
  vi.useRealTimers();
  for (const model of open.splice(0)) model.dispose();
  started.length = 0;
});

describe('where every backend is vetoed', () => {
  it('the fallback answers, and everything says so', async () => {
    const model = hopeless();
    const loaded = await load(model, twice, { backend: 'auto' });
    const { outputs, backend, timing } = await loaded.predict(x);
    expect(outputs).toEqual({ y: { dtype: 'float32', shape: [1, 4], data: Float32Array.of(2, 4, 6, 8) } });
    expect([backend, timing.backend, loaded.backend, loaded.thread]).toEqual(['fallback', 'fallback', 'fallback', 'page']);
    const reason = 'it lacks the kernels Whatever';
    expect(loaded.selection).toEqual([
      { engine: 'tfjs', backend: 'wasm', state: 'refused', reason },
      { engine: 'tfjs', backend: 'webgpu', state: 'refused', reason },
      { engine: 'tfjs', backend: 'cpu', state: 'refused', reason },
      { engine: 'app', backend: 'fallback', state: 'chosen' },
    ]);
    const [{ code, message } = { code: '', message: '' }, ...more] = loaded.notes;
    expect([code, more]).toEqual(['fallback', []]);
    expect(message).toMatch(/No backend can run this model here, and the app's fallback answers\. wasm: it lacks .* · webgpu: .* · cpu: /);
  });

  it('nothing is downloaded, nothing is started, nothing is resident', async () => {
    const model = hopeless();
    const { fetch, asked } = fakeFetch(model.files);
    const progress: number[] = [];
    const loaded = await load(model, twice, { fetch, onProgress: ({ loadedBytes }) => progress.push(loadedBytes) });
    await loaded.predict(x);
    expect([asked, started, progress]).toEqual([[], [], []]);
    expect(loaded.loadTiming).toMatchObject({ weightsMs: 0, hashMs: 0, startMs: 0, openMs: 0, goldenMs: 0, cache: 'off' });
    expect(loaded.stats()).toMatchObject({ count: 1, bytesDownloaded: 0, bytesResident: 0 });
  });

  it('and without a fallback nothing is downloaded either', async () => {
    const model = hopeless();
    const { fetch, asked } = fakeFetch(model.files);
    expect(await rejection(load(model, undefined, { fetch }))).toMatchObject({ code: 'backend-unavailable' });
    expect([asked, started]).toEqual([[], []]);
  });

  it('a manifest that is broken in its details is refused all the same', async () => {
    const model = hopeless();
    const golden = goldenWith(model.manifest.golden, { inputs: [] as never });
    expect(await rejection(load({ ...model, manifest: { ...model.manifest, golden } }, twice))).toMatchObject({ code: 'manifest' });
  });

  it('loads with one function are one load', async () => {
    const model = hopeless();
    const { fetch } = fakeFetch(model.files);
    const [one, two, other] = await Promise.all([twice, twice, async () => ({})].map((fallback) => load(model, fallback, { fetch })));
    expect(one?.notes[0]).toBe(two?.notes[0]);
    expect(one?.notes[0]).not.toBe(other?.notes[0]);
  });
});

describe('the memory budget', () => {
  const fits = (change: Partial<Manifest> = {}) => hopeful({ residentBytes: 1_000, intermediateBytes: 24, ...change });

  it('refuses every backend up front, with its numbers', async () => {
    const model = fits();
    const { fetch, asked } = fakeFetch(model.files);
    const loaded = await load(model, twice, { backend: ['wasm', 'cpu'], memoryBudgetBytes: 1_023, fetch });
    const reason =
      'the model takes 1024 bytes of memory (1000 of weights and 24 of values between them), more than the budget of 1023 bytes (option memoryBudgetBytes)';
    expect(loaded.selection).toEqual([
      { engine: 'tfjs', backend: 'wasm', state: 'refused', reason },
      { engine: 'tfjs', backend: 'cpu', state: 'refused', reason },
      { engine: 'app', backend: 'fallback', state: 'chosen' },
    ]);
    expect([asked, started]).toEqual([[], []]);
  });

  it('that is as large as the model refuses nothing', async () => {
    const loaded = await load(fits(), twice, { memoryBudgetBytes: 1_024 });
    expect(loaded.selection.map(({ backend, state }) => [backend, state])).toEqual([
      ['cpu', 'chosen'],
      ['fallback', 'untried'],
    ]);
    expect(loaded.stats().bytesResident).toBe(1_000);
  });

  it.each([
    [undefined, 2 ** 30],
    [0.5, 2 ** 27],
    [8, 2 ** 31],
  ])('of a device that says %s GiB is %i bytes', async (deviceMemory, budgetBytes) => {
    vi.stubGlobal('navigator', { deviceMemory });
    try {
      const refused = await load(fits({ residentBytes: budgetBytes }), twice);
      const allowed = await load(fits({ residentBytes: budgetBytes - 24 }), twice);
      expect([refused.backend, allowed.backend]).toEqual(['fallback', 'cpu']);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('where no backend is right', () => {
  it('the fallback answers, though the bytes are there', async () => {
    const model = hopeful();
    startWith((backend) => fakeEngine(backend, () => [9, 9, 9, 8]));
    const loaded = await load(model, twice, { backend: ['wasm', 'cpu'] });
    expect([...((await loaded.predict(x)).outputs['y']?.data ?? [])]).toEqual([2, 4, 6, 8]);
    expect(loaded.selection.map(({ state, reason }) => [state, reason?.slice(0, 33)])).toEqual([
      ['refused', 'it disagrees with the golden samp'],
      ['refused', 'it disagrees with the golden samp'],
      ['chosen', undefined],
    ]);
    await vi.waitFor(() => expect(started.map(({ ended }) => ended)).toEqual([true, true]));
    expect(loaded.loadTiming.cache).toBe('off');
    expect(loaded.stats().bytesDownloaded).toBeGreaterThan(0);
  });

  it('and none starts, a download that nobody will need is ended', async () => {
    const model = hopeful();
    realm.start = async () => {
      throw new Error('it does not start');
    };
    const ended: unknown[] = [];
    const fetch = (_url: unknown, { signal }: RequestInit = {}) =>
      new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(ended.push(signal.reason))));
    const loaded = await load(model, twice, { fetch: fetch as never });
    expect(loaded.backend).toBe('fallback');
    expect(ended.length).toBeGreaterThan(0);
  });

  it('bytes that do not come still fail the load: they are no backend’s fault', async () => {
    const model = hopeful();
    expect(await rejection(load(model, twice, { fetch: fakeFetch(new Map()).fetch }))).toMatchObject({ code: 'http-status' });
  });
});

describe('a fallback', () => {
  const asked = async (change: Partial<Manifest> = {}, inputs: object = x, options: object = {}) => {
    const calls: [unknown, FallbackRequest][] = [];
    const loaded = await load(hopeless(change), async (given: unknown, request: FallbackRequest) => {
      calls.push([given, request]);
      await request.tensors();
      return { y: [1, 2, 3, 4], z: [1] };
    });
    await loaded.predict(inputs as never, options);
    const [[given, request] = []] = calls;
    return { given, request: request as FallbackRequest };
  };
  const spec = { dtype: 'float32', shape: [1, 4] } as const;
  const outputs = { y: { ...spec }, z: { dtype: 'int32', shape: [null] } } as const;

  it('gets the very inputs that predict got, and what it needs to ask elsewhere', async () => {
    const signature = { inputs: { x: { ...spec } }, outputs };
    const { given, request } = await asked({ name: 'pose', signature }, x, { outputs: ['z', 'y'] });
    expect(given).toBe(x);
    const { model, outputs: wanted, signal } = request;
    expect([model, wanted, signal.aborted]).toEqual(['pose', ['z', 'y'], false]);
    expect(request.signature).toEqual(signature);
  });

  it('gets inputs as the graph takes them, in arrays of its own', async () => {
    const image = {
      width: 2,
      height: 1,
      fit: 'stretch',
      filter: 'bilinear',
      channels: 'bgr',
      layout: 'nhwc',
      scale: [1, 1, 1],
      offset: [0, 0, 0],
    };
    const columns = [
      { name: 'rooms', mean: 1, std: 2 },
      { name: 'city', categories: ['Bern', 'Thun'], encode: 'one-hot' },
    ];
    const inputs = {
      x: { ...spec },
      photo: { dtype: 'int32', shape: [1, 1, 2, 3], image },
      house: { dtype: 'float32', shape: [null, 3], columns },
      words: { dtype: 'int32', shape: [null], pad: { to: [4], axis: 0, value: 9 } },
    } as unknown as Manifest['signature']['inputs'];
    const photo = { data: Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255), width: 2, height: 1 };
    const tensors: Record<string, unknown>[] = [];
    const golden = goldenWith(fakeModel().manifest.golden, { inputs: {}, outputs: {} });
    const loaded = await load(
      hopeless({ signature: { inputs, outputs: { y: outputs.y } }, golden }),
      async (_: unknown, request: FallbackRequest) => {
        const [one, other] = [await request.tensors(), await request.tensors()];
        tensors.push(one, other);
        for (const { data } of Object.values(one)) data.fill(0);
        return { y: [1, 2, 3, 4] };
      },
    );
    const { images } = await loaded.predict({ ...x, photo, house: { rooms: 3, city: 'Thun' }, words: Int32Array.of(7, 8) } as never);
    expect(tensors[1]).toEqual({
      x: { dtype: 'float32', shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) },
      photo: { dtype: 'int32', shape: [1, 1, 2, 3], data: Int32Array.of(3, 2, 1, 6, 5, 4) },
      house: { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 0, 1) },
      words: { dtype: 'int32', shape: [4], data: Int32Array.of(7, 8, 9, 9) },
    });
    expect((images as Record<string, { sourceWidth: number }>)['photo']?.sourceWidth).toBe(2);
  });

  it('whose answer is padded, or not, gives an output as long as its input', async () => {
    const inputs = { x: { dtype: 'float32', shape: [null], pad: { to: [4], axis: 0, value: 0 } } } as const;
    const signature = { inputs, outputs: { y: { dtype: 'float32', shape: [null], lengthAxes: [0] } } } as const;
    const golden = goldenWith(fakeModel().manifest.golden, { inputs: {}, outputs: {} });
    for (const answer of [
      [1, 2, 0, 0],
      [1, 2],
    ]) {
      const loaded = await load(hopeless({ signature, golden } as Partial<Manifest>), async () => ({ y: answer }));
      const { outputs: read } = await loaded.predict({ x: Float32Array.of(1, 2) });
      expect(read).toEqual({ y: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
    }
  });

  it('may give typed arrays, plain ones, or tensors; the caller owns a copy', async () => {
    const data = Float32Array.of(5, 6, 7, 8);
    for (const y of [data, [5, 6, 7, 8], Float64Array.of(5, 6, 7, 8), { data, shape: [1, 4] }, { data, dtype: 'float32' }]) {
      const loaded = await load(hopeless(), async () => ({ y }));
      const { outputs: read } = await loaded.predict(x);
      expect(read).toEqual({ y: { dtype: 'float32', shape: [1, 4], data } });
      expect(read['y']?.data).not.toBe(data);
    }
  });

  it('may leave out what was not asked for; `into` and open sizes are as ever', async () => {
    const model = hopeless({ signature: { inputs: { x: { ...spec } }, outputs } });
    const into = new Int32Array(3);
    const loaded = await load(model, async () => ({ z: [7, 8, 9] }));
    const { outputs: read } = await loaded.predict(x, { outputs: ['z'], into: { z: into } });
    expect(read).toEqual({ z: { dtype: 'int32', shape: [3], data: Int32Array.of(7, 8, 9) } });
    expect(read['z']?.data).toBe(into);
  });

  it.each<[answer: unknown, message: string]>([
    [undefined, 'It should give an object of outputs by name, but gave undefined.'],
    [{}, 'Output "y" is missing; it gave none.'],
    [{ y: [1, 2, 3, 4], w: [1] }, 'The model has no output "w". Its outputs are y.'],
    [{ y: [1, 2, 3] }, 'Output "y" of shape [1, 4] should have 4 values, but has 3.'],
    [{ y: { data: [1, 2, 3, 4], shape: [4] } }, 'Output "y" should have shape [1, 4], but has [4].'],
    [{ y: { data: [1, 2, 3, 4], shape: '1,4' } }, 'Output "y" should have a shape of sizes, but has String.'],
    [{ y: { data: [1, 2, 3, 4], dtype: 'int32' } }, 'Output "y" should be float32, but is int32.'],
    [{ y: [1, 2, 3, '4'] }, 'Output "y" should be a flat array of numbers, but holds "4" at 3.'],
    [{ y: 'cat' }, 'Output "y" should be an array of numbers, but is String.'],
  ])('that answers %j is a typed error', async (answer, message) => {
    const model = hopeless();
    const loaded = await load(model, async () => answer);
    const error = (await rejection(loaded.predict(x))) as Error;
    expect(error).toMatchObject({ code: 'fallback', retryable: false });
    expect(error.message).toBe(
      `The fallback of model "${model.manifest.name}" answered wrongly. ${message} (node_modules/pannier/docs/errors.md#fallback)`,
    );
    expect(loaded.stats()).toMatchObject({ count: 0, failedCount: 1 });
  });

  it.each([
    ['int32', 1.5, 'holds 1.5 at 0'],
    ['int32', 2 ** 31, 'holds 2147483648 at 0'],
    ['bool', 2, 'holds 2 at 0'],
  ] as const)('that answers an output of %s with %s is a typed error', async (dtype, value, message) => {
    const signature = { inputs: { x: { ...spec } }, outputs: { y: { dtype, shape: [1] } } };
    const loaded = await load(hopeless({ signature }), async () => ({ y: [value] }));
    expect(await rejection(loaded.predict(x))).toMatchObject({ code: 'fallback', message: expect.stringContaining(message) });
  });

  it('that throws rejects the call, with its own error as the cause', async () => {
    const model = hopeless();
    const cause = new RangeError('no credit');
    const throwing = [
      async () => Promise.reject(cause),
      () => {
        throw cause;
      },
    ];
    for (const fallback of throwing) {
      const error = await rejection((await load(model, fallback)).predict(x));
      expect(error).toMatchObject({ code: 'fallback', cause });
      expect((error as Error).message).toContain(`The fallback of model "${model.manifest.name}" failed: no credit`);
    }
  });

  it('that throws one of ours rejects with that', async () => {
    const { PannierError } = await import('../../src/index.js');
    const own = new PannierError('http-status', 'It is not there.', { status: 503 });
    expect(await rejection((await load(hopeless(), async () => Promise.reject(own))).predict(x))).toBe(own);
  });

  it('answers many calls at once', async () => {
    const gates = [deferred(), deferred(), deferred()];
    let begun = 0;
    const loaded = await load(hopeless(), async () => {
      const index = begun++;
      await gates[index]?.promise;
      return { y: [index, 0, 0, 0] };
    });
    const calls = gates.map(() => loaded.predict(x));
    await rest();
    expect(begun).toBe(3);
    gates[2]?.resolve();
    expect([...((await calls[2])?.outputs['y']?.data ?? [])]).toEqual([2, 0, 0, 0]);
    expect(await stateOf(calls[0] as Promise<unknown>)).toBe('pending');
    gates[0]?.resolve();
    gates[1]?.resolve();
    await Promise.all(calls);
  });
});

describe('an answer that holds NaN', () => {
  const loadWith = (options: LoadOptions = {}) => load(hopeless(), async () => ({ y: [1, Number.NaN, 3, 4] }), options);

  it('is refused as a backend’s is', async () => {
    expect(await rejection((await loadWith()).predict(x))).toMatchObject({ code: 'non-finite', detail: { output: 'y', count: 1 } });
  });
  it('is passed on where the app takes it', async () => {
    const { outputs } = await (await loadWith({ nonFinite: 'allow' })).predict(x);
    expect([...outputs['y']!.data]).toEqual([1, Number.NaN, 3, 4]);
  });
});

describe('a call of a fallback that does not answer', () => {
  const stalled = async (options: LoadOptions = {}) => {
    const signals: AbortSignal[] = [];
    const loaded = await load(
      hopeless(),
      (_: unknown, { signal }: FallbackRequest) => {
        signals.push(signal as AbortSignal);
        return new Promise(() => undefined);
      },
      options,
    );
    return { loaded, signals };
  };

  it('ends with its signal, which the fallback hears', async () => {
    const { loaded, signals } = await stalled();
    const abort = new AbortController();
    const [aborted, other] = [loaded.predict(x, { signal: abort.signal }), loaded.predict(x)];
    await rest();
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await rejection(aborted)).toBe(reason);
    expect([signals.map((signal) => signal.aborted), signals[0]?.reason]).toEqual([[true, false], reason]);
    expect(await stateOf(other)).toBe('pending');
    loaded.dispose();
    expect(await rejection(other)).toMatchObject({ code: 'disposed' });
    expect(signals[1]?.aborted).toBe(true);
  });

  it('lets go of its pictures when it ends, whatever the fallback does', async () => {
    const image = {
      width: 2,
      height: 1,
      fit: 'stretch',
      filter: 'bilinear',
      channels: 'rgb',
      layout: 'nhwc',
      scale: [1, 1, 1],
      offset: [0, 0, 0],
    };
    const inputs = { photo: { dtype: 'float32', shape: [1, 1, 2, 3], image } };
    const { signature, golden } = fakeModel().manifest;
    const change = { signature: { ...signature, inputs }, golden: goldenWith(golden, { inputs: {} }) } as unknown as Partial<Manifest>;
    const loaded = await load(hopeless(change), () => new Promise(() => undefined));
    const close = vi.fn();
    const frame = { displayWidth: 2, displayHeight: 1, clone: () => ({ displayWidth: 2, displayHeight: 1, close }) };
    const abort = new AbortController();
    const call = loaded.predict({ photo: frame } as never, { signal: abort.signal });
    await rest();
    expect(close).not.toHaveBeenCalled();
    abort.abort();
    await rejection(call);
    await rest();
    expect(close).toHaveBeenCalledOnce();
  });

  it('ends at its deadline', async () => {
    const { loaded, signals } = await stalled({ deadlineMs: 5 });
    const error = await rejection(loaded.predict(x));
    expect(error).toMatchObject({ code: 'timeout', retryable: true, detail: { limitMs: 5 } });
    expect(signals[0]?.reason).toBe(error);
  });

  it('can read no inputs any more', async () => {
    const late: Promise<unknown>[] = [];
    const loaded = await load(hopeless(), async (_: unknown, { signal, tensors }: FallbackRequest) => {
      (signal as AbortSignal).addEventListener('abort', () => late.push(rejection(tensors())));
      return new Promise(() => undefined);
    });
    const abort = new AbortController();
    const call = loaded.predict(x, { signal: abort.signal });
    await rest();
    const reason = new Error('enough');
    abort.abort(reason);
    await rejection(call);
    expect(await late[0]).toBe(reason);
  });
});

describe('timing', () => {
  it('adds up: making tensors is preparing, the rest of the function is computing', async () => {
    const clock = vi.spyOn(performance, 'now');
    try {
      let nowMs = 0;
      // Every look at the clock takes a millisecond, making a tensor a thousand, the function itself a hundred.
      clock.mockImplementation(() => ++nowMs);
      const copying = vi.spyOn(Float32Array.prototype, 'slice').mockImplementation(function (this: Float32Array<ArrayBuffer>) {
        nowMs += 1_000;
        return new Float32Array(this);
      });
      const loaded = await load(hopeless(), async (_: unknown, { tensors }: FallbackRequest) => {
        await tensors();
        nowMs += 100;
        return { y: [1, 2, 3, 4] };
      });
      const { timing } = await loaded.predict(x);
      copying.mockRestore();
      const { totalMs, queuedMs, prepareMs, transferMs, computeMs, readMs, cold } = timing;
      expect(queuedMs + prepareMs + transferMs + computeMs + (readMs ?? 0)).toBe(totalMs);
      expect([Math.floor(computeMs / 100), readMs, cold]).toEqual([1, 1, false]);
      expect(Math.floor(prepareMs / 1_000)).toBe(1);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('a model whose last backend is lost', () => {
  it('goes over to the fallback; nothing is dropped', async () => {
    const model = hopeful();
    let lives = 1;
    startWith((backend) => {
      if (lives-- > 0) return fakeEngine(backend);
      throw new Error('there is none any more');
    });
    const loaded = await load(model, twice);
    expect([loaded.backend, loaded.selection.map(({ state }) => state)]).toEqual(['cpu', ['chosen', 'untried']]);
    expect([...((await loaded.predict(x)).outputs['y']?.data ?? [])]).toEqual([2, 3, 4, 5]);
    const changes: unknown[] = [];
    loaded.addEventListener('backendchange', ({ detail: { from, to } }) => changes.push([from, to]));
    (started[0] as FakeEngine).isLost = true;
    const calls = await Promise.all([loaded.predict(x), loaded.predict(x)]);
    expect(calls.map(({ backend, outputs }) => [backend, [...(outputs['y']?.data ?? [])]])).toEqual([
      ['fallback', [2, 4, 6, 8]],
      ['fallback', [2, 4, 6, 8]],
    ]);
    expect(changes).toEqual([['cpu', 'fallback']]);
    expect(loaded.selection).toEqual([
      expect.objectContaining({ backend: 'cpu', state: 'refused', reason: 'there is none any more' }),
      { backend: 'fallback', engine: 'app', state: 'chosen' },
    ]);
  });
});

describe('the option', () => {
  it.each([['https://server.test'], [{}], [null]])('is refused as %j', async (fallback) => {
    expect(await rejection(load(hopeless(), fallback))).toMatchObject({
      code: 'options',
      message: expect.stringContaining("loadModel's option fallback should be a function"),
    });
  });
  it.each([[-1], [Number.NaN], ['1GB']])('memoryBudgetBytes is refused as %s', async (memoryBudgetBytes) => {
    expect(await rejection(load(hopeless(), twice, { memoryBudgetBytes } as LoadOptions))).toMatchObject({
      code: 'options',
      message: expect.stringContaining('memoryBudgetBytes should be bytes from 0 up'),
    });
  });
});

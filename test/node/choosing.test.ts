/** Which backend a model runs on, over worker engines of known behaviour and a clock that the test moves: who is chosen, why not the others, and what calls notice. */
import { createHash } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Candidate, Target } from '../../src/api/candidate.js';
import type { Prediction } from '../../src/api/model.js';
import type { BackendName, ServingBackend } from '../../src/base/backend-name.js';
import { PannierError } from '../../src/base/errors.js';
import { fromBytes } from '../../src/base/json.js';
import type { RunResult, Session } from '../../src/engines/engine.js';
import { type LoadOptions, loadModel, type Model, resetBackends } from '../../src/index.js';
// What a load imports when it needs it: here at once, since the clock runs meanwhile.
import { circuitBreaker } from '../../src/select/circuit-breaker.js';
import { type FakeEngine, fakeEngine, fakeFetch, fakeModel, importLazy, lacking, rejection, rest, stateOf } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';

/** What one backend is like; a plain one is right and takes 20 ms a call. */
interface Character {
  readonly callMs?: number;
  readonly start?: 'hangs' | 'rejects';
  /** How long its start takes. */
  readonly startMs?: number;
  readonly open?: 'hangs' | 'rejects';
  /** What its runs of the golden sample come to, counted from 1, which decides whether it is right; the others are raced. */
  readonly golden?: (nth: number) => 'hangs' | 'rejects' | 'crashes' | Partial<RunResult> | undefined;
  /** What it adds to every value of an app's call: 1 is right. */
  readonly adds?: number;
}

const realm = vi.hoisted(() => ({ start: undefined as unknown, signals: {} as Partial<Record<BackendName, AbortSignal>> }));
vi.mock('../../src/worker/client.js', () => ({
  WorkerUnavailable: class extends Error {},
  startWorkerEngine: ({ backend }: Target, _options: unknown, _urlOf: unknown, signal: AbortSignal) => {
    realm.signals[backend] = signal;
    return (realm.start as (backend: BackendName) => Promise<FakeEngine>)(backend);
  },
}));
vi.mock('../../src/engines/local.js', () => ({
  isRealmTaken: () => false,
  startLocalEngine: ({ backend }: Target) => (realm.start as (backend: BackendName) => Promise<FakeEngine>)(backend),
}));

const started: FakeEngine[] = [];
/** Every run in the order in which they began: of the golden sample, by its number on that engine from 1, or of an app's value. */
const runs: { readonly backend: BackendName; readonly golden?: number; readonly value?: number }[] = [];
/** What runs now, and what of it should have waited for the other. */
const underWay: ('sample' | 'call')[] = [];
const overlaps: string[] = [];
const characters: Partial<Record<BackendName, Character>> = {};

const lasting = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
const never = new Promise<never>(() => undefined);

async function begin(backend: BackendName, what: 'start' | 'open'): Promise<void> {
  const how = characters[backend]?.[what];
  if (how === 'hangs') await never;
  if (how === 'rejects') throw new PannierError('backend-unavailable', `Its ${what} failed.`);
}

async function start(backend: BackendName): Promise<FakeEngine> {
  await begin(backend, 'start');
  const { startMs } = characters[backend] ?? {};
  if (startMs !== undefined) await lasting(startMs);
  const { adds = 1 } = characters[backend] ?? {};
  const engine = fakeEngine(backend, (feeds) => {
    const data = [...(feeds[0] as { data: Float32Array }).data];
    return isGolden(data[0] as number) ? [1, 2, 3, 4] : data.map((value) => value + adds);
  });
  started.push(engine);
  const { open } = engine;
  let goldenRuns = 0;
  engine.open = async (model): Promise<Session> => {
    await begin(backend, 'open');
    const session = await open(model);
    const { run } = session;
    session.run = async (call) => {
      const [value = 0] = (call.feeds[0] as { data: Float32Array }).data;
      const { golden, callMs = 20 } = characters[backend] ?? {};
      const kind = isGolden(value) ? 'sample' : 'call';
      // What the race times, not the golden runs before it, which are free to run at any time.
      if (kind === 'call' || goldenRuns >= GOLDEN_RUNS) {
        for (const other of underWay) if (other !== kind) overlaps.push(`a ${kind} on ${backend} began during a ${other}`);
        underWay.push(kind);
        void lasting(characters[backend]?.callMs ?? 20).then(() => underWay.splice(underWay.indexOf(kind), 1));
      }
      runs.push(isGolden(value) ? { backend, golden: ++goldenRuns } : { backend, value });
      const special = isGolden(value) ? golden?.(goldenRuns) : undefined;
      await lasting(callMs);
      if (special === 'hangs') await never;
      if (special === 'rejects') throw new PannierError('predict', 'A kernel failed.');
      if (special === 'crashes') {
        engine.isLost = true;
        throw new PannierError('worker-crashed', 'Its worker crashed.');
      }
      const result = await run(call);
      return typeof special === 'object' ? { ...result, ...special } : result;
    };
    return session;
  };
  return engine;
}

/** A target runs each golden sample once before it is raced. */
const GOLDEN_RUNS = 2;

const isGolden = (value: number) => value > 0 && value < 1;

/** One output of the golden sample. */
const answering = (...values: number[]): Partial<RunResult> => ({
  outputs: [{ dtype: 'float32', shape: [1, values.length], data: Float32Array.from(values) }],
});

let count = 0;
const open: Model[] = [];
const freshModel = () => fakeModel(`choice ${count++}`);

/** Loads on workers of the characters, from a fake network, unless told otherwise. */
async function load(options: LoadOptions = {}, model = freshModel()): Promise<Model> {
  const loaded = await until(loadModel(model.manifest, { fetch: fakeFetch(model.files).fetch, cache: null, ...options }));
  open.push(loaded);
  return loaded;
}

/** Moves the clock until a promise settles. */
async function until<T>(promise: Promise<T>): Promise<T> {
  while ((await stateOf(promise)) === 'pending') await vi.advanceTimersByTimeAsync(10);
  return promise;
}

/** Whether a promise is pending still, without a wait. */
function stateAlong(promise: Promise<unknown>): { pending: boolean } {
  const state = { pending: true };
  const end = () => {
    state.pending = false;
  };
  promise.then(end, end);
  return state;
}

const finished = (model: Model) => until(model.finishedSelection());
const of = (selection: readonly Candidate[], name: BackendName) => selection.find(({ backend }) => backend === name) as Candidate;
const x = (value: number) => ({ x: new Float32Array(4).fill(value) });
const states = ({ selection }: Model) => Object.fromEntries(selection.map(({ backend, state }) => [backend, state]));
/** Hands the model back with its trial over. */
const settledModel = async (options?: LoadOptions, model?: ReturnType<typeof freshModel>): Promise<Model> => {
  const loaded = await load(options, model);
  await finished(loaded);
  return loaded;
};

/** Why cpu was not raced. */
const LAST_RESORT = 'it is the last resort and is not raced';

/** A browser with a GPU of this architecture and these limits. */
function stubNavigator({ architecture = 'one', maxBufferSize = 2 ** 30, isFallbackAdapter = false, more = {} } = {}): void {
  const info = { vendor: 'maker', architecture, isFallbackAdapter };
  const adapter = { limits: { maxBufferSize, maxStorageBufferBindingSize: 2 ** 30 }, info };
  vi.stubGlobal('navigator', { hardwareConcurrency: 2, userAgent: 'Chrome/1.0', gpu: { requestAdapter: async () => adapter }, ...more });
}

const digestOf = (bytes: ArrayBuffer): ArrayBuffer => new Uint8Array(createHash('sha256').update(new Uint8Array(bytes)).digest()).buffer;

// What a load imports on its way takes the real time of a disk.
beforeAll(() => Promise.all([importLazy(), import('../../src/storage/guarded.js')]));
beforeEach(() => {
  realm.start = start;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  vi.stubGlobal('Worker', class {});
  // The platform's own takes time of the real clock, in which the test's would run on.
  vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (_, bytes) => digestOf(bytes as ArrayBuffer));
  stubNavigator();
});

afterEach(async () => {
  for (const model of open.splice(0)) model.dispose();
  await vi.advanceTimersByTimeAsync(1_000);
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  await rest();
  // No trial may leave an engine, or a session on it; and nobody closes one twice.
  for (const engine of started.splice(0))
    expect([engine.backend, engine.opened.length - engine.closed, engine.ended]).toEqual([engine.backend, 0, true]);
  runs.splice(0);
  overlaps.splice(0);
  underWay.splice(0);
  for (const name of Object.keys(characters)) delete characters[name as BackendName];
  circuitBreaker.reset();
});

describe('a challenger that', () => {
  const nth = (which: number, what: 'hangs' | 'rejects' | 'crashes') => (run: number) => (run === which ? what : undefined);
  it.each<[what: string, webgpu: Character, state: Candidate['state'], reason: RegExp | undefined]>([
    [
      'is fast and wrong',
      { callMs: 1, golden: () => answering(1, 2, 3, 9), adds: 100 },
      'refused',
      /disagrees with the golden sample: output "y" is off in 25.0 %/,
    ],
    [
      'is fast and answers NaN',
      { callMs: 1, golden: () => answering(1, 2, Number.NaN, 4) },
      'refused',
      /"y" has values that are not finite/,
    ],
    [
      'is fast and wrong on the second sample',
      { callMs: 1, golden: (run) => (run === 2 ? answering(1, 2, 3, 9) : undefined) },
      'refused',
      /disagrees with the golden sample: output "y" is off in 25.0 %/,
    ],
    ['is fast and answers nothing but zeros', { callMs: 1, golden: () => answering(0, 0, 0, 0) }, 'refused', /"y" is all zero/],
    [
      'is fast and answers the same everywhere',
      { callMs: 1, golden: () => answering(2, 2, 2, 2) },
      'refused',
      /"y" is the same everywhere/,
    ],
    ['answers another shape', { callMs: 1, golden: () => answering(1, 2) }, 'refused', /"y" has shape \[1, 2\], but should have \[1, 4\]/],
    ['says that it is there and answers nothing', { callMs: 1, golden: () => ({ outputs: [] }) }, 'refused', /"y" is missing/],
    [
      'is right once and wrong when it is raced',
      { callMs: 1, golden: (run) => (run < 3 ? undefined : answering(0, 0, 0, 0)) },
      'refused',
      /^it was right at first, and wrong in the race: output "y" is all zero/,
    ],
    ['cannot start', { start: 'rejects' }, 'refused', /^Its start failed\.$/],
    ['never starts', { start: 'hangs' }, 'refused', /^start of webgpu took longer than 2000 ms/],
    ['cannot open the model', { open: 'rejects' }, 'refused', /^Its open failed\.$/],
    ['never opens it', { open: 'hangs' }, 'refused', /^open of webgpu took longer than 2000 ms/],
    ['fails in the golden run', { golden: nth(1, 'rejects') }, 'refused', /A kernel failed/],
    ['crashes in the golden run', { golden: nth(1, 'crashes') }, 'refused', /Its worker crashed/],
    ['never ends the golden run', { golden: nth(1, 'hangs') }, 'refused', /^golden of webgpu took longer than 2000 ms/],
    ['fails in the race', { callMs: 1, golden: nth(4, 'rejects') }, 'refused', /A kernel failed/],
    ['crashes in the race', { callMs: 1, golden: nth(3, 'crashes') }, 'refused', /Its worker crashed/],
    [
      'hangs in the race',
      { callMs: 1, golden: nth(3, 'hangs') },
      'slower',
      /^one call took longer than 80 ms; where the model runs now, one takes 20 ms$/,
    ],
    ['takes ten times as long', { callMs: 200 }, 'slower', /^one call took longer than 80 ms/],
    [
      'takes twice as long',
      { callMs: 40 },
      'slower',
      /^40 ms a call, 20 ms where the model ran before; a change needs 1.15 times the speed$/,
    ],
    ['takes as long', { callMs: 20 }, 'slower', /^20 ms a call, 20 ms/],
    ['is hardly faster', { callMs: 18 }, 'slower', /^18 ms a call, 20 ms/],
    ['is clearly faster', { callMs: 10 }, 'chosen', undefined],
  ])('%s', async (_what, webgpu, state, reason) => {
    characters.webgpu = webgpu;
    const model = await load({ backendDeadlineMs: 2_000 });
    expect(model.selection.map(({ backend, state }) => [backend, state])).toEqual([
      ['wasm', 'chosen'],
      ['webgpu', 'untried'],
      ['cpu', 'untried'],
    ]);
    const selection = await finished(model);
    expect(of(selection, 'webgpu').state).toBe(state);
    if (reason === undefined) expect(of(selection, 'webgpu')).not.toHaveProperty('reason');
    else expect(of(selection, 'webgpu').reason).toMatch(reason);
    expect(of(selection, 'cpu')).toEqual({ engine: 'tfjs', backend: 'cpu', state: 'untried', reason: LAST_RESORT });
    const chosen = state === 'chosen' ? 'webgpu' : 'wasm';
    expect(model.backend).toBe(chosen);
    expect(selection.filter((each) => each.state === 'chosen').map(({ backend }) => backend)).toEqual([chosen]);
    const { outputs, timing } = await until(model.predict(x(5)));
    expect([timing.backend, ...outputs['y']!.data]).toEqual([chosen, 6, 6, 6, 6]);
  });
});

it('a challenger that never starts is ended at its deadline, not with the model', async () => {
  characters.webgpu = { start: 'hangs' };
  const model = await load({ backendDeadlineMs: 2_000 });
  await finished(model);
  expect([realm.signals.webgpu?.aborted, realm.signals.wasm?.aborted]).toEqual([true, false]);
});

describe('calls that are made during a trial', () => {
  it.each<[what: string, webgpu: Character, last: BackendName]>([
    ['won', { callMs: 10 }, 'webgpu'],
    ['lost', { callMs: 30 }, 'wasm'],
    ['left by a challenger that is fast and wrong', { callMs: 1, golden: () => answering(9, 9, 9, 8), adds: 100 }, 'wasm'],
    ['left by one that is wrong later', { callMs: 1, golden: (run) => (run < 4 ? undefined : answering(0, 0, 0, 0)), adds: 100 }, 'wasm'],
    ['left by one that crashes', { callMs: 1, golden: (run) => (run < 4 ? undefined : 'crashes'), adds: 100 }, 'wasm'],
    ['left by one that hangs', { callMs: 1, golden: (run) => (run < 3 ? undefined : 'hangs'), adds: 100 }, 'wasm'],
  ])('which is %s, are all answered rightly, in order, after at most one sample', async (_what, webgpu, last) => {
    characters.webgpu = webgpu;
    const model = await load();
    const trial = stateAlong(model.finishedSelection());
    const seen: { readonly value: number; readonly backend: ServingBackend }[] = [];
    const runsBefore: number[] = [];
    const calls: Promise<unknown>[] = [];
    // Two more are made once the trial is over.
    for (let more = 2; more > 0; more -= trial.pending ? 0 : 1) {
      const value = calls.length + 1;
      runsBefore[value] = runs.length;
      calls.push(model.predict(x(value)).then(({ outputs, backend }) => seen.push({ value: outputs['y']!.data[0]! - 1, backend })));
      await vi.advanceTimersByTimeAsync(25 + ((value * 37) % 60));
    }
    await until(Promise.all(calls));
    expect(seen.map(({ value }) => value)).toEqual(calls.map((_, index) => index + 1));
    // Each backend once: nobody is sent back.
    const order = seen.map(({ backend }) => backend).filter((backend, index, all) => backend !== all[index - 1]);
    expect(order).toEqual(last === 'wasm' ? ['wasm'] : ['wasm', last]);
    for (const { value } of seen) {
      const mine = runs.findIndex((run) => run.value === value);
      const begunMeanwhile = runs.slice(runsBefore[value], mine).filter(({ golden }) => golden !== undefined && golden > GOLDEN_RUNS);
      expect({ value, begunMeanwhile }).toEqual({ value, begunMeanwhile: [] });
    }
    const isRaced = webgpu.golden?.(1) === undefined;
    expect(runs.some(({ golden }) => golden !== undefined && golden > GOLDEN_RUNS)).toBe(isRaced);
    expect(overlaps).toEqual([]);
  });

  it('and wait as the backend changes are answered where they wait', async () => {
    const calls: Promise<Prediction>[] = [];
    let model: Model | undefined;
    // One for every sample, so also for the last before the change.
    const golden = () => void (model && calls.push(model.predict(x(calls.length + 1))));
    characters.wasm = { golden };
    characters.webgpu = { callMs: 10, golden };
    model = await load();
    await finished(model);
    calls.push(model.predict(x(calls.length + 1)));
    const answers = await until(Promise.all(calls));
    expect(answers.map(({ outputs }) => outputs['y']!.data[0])).toEqual(answers.map((_, index) => index + 2));
    const backends = answers.map(({ backend }) => backend);
    expect(backends.filter((backend, index) => backend !== backends[index - 1])).toEqual(['wasm', 'webgpu']);
    // The second golden run of wasm, two of webgpu, two discarded ones of each side, four pairs.
    expect(backends.indexOf('webgpu')).toBe(1 + 2 + 2 * 2 + 4 * 2);
    expect(overlaps).toEqual([]);
  });

  it('are told that the backend changes, once and between two of them', async () => {
    characters.webgpu = { callMs: 10 };
    const model = await load();
    const heard: unknown[] = [];
    model.addEventListener('backendchange', ({ detail }) => heard.push(detail, model.backend));
    await finished(model);
    const reason = 'webgpu is faster: 10 ms a call, 20 ms where the model ran before';
    expect(heard).toEqual([{ from: 'wasm', to: 'webgpu', reason }, 'webgpu']);
    expect(model.selection).toMatchObject([
      { backend: 'wasm', state: 'slower', reason, p50Ms: 20, goldenShareOff: 0 },
      { backend: 'webgpu', state: 'chosen', p50Ms: 10, goldenShareOff: 0 },
      { backend: 'cpu', state: 'untried', reason: LAST_RESORT },
    ]);
    expect(model.notes).toEqual([]);
  });

  it.each([
    ['before', 1],
    ['in', 3],
  ])('do not wait for another model that keeps a challenger’s backend busy from %s the race on', async (_when, from) => {
    const busy = await load({ backend: 'webgpu' });
    let ended = false;
    const streams: Promise<void>[] = [];
    const stream = async () => {
      while (!ended) await busy.predict(x(1));
    };
    const start = () => {
      if (streams.length === 0) streams.push(stream(), stream(), stream());
    };
    // The other model's own golden run was the first.
    characters.webgpu = { golden: (run) => void (run > from && start()) };
    if (from === 1) start();
    const model = await load();
    const trial = stateAlong(model.finishedSelection());
    for (let call = 1; call <= 300; call++) {
      const answer = model.predict(x(call));
      await vi.advanceTimersByTimeAsync(100);
      expect(await stateOf(answer)).toBe('fulfilled');
    }
    expect([trial.pending, streams.length]).toEqual([true, 3]);
    ended = true;
    await until(Promise.all(streams));
    expect(of(await finished(model), 'webgpu')).toMatchObject({ state: 'slower', p50Ms: 20 });
  });
});

it('remembers that a challenger was wrong in the race', async () => {
  const cache = memoryCache();
  characters.webgpu = { golden: (run) => (run < 3 ? undefined : answering(0, 0, 0, 0)) };
  await settledModel({ cache });
  const records = (await cache.keys()).filter((key) => key.startsWith('golden:'));
  const outcomes = records.map(async (key) => [key.split(' ')[2], fromBytes((await cache.get(key)) as ArrayBuffer)]);
  expect(Object.fromEntries(await Promise.all(outcomes))).toEqual({ wasm: { agrees: true }, webgpu: { agrees: false } });
});

describe('the first that is ready', () => {
  it('serves, whoever is faster; the last resort is not even started', async () => {
    characters.wasm = { golden: () => answering(1, 1, 1, 1) };
    characters.cpu = { callMs: 5 };
    const model = await load();
    // The golden run that was wrong is no part of the next one's start.
    expect(model.selection).toMatchObject([
      { backend: 'wasm', state: 'refused', reason: expect.stringContaining('the same everywhere'), goldenMs: 20 },
      { backend: 'webgpu', state: 'chosen', startMs: 0 },
      { backend: 'cpu', state: 'untried' },
    ]);
    await finished(model);
    expect([model.backend, states(model)]).toEqual(['webgpu', { wasm: 'refused', webgpu: 'chosen', cpu: 'untried' }]);
    expect(started.map(({ backend }) => backend)).toEqual(['wasm', 'webgpu']);
  });

  it.each([
    ['that a hung cache holds up', { ...memoryCache(), get: () => never }],
    ['without a cache', null],
  ])('%s tells how long its engine took to start', async (_what, cache) => {
    characters.wasm = { startMs: 40 };
    const { loadTiming, selection } = await load({ cache });
    expect([loadTiming.startMs, selection[0]!.startMs, loadTiming.totalMs > 5_000]).toEqual([40, 40, cache !== null]);
    // It runs by now.
    expect((await load({ cache: null })).loadTiming.startMs).toBe(0);
  });

  it('is none where all are wrong or lie, and the error has every reason', async () => {
    characters.wasm = { golden: () => answering(Number.NaN, 2, 3, 4) };
    characters.webgpu = { start: 'rejects' };
    characters.cpu = { golden: () => ({ outputs: [] }) };
    const model = freshModel();
    const error = await rejection(until(loadModel(model.manifest, { fetch: fakeFetch(model.files).fetch, cache: null })));
    expect(error).toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(/wasm: .*not finite.* · webgpu: Its start failed\. · cpu: .*"y" is missing/),
    });
  });

  it('overtakes one that hangs', async () => {
    characters.wasm = { start: 'hangs' };
    const model = await load({ backendDeadlineMs: 60_000 });
    expect(model.backend).toBe('webgpu');
  });

  it.each<[what: string, prepare: () => void]>([
    ['a GPU in software', () => stubNavigator({ isFallbackAdapter: true })],
    ['the last resort', () => stubNavigator({ more: { gpu: undefined } })],
  ])('is not overtaken by %s', async (_what, prepare) => {
    prepare();
    characters.wasm = { startMs: 30_000 };
    const model = await load({ backendDeadlineMs: 60_000 });
    expect([model.backend, started.map(({ backend }) => backend)]).toEqual(['wasm', ['wasm']]);
  });

  it('is the last resort if nothing before it is right, and a GPU in software if that is wrong, too', async () => {
    stubNavigator({ isFallbackAdapter: true });
    characters.wasm = { start: 'rejects' };
    expect((await load()).backend).toBe('cpu');
    characters.cpu = { golden: () => answering(0, 0, 0, 0) };
    expect((await load()).backend).toBe('webgpu');
  });
});

describe('what is known before anything is started:', () => {
  const missing = (kernels: Record<string, string[]>) => {
    const model = freshModel();
    return { ...model, manifest: lacking(model.manifest, kernels) };
  };
  it.each<[what: string, reason: RegExp, () => ReturnType<typeof freshModel> | undefined]>([
    ['no WebGPU', /navigator\.gpu is missing/, () => void stubNavigator({ more: { gpu: undefined } })],
    ['no adapter', /requestAdapter gave null/, () => void stubNavigator({ more: { gpu: { requestAdapter: async () => null } } })],
    ['a device with small buffers', /one weight has 60 bytes, its largest buffer 59/, () => void stubNavigator({ maxBufferSize: 59 })],
    ['a GPU in software', /computes WebGPU in software/, () => void stubNavigator({ isFallbackAdapter: true })],
    ['kernels that are missing', /lacks the kernels Frob/, () => missing({ webgpu: ['Frob'] })],
  ])('%s', async (_what, reason, prepare) => {
    const model = await settledModel({}, prepare());
    expect(of(model.selection, 'webgpu')).toMatchObject({ state: 'refused', reason: expect.stringMatching(reason) });
    expect(of(model.selection, 'webgpu')).not.toHaveProperty('startMs');
    expect(started.map(({ backend }) => backend)).toEqual(['wasm']);
  });
});

it('gives no challenger longer than 20 s for a stage, though the only backend of a model may take a minute', async () => {
  characters.webgpu = { start: 'hangs' };
  const { selection } = await settledModel();
  expect(of(selection, 'webgpu').reason).toMatch(/^start of webgpu took longer than 20000 ms/);
});

describe('there is no trial', () => {
  it('in the first two seconds of a page', async () => {
    await load();
    await vi.advanceTimersByTimeAsync(1_900);
    expect(started.map(({ backend }) => backend)).toEqual(['wasm']);
    await vi.advanceTimersByTimeAsync(200);
    expect(started.map(({ backend }) => backend)).toEqual(['wasm', 'webgpu']);
  });

  it.each<[what: string, LoadOptions, prepare?: () => void]>([
    ['of one backend', { backend: 'wasm' }],
    ['of an order that the app gave', { backend: ['wasm', 'webgpu', 'cpu'] }],
    ['where the app wants none', { autotune: false }],
    ['on the page’s own thread', { thread: 'page' }],
    ['where the visitor counts bytes', {}, () => stubNavigator({ more: { connection: { saveData: true } } })],
  ])('%s', async (_what, options, prepare) => {
    prepare?.();
    characters.webgpu = { callMs: 1 };
    const model = await load(options);
    expect(await stateOf(model.finishedSelection())).toBe('fulfilled');
    await vi.advanceTimersByTimeAsync(10_000);
    expect([model.backend, started.map(({ backend }) => backend)]).toEqual(['wasm', ['wasm']]);
  });

  it('of a model that fits into memory once only, and the others say so', async () => {
    const model = freshModel();
    const { residentBytes, intermediateBytes } = model.manifest;
    const memoryBudgetBytes = 2 * residentBytes + intermediateBytes - 1;
    const { selection } = await settledModel({ memoryBudgetBytes }, model);
    expect(selection.map(({ state }) => state)).toEqual(['chosen', 'untried', 'untried']);
    const wanted = `${memoryBudgetBytes + 1} bytes of memory, more than the budget of ${memoryBudgetBytes} bytes`;
    for (const backend of ['webgpu', 'cpu'] as const) expect(of(selection, backend).reason).toContain(wanted);
    expect(of(selection, 'wasm')).not.toHaveProperty('reason');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(started.length).toBe(1);
  });

  it('while the page is hidden', async () => {
    const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    vi.stubGlobal('document', document);
    const model = await load();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(started.map(({ backend }) => backend)).toEqual(['wasm']);
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    await finished(model);
    expect(states(model)).toEqual({ wasm: 'chosen', webgpu: 'slower', cpu: 'untried' });
  });

  it('beside another: two would measure each other', async () => {
    const challengersOpen: number[] = [];
    realm.start = async (backend: BackendName) => {
      const engine = await start(backend);
      const { open: openSession } = engine;
      engine.open = async (model) => {
        const session = await openSession(model);
        const others = started.filter((each) => each.backend !== 'wasm');
        challengersOpen.push(others.reduce((sum, { opened, closed }) => sum + opened.length - closed, 0));
        return session;
      };
      return engine;
    };
    const models = [await load(), await load()];
    for (const model of models) {
      await finished(model);
      expect(states(model)).toEqual({ wasm: 'chosen', webgpu: 'slower', cpu: 'untried' });
    }
    // As each model opens where it begins, then as each opens on another target.
    expect(challengersOpen).toEqual([0, 0, 1, 1]);
  });
});

describe('a second visit', () => {
  /** Loads, has the trial, and leaves as soon as all is written. */
  async function firstVisit(model: ReturnType<typeof freshModel>, cache: ReturnType<typeof memoryCache>): Promise<void> {
    const loaded = await settledModel({ cache }, model);
    await until(loaded.predict(x(1)));
    while (!['choice:', 'model:', 'golden:'].every((kind) => keys.some((key) => key.startsWith(kind)))) {
      keys = await cache.keys();
      await vi.advanceTimersByTimeAsync(10);
    }
    keys = [];
    loaded.dispose();
    await rest();
    started.splice(0);
    runs.splice(0);
  }
  let keys: string[] = [];

  it('starts on the remembered one, with no trial and no golden run', async () => {
    characters.webgpu = { callMs: 10 };
    const model = freshModel();
    const cache = memoryCache();
    await firstVisit(model, cache);
    const again = await load({ cache }, model);
    expect([again.backend, again.selection]).toEqual([
      'webgpu',
      [
        expect.objectContaining({ backend: 'webgpu', state: 'chosen', remembered: true, p50Ms: 10 }),
        expect.objectContaining({
          backend: 'wasm',
          state: 'slower',
          remembered: true,
          p50Ms: 20,
          reason: expect.stringContaining('webgpu is faster'),
        }),
        { engine: 'tfjs', backend: 'cpu', state: 'untried', remembered: true, reason: LAST_RESORT },
      ],
    ]);
    await finished(again);
    expect((await until(again.predict(x(1)))).backend).toBe('webgpu');
    expect([started.map(({ backend }) => backend), runs]).toEqual([['webgpu'], [{ backend: 'webgpu', value: 1 }]]);
  });

  it.each<[what: string, change: () => void]>([
    ['on another GPU', () => stubNavigator({ architecture: 'another' })],
    ['with another browser', () => stubNavigator({ more: { userAgent: 'Chrome/2.0' } })],
    ['with other cores', () => stubNavigator({ more: { hardwareConcurrency: 8 } })],
    ['on an isolated page', () => vi.stubGlobal('crossOriginIsolated', true)],
    ['after 31 days', () => vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 31 * 24 * 3_600_000)],
  ])('%s is raced again', async (_what, change) => {
    characters.webgpu = { callMs: 10 };
    const model = freshModel();
    const cache = memoryCache();
    await firstVisit(model, cache);
    change();
    characters.webgpu = { callMs: 30 };
    const again = await settledModel({ cache }, model);
    expect([again.backend, of(again.selection, 'wasm').p50Ms, of(again.selection, 'webgpu').p50Ms]).toEqual(['wasm', 20, 30]);
  });

  it.each<[what: string, damage: Readonly<Record<string, unknown>>]>([
    ['no selection', { selection: undefined }],
    ['a selection of nothing', { selection: [{}] }],
  ])('that left a verdict with %s is raced again', async (_what, damage) => {
    const model = freshModel();
    const cache = memoryCache();
    await firstVisit(model, cache);
    const [key = ''] = (await cache.keys()).filter((each) => each.startsWith('choice:'));
    const kept = JSON.parse(new TextDecoder().decode(await cache.get(key)));
    await cache.set(key, new TextEncoder().encode(JSON.stringify({ ...kept, ...damage })).buffer);
    const again = await settledModel({ cache }, model);
    expect(again.selection.some(({ remembered }) => remembered)).toBe(false);
    expect(states(again)).toEqual({ wasm: 'chosen', webgpu: 'slower', cpu: 'untried' });
  });

  it('whose remembered one is gone begins with another, and races', async () => {
    characters.webgpu = { callMs: 10 };
    const model = freshModel();
    const cache = memoryCache();
    await firstVisit(model, cache);
    characters.webgpu = { start: 'rejects' };
    const again = await settledModel({ cache }, model);
    expect([again.backend, states(again)]).toEqual(['wasm', { webgpu: 'refused', wasm: 'chosen', cpu: 'untried' }]);
  });

  it.each<[what: string, change: (cache: ReturnType<typeof memoryCache>) => unknown]>([
    ['after eight days', () => vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 8 * 24 * 3_600_000)],
    ['after resetBackends()', resetBackends],
  ])('%s tries again what was refused', async (_what, change) => {
    characters.webgpu = { start: 'rejects' };
    const model = freshModel();
    const cache = memoryCache();
    await firstVisit(model, cache);
    await change(cache);
    characters.webgpu = { callMs: 10 };
    expect((await settledModel({ cache }, model)).backend).toBe('webgpu');
  });

  it('after one that was left before its trial knows of no verdict, however many calls there were', async () => {
    const model = freshModel();
    const cache = memoryCache();
    const first = await load({ cache }, model);
    for (let call = 0; call < 30; call++) await until(first.predict(x(1)));
    expect(started.length).toBe(1);
    expect((await cache.keys()).filter((key) => key.startsWith('choice:'))).toEqual([]);
  });

  it('after one that was left during the trial has its own', async () => {
    const model = freshModel();
    const cache = memoryCache();
    const first = await load({ cache }, model);
    const trial = rejection(first.finishedSelection());
    while (started.length < 2) await vi.advanceTimersByTimeAsync(10);
    first.dispose();
    expect(await until(trial)).toMatchObject({ code: 'disposed' });
    await rest();
    started.splice(0);
    expect(states(await settledModel({ cache }, model))).toEqual({ wasm: 'chosen', webgpu: 'slower', cpu: 'untried' });
  });
});

describe('what serves', () => {
  it('and is wrong in the race, runs nothing any more', async () => {
    characters.wasm = { golden: (run) => (run < 3 ? undefined : answering(0, 0, 0, 0)), adds: 100 };
    const model = await settledModel();
    const { outputs, backend } = await until(model.predict(x(1)));
    expect([backend, ...outputs['y']!.data]).toEqual(['webgpu', 2, 2, 2, 2]);
    expect(of(model.selection, 'wasm')).toMatchObject({ state: 'refused', reason: expect.stringContaining('all zero') });
  });

  it('and is lost while a challenger hangs, leaves the model there where it opens a second time: that is the chosen one', async () => {
    characters.webgpu = { open: 'hangs' };
    const model = await load({ backendDeadlineMs: 2_000 });
    while (started.length < 2) await vi.advanceTimersByTimeAsync(10);
    characters.webgpu = {};
    characters.wasm = { start: 'rejects' };
    (started[0] as FakeEngine).isLost = true;
    expect((await until(model.predict(x(1)))).backend).toBe('webgpu');
    await finished(model);
    expect([model.backend, states(model)]).toEqual(['webgpu', { wasm: 'refused', webgpu: 'chosen', cpu: 'untried' }]);
  });

  it('and dies in the race, comes back for the next call', async () => {
    characters.wasm = { golden: (run) => (run === 3 ? 'crashes' : undefined) };
    const model = await settledModel();
    const { outputs, backend } = await until(model.predict(x(1)));
    expect([backend, ...outputs['y']!.data]).toEqual(['wasm', 2, 2, 2, 2]);
  });
});

/** A place that is lost under the call that runs there: that call runs once more, everybody else keeps its place in line. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Prediction } from '../../src/api/model.js';
import type { BackendName } from '../../src/base/backend-name.js';
import { type ErrorCode, PannierError } from '../../src/base/errors.js';
import { Notes } from '../../src/base/notes.js';
import type { Call, RunResult } from '../../src/engines/engine.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { LoadedModel } from '../../src/model.js';
import { Queue } from '../../src/runtime/queue.js';
import { type Opened, ServedModel } from '../../src/runtime/served-model.js';
import { type Deferred, deferred, fakeModel, rejection, rest, stateOf } from '../fixtures/fakes.js';

/** A run that is under way, until its test says how it ends. */
interface Run extends Deferred<RunResult> {
  readonly first: number;
  readonly call: Call;
}

/** A place where every run waits for its test. */
function place(backend: BackendName) {
  const runs: Run[] = [];
  const seen = { closed: 0 };
  const session = {
    lost: undefined as PannierError | undefined,
    run(call: Call) {
      const run = deferred<RunResult>();
      const [feed] = call.feeds;
      runs.push({ ...run, call, first: feed?.kind === 'tensor' ? (feed.data[0] as number) : 0 });
      return run.promise;
    },
    dispose() {},
  };
  const at = {
    engine: 'tfjs',
    backend,
    handle: { queue: new Queue(), thread: 'worker' },
    session,
    run: session.run,
    dispose: () => void seen.closed++,
  } as const;
  const opening = { instance: at, selection: [], loadTiming: {} } as unknown as Opened;
  return {
    opening,
    runs,
    session,
    seen,
    /** Answers the run that is under way with its first value, over and over. */
    answer() {
      const run = runs.at(-1)!;
      run.resolve(answerOf(run.first));
    },
    lose(code: ErrorCode) {
      session.lost = new PannierError('device-lost', 'It is gone.');
      runs.at(-1)!.reject(new PannierError(code, `The ${backend} place is lost.`));
    },
  };
}

const answerOf = (value: number): RunResult => ({
  outputs: [{ dtype: 'float32', shape: [1, 4], data: new Float32Array(4).fill(value) }],
  prepareMs: 0,
  computeMs: 0,
  readMs: 0,
  cold: false,
});

/** A model at a first place, and the places that it is opened at, when a test says so. */
function setup(manifest: Manifest = fakeModel().manifest) {
  const first = place('webgpu');
  const openings: Deferred<Opened>[] = [];
  const opened = new ServedModel(manifest, first.opening, new Notes(), { bytesDownloaded: 0, bytesFromCache: 0 }, () => {
    const next = deferred<Opened>();
    openings.push(next);
    return next.promise;
  });
  const model = new LoadedModel(
    { value: opened, release: () => opened.dispose() },
    { deadlineMs: 30_000, trace: false, nonFinite: 'error' },
  );
  const predict = (value: number, signal?: AbortSignal) => model.predict({ x: Float32Array.of(value, 0, 0, 0) }, signal ? { signal } : {});
  return { first, opened, openings, model, predict };
}

const answered = async (prediction: Promise<Prediction>) => (await prediction).outputs['y']!.data[0];

const LOSSES: readonly ErrorCode[] = ['device-lost', 'worker-crashed', 'worker-unresponsive', 'backend-rejected'];

describe('a call whose place is lost under it', () => {
  it.each(LOSSES)('by %s runs once more where the model is opened next', async (code) => {
    const { first, openings, opened, predict, model } = setup();
    const call = predict(7);
    await rest();
    first.lose(code);
    await rest();
    expect([openings.length, first.seen.closed, await stateOf(call)]).toEqual([1, 1, 'pending']);
    const second = place('wasm');
    openings[0]!.resolve(second.opening);
    await rest();
    expect(second.runs.map(({ call }) => call)).toEqual(first.runs.map(({ call }) => call));
    second.answer();
    const { backend, timing } = await call;
    expect([await answered(call), backend, timing.backend, model.backend]).toEqual([7, 'wasm', 'wasm', 'wasm']);
    expect([first.runs.length, second.runs.length]).toEqual([1, 1]);
    expect(opened.notes.all.map((note) => note.code)).toEqual(['reopened']);
    expect(model.stats()).toMatchObject({ count: 1, failedCount: 0 });
  });

  it.each(['timeout', 'out-of-memory', 'predict', 'input'] as const)('by %s does not: it would meet the same', async (code) => {
    const { first, openings, predict } = setup();
    const [call, waiting] = [predict(1), predict(2)];
    await rest();
    first.lose(code);
    expect(await rejection(call)).toMatchObject({ code });
    expect(first.runs).toHaveLength(1);
    // Whoever has not run yet runs where the model is then.
    await rest();
    const second = place('wasm');
    openings[0]!.resolve(second.opening);
    await rest();
    second.answer();
    expect(await answered(waiting)).toBe(2);
  });

  it('does not where the place is whole: a loss that a test double plays', async () => {
    const { first, openings, predict } = setup();
    const call = predict(1);
    await rest();
    first.runs[0]!.reject(new PannierError('device-lost', 'as the test says'));
    expect(await rejection(call)).toMatchObject({ code: 'device-lost' });
    expect(openings).toEqual([]);
  });

  it('counts all of its wait, and ends as it is if the model cannot be opened anew', async () => {
    let clockMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => clockMs);
    const { first, openings, predict } = setup();
    const [call, waiting] = [predict(1), predict(2)];
    await rest();
    clockMs = 100;
    first.lose('device-lost');
    await rest();
    clockMs = 1_000;
    const second = place('wasm');
    openings[0]!.resolve(second.opening);
    await rest();
    clockMs = 1_010;
    second.answer();
    const { totalMs, queuedMs, prepareMs, transferMs, computeMs, readMs } = (await call).timing;
    expect([totalMs, queuedMs, transferMs]).toEqual([1_010, 1_000, 10]);
    expect(queuedMs + prepareMs + transferMs + computeMs + readMs!).toBe(totalMs);
    await rest();
    second.lose('worker-crashed');
    await rest();
    openings[1]!.reject(new PannierError('backend-unavailable', 'none'));
    expect(await rejection(waiting)).toMatchObject({ code: 'backend-unavailable' });
    clock.mockRestore();
  });

  it('a second time is lost: with what ended it then', async () => {
    const { first, openings, predict } = setup();
    const [call, behind] = [predict(1), predict(2)];
    await rest();
    first.lose('device-lost');
    await rest();
    const second = place('wasm');
    openings[0]!.resolve(second.opening);
    await rest();
    second.lose('backend-rejected');
    expect(await rejection(call)).toMatchObject({ code: 'backend-rejected' });
    await rest();
    const third = place('cpu');
    openings[1]!.resolve(third.opening);
    await rest();
    // The one behind it has lost nothing so far: it may still be lost once.
    third.lose('worker-crashed');
    await rest();
    const fourth = place('cpu');
    openings[2]!.resolve(fourth.opening);
    await rest();
    fourth.answer();
    expect(await answered(behind)).toBe(2);
    expect([first, second, third, fourth].map(({ runs }) => runs.map((run) => run.first))).toEqual([[1], [1], [2], [2]]);
  });
});

describe('32 calls in flight', () => {
  it('all answer once, in the order in which they were made', async () => {
    const { first, openings, predict } = setup();
    const ended: number[] = [];
    const calls = Array.from({ length: 32 }, (_, index) => {
      const call = predict(index);
      void call.then(() => ended.push(index));
      return call;
    });
    await rest();
    expect(first.runs.map((run) => run.first)).toEqual([0]);
    first.lose('device-lost');
    await rest();
    expect(openings).toHaveLength(1);
    const late = [32, 33].map((value) => predict(value));
    const second = place('wasm');
    openings[0]!.resolve(second.opening);
    for (let index = 0; index < 34; index++) {
      await rest();
      expect(second.runs).toHaveLength(index + 1);
      second.answer();
    }
    const order = Array.from({ length: 34 }, (_, index) => index);
    expect(await Promise.all([...calls, ...late].map(answered))).toEqual(order);
    expect([second.runs.map((run) => run.first), ended]).toEqual([order, order.slice(0, 32)]);
    expect(first.runs).toHaveLength(1);
  });
});

describe('while a call runs once more', () => {
  async function replaying(until: 'opening' | 'waiting' | 'running') {
    const { first, openings, predict, model } = setup();
    const abort = new AbortController();
    const call = predict(1, abort.signal);
    const other = predict(2);
    const outcomes = [call, other].map((each) => each.catch((thrown) => thrown));
    await rest();
    first.lose('device-lost');
    await rest();
    const second = place('wasm');
    let release = () => {};
    if (until === 'waiting') {
      const gate = deferred();
      release = gate.resolve;
      void second.opening.instance.handle.queue.run(() => gate.promise, 'user', undefined);
    }
    if (until !== 'opening') openings[0]!.resolve(second.opening);
    await rest();
    return { call, outcomes, abort, model, second, release, opening: openings[0]! };
  }

  it.each(['opening', 'waiting', 'running'] as const)('an abort (%s) rejects at once, and the others go on', async (when) => {
    const { call, outcomes, abort, second, release, opening } = await replaying(when);
    abort.abort('enough');
    expect(await stateOf(call)).toBe('rejected');
    expect(await outcomes[0]).toBe('enough');
    opening.resolve(second.opening);
    release();
    await rest();
    if (when === 'running') second.answer();
    await rest();
    second.answer();
    expect(await outcomes[1]).toMatchObject({ backend: 'wasm' });
    expect(second.runs.map((run) => run.first)).toEqual(when === 'running' ? [1, 2] : [2]);
  });

  it.each(['opening', 'waiting', 'running'] as const)('dispose (%s) rejects all, and what comes late is closed', async (when) => {
    const { outcomes, model, second, release, opening } = await replaying(when);
    model.dispose();
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ code: 'disposed' });
    opening.resolve(second.opening);
    release();
    await rest();
    if (when === 'running') second.answer();
    await rest();
    expect([second.runs.length, second.seen.closed]).toEqual([when === 'running' ? 1 : 0, 1]);
  });
});

describe('a place that was left while a call ran there', () => {
  it('answers too late: the call runs where the model went', async () => {
    const { first, opened, openings, predict } = setup();
    const call = predict(1);
    await rest();
    void opened.reopen('it disagrees');
    await rest();
    const second = place('wasm');
    openings[0]!.resolve(second.opening);
    first.runs[0]!.resolve(answerOf(666));
    await rest();
    second.answer();
    expect(await answered(call)).toBe(1);
  });

  it('is not trusted either where it was lost as it answered', async () => {
    const { first, openings, predict } = setup();
    const call = predict(1);
    await rest();
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    first.runs[0]!.resolve(answerOf(0));
    await rest();
    const second = place('wasm');
    openings[0]!.resolve(second.opening);
    await rest();
    second.answer();
    expect(await answered(call)).toBe(1);
  });
});

describe('pictures', () => {
  afterEach(() => vi.unstubAllGlobals());

  const image = {
    ...({ width: 2, height: 2, fit: 'stretch', filter: 'bilinear', channels: 'rgb', layout: 'nhwc' } as const),
    ...{ scale: [1, 1, 1], offset: [0, 0, 0] },
  } as const;
  const { manifest } = fakeModel();
  const seeing = {
    ...manifest,
    signature: { ...manifest.signature, inputs: { photo: { dtype: 'float32', shape: [1, 2, 2, 3], image } } },
  } as const;

  /** A frame of a camera, and the copies that were taken of it. */
  function frame() {
    const copies: { closed: number }[] = [];
    const clone = () => {
      const copy = { displayWidth: 4, displayHeight: 4, closed: 0, close: () => void copy.closed++ };
      copies.push(copy);
      return copy;
    };
    return { displayWidth: 4, displayHeight: 4, clone, copies };
  }

  it('are let go once, when the call has settled: answered, lost twice, or never run', async () => {
    vi.stubGlobal('createImageBitmap', async () => Promise.reject(new Error('not here')));
    const { first, openings, model } = setup(seeing);
    const frames = [frame(), frame(), frame()];
    const closed = () => frames.map(({ copies }) => copies.map((copy) => copy.closed));
    const calls = frames.map((photo) =>
      model.predict({ photo } as never).then(
        () => 'answered',
        ({ code }) => code,
      ),
    );
    await rest();
    first.lose('device-lost');
    await rest();
    expect(closed()).toEqual([[0], [0], [0]]);
    const second = place('wasm');
    openings[0]!.resolve(second.opening);
    await rest();
    second.lose('worker-crashed');
    expect(await calls[0]).toBe('worker-crashed');
    expect(closed()).toEqual([[1], [0], [0]]);
    const third = place('cpu');
    openings[1]!.resolve(third.opening);
    await rest();
    third.answer();
    expect(await calls[1]).toBe('answered');
    expect(closed()).toEqual([[1], [1], [0]]);
    await rest();
    third.lose('worker-crashed');
    await rest();
    openings[2]!.reject(new PannierError('backend-unavailable', 'none'));
    expect(await calls[2]).toBe('backend-unavailable');
    expect(closed()).toEqual([[1], [1], [1]]);
  });

  it('of an aborted call are let go when the run that reads them has ended', async () => {
    const { first, model } = setup(seeing);
    const photo = frame();
    const abort = new AbortController();
    const call = rejection(model.predict({ photo } as never, { signal: abort.signal }));
    await rest();
    abort.abort('enough');
    expect(await call).toBe('enough');
    await rest();
    expect(photo.copies[0]!.closed).toBe(0);
    first.answer();
    await rest();
    expect(photo.copies[0]!.closed).toBe(1);
  });
});

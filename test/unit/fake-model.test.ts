/** The double that apps test with: it behaves as a loaded model does, and says at once what a test got wrong. */
// @vitest-environment jsdom
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import pose from '../../examples/pose/model/model.js';
import { PannierError } from '../../src/base/errors.js';
import type { Manifest, ModelSource } from '../../src/manifest/manifest.js';
import { fakeModel } from '../../src/testing/index.js';
import { goldenWith, fakeModel as plainManifest, rejection, stateOf } from '../fixtures/fakes.js';

const { manifest } = plainManifest();
type Sum = ModelSource<{ x: Float32Array }, { y: { data: Float32Array } }>;
const sum = manifest as Sum;
const x = Float32Array.of(1, 2, 3, 4);

/** A model whose outputs are of all kinds: [?, 2], [?, ?], unknown rank, bool. */
const open = {
  ...manifest,
  signature: {
    inputs: manifest.signature.inputs,
    outputs: {
      one: { dtype: 'float32', shape: [null, 2] },
      two: { dtype: 'int32', shape: [null, null] },
      any: { dtype: 'float32', shape: null },
      flags: { dtype: 'bool', shape: [2], labels: ['a', 'b'], values: 'logits' },
    },
  },
  golden: goldenWith(manifest.golden, { outputs: { one: { shape: [3, 2] } } }),
} as Manifest as ModelSource<{ x: Float32Array }, Record<'one' | 'two' | 'any' | 'flags', { data: ArrayLike<number>; shape: number[] }>>;

afterEach(() => vi.useRealTimers());

describe('a state', () => {
  it('is hidden from the app as by a loaded model, and can begin anew', async () => {
    const spec = manifest.signature.inputs['x'];
    const signature = {
      inputs: { x: spec, memory: { dtype: 'float32', shape: [2], state: { output: 'next', initial: 0 } } },
      outputs: { ...manifest.signature.outputs, next: { dtype: 'float32', shape: [2] } },
    };
    const input = manifest.golden.samples[0].inputs['x']!;
    const golden = goldenWith(manifest.golden, {
      inputs: { x: input, memory: { kind: 'uniform', seed: 1, low: 0, high: 1, shape: [2] } },
      outputs: { next: { shape: [2] } },
    });
    const model = fakeModel({ ...manifest, signature, golden } as Manifest as Sum);
    expect(Object.keys((await model.predict({ x })).outputs)).toEqual(['y']);
    model.resetState();
    expect(Object.keys((await model.predict({ x })).outputs)).toEqual(['y']);
    model.dispose();
  });
});

describe('outputs', () => {
  it('are zeros of the declared shapes: open sizes are the golden sample’s, or 1', async () => {
    const { outputs } = await fakeModel(open).predict({ x });
    expect(outputs).toEqual({
      one: { dtype: 'float32', shape: [3, 2], data: new Float32Array(6) },
      two: { dtype: 'int32', shape: [1, 1], data: new Int32Array(1) },
      any: { dtype: 'float32', shape: [], data: new Float32Array(1) },
      flags: { dtype: 'bool', shape: [2], data: new Uint8Array(2), labels: ['a', 'b'], values: 'logits' },
    });
  });

  it('by default have as many rows as the inputs, where the golden sample’s had', async () => {
    const rows = {
      ...manifest,
      signature: {
        inputs: { x: { dtype: 'float32', shape: [null, 2] } },
        outputs: {
          mood: { dtype: 'float32', shape: [null, 7] },
          found: { dtype: 'float32', shape: [null, 4] },
        },
      },
      golden: goldenWith(manifest.golden, {
        inputs: { x: { kind: 'uniform', seed: 1, low: 0, high: 1, shape: [3, 2] } },
        outputs: { mood: { shape: [3, 7] }, found: { shape: [5, 4] } },
      }),
    } as Manifest as ModelSource<{ x: Float32Array }, Record<'mood' | 'found', { data: Float32Array; shape: number[] }>>;
    const model = fakeModel(rows);
    for (const count of [2, 4]) {
      const { outputs } = await model.predict({ x: new Float32Array(2 * count) });
      expect([outputs.mood.shape, outputs.mood.data.length, outputs.found.shape]).toEqual([[count, 7], count * 7, [5, 4]]);
    }
  });

  it('are what the test says, as the model’s own types', async () => {
    const said = {
      one: [1, 2, 3, 4],
      two: { data: [1, 2, 3], shape: [1, 3] },
      any: { data: [7], shape: [1, 1] },
      flags: Uint8Array.of(0, 1),
    };
    const { outputs } = await fakeModel(open, { outputs: said }).predict({ x });
    expect(outputs.one).toEqual({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(outputs.two).toEqual({ dtype: 'int32', shape: [1, 3], data: Int32Array.of(1, 2, 3) });
    expect(outputs.any).toEqual({ dtype: 'float32', shape: [1, 1], data: Float32Array.of(7) });
    expect(outputs.flags.data).toEqual(Uint8Array.of(0, 1));
  });

  it('are the caller’s own: changing them changes no later answer', async () => {
    const model = fakeModel(sum, { outputs: { y: [1, 2, 3, 4] } });
    const first = await model.predict({ x });
    first.outputs.y.data.fill(9);
    expect((await model.predict({ x })).outputs.y.data).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  it('come from a function of what predict was given, and go where `into` says', async () => {
    const given: unknown[] = [];
    const model = fakeModel(sum, {
      outputs: (inputs) => {
        given.push(inputs.x);
        return { y: inputs.x.map((value) => value * 2) };
      },
    });
    const y = new Float32Array(4);
    const all = await Promise.all([model.predict({ x }, { into: { y } }), model.predict({ x: Float32Array.of(5, 5, 5, 5) })]);
    expect(all.map(({ outputs }) => [...outputs.y.data])).toEqual([
      [2, 4, 6, 8],
      [10, 10, 10, 10],
    ]);
    expect(all[0].outputs.y.data).toBe(y);
    expect(given[0]).toBe(x);
  });

  it.each([
    ['an unknown name', { z: [1] }, /Fake model "fake" has no output "z"\. Its outputs are y\./],
    ['too few values', { y: [1, 2] }, /Output "y" of shape \[1, 4\] should have 4 values, but has 2\./],
    ['another shape', { y: { data: [1, 2, 3, 4], shape: [4] } }, /Output "y" should have shape \[1, 4\], but has \[4\]\./],
    ['rows', { y: [[1, 2, 3, 4]] }, /Output "y" should be a flat array of numbers, but holds Array at 0\./],
    ['no array', { y: 3 }, /Output "y" should be an array of numbers, but is Number\./],
    ['null', { y: null }, /Output "y" should be an array of numbers, but is null\./],
  ])('%s is an error at once', async (_what, outputs, message) => {
    const build = () => fakeModel(sum, { outputs: outputs as never });
    expect(build).toThrow(message);
    expect(build).toThrow(PannierError);
    const later = fakeModel(sum, { outputs: (() => outputs) as never });
    expect(await rejection(later.predict({ x }))).toMatchObject({ code: 'options', message: expect.stringMatching(message) });
  });

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'zeros'],
    ['a promise of them', Promise.resolve({ y: [1, 2, 3, 4] })],
  ])('that are %s, or of a function that gives it, are an error', async (_what, outputs) => {
    const message = /The outputs of fake model "fake" should be an object of values by name, but are \w+\./;
    if (outputs !== undefined) expect(() => fakeModel(sum, { outputs: outputs as never })).toThrow(message);
    const later = fakeModel(sum, { outputs: (() => outputs) as never });
    expect(await rejection(later.predict({ x }))).toMatchObject({ code: 'options', message: expect.stringMatching(message) });
  });

  it('are as long as the padded input that was given, where they follow it', async () => {
    const pad = { to: [4, 8, 16], axis: 1, value: 0 };
    const padded = {
      ...manifest,
      signature: {
        inputs: { x: { dtype: 'float32', shape: [1, null], pad } },
        outputs: { y: { dtype: 'float32', shape: [1, null, 2], lengthAxes: [1] } },
      },
      golden: goldenWith(manifest.golden, { outputs: { y: { shape: [1, 4, 2] } } }),
    } as Manifest as ModelSource<{ x: Float32Array }, { y: { data: Float32Array; shape: number[] } }>;
    const model = fakeModel(padded);
    const shapes = [];
    for (const length of [2, 4, 6, 16]) shapes.push((await model.predict({ x: new Float32Array(length) })).outputs.y.shape);
    expect(shapes).toEqual([2, 4, 6, 16].map((length) => [1, length, 2]));
  });

  it('of several open sizes need their shape', () => {
    expect(() => fakeModel(open, { outputs: { two: [1, 2] } })).toThrow(/"two" of shape \[\?, \?\] and 2 values has to say its shape/);
    expect(() => fakeModel(open, { outputs: { any: [1, 2] } })).toThrow(/"any" of shape any rank and 2 values has to say its shape/);
    expect(() => fakeModel(open, { outputs: { one: [1, 2, 3] } })).toThrow(
      /"one" of shape \[\?, 2\] wants a multiple of 2 values, but has 3\./,
    );
  });
});

describe('delayMs', () => {
  it('holds an answer until fake timers let it go; calls take turns', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    const model = fakeModel(sum, { delayMs: 100 });
    const calls = [model.predict({ x }), model.predict({ x })];
    await vi.advanceTimersByTimeAsync(100);
    expect(await Promise.all(calls.map(stateOf))).toEqual(['fulfilled', 'pending']);
    await vi.advanceTimersByTimeAsync(100);
    const [first, second] = await Promise.all(calls);
    expect([first?.timing.totalMs, second?.timing.queuedMs, second?.timing.computeMs]).toEqual([100, 100, 100]);
    expect(model.stats()).toMatchObject({ count: 2, coldCount: 0, p50Ms: expect.any(Number), busyMs: 200 });
  });
  it('ends early where the call is aborted or the model disposed', async () => {
    const model = fakeModel(sum, { delayMs: 2 ** 30 });
    const controller = new AbortController();
    const aborted = model.predict({ x }, { signal: controller.signal as never });
    const waiting = model.predict({ x });
    controller.abort('enough');
    expect(await rejection(aborted)).toBe('enough');
    model.dispose();
    expect(await rejection(waiting)).toMatchObject({ code: 'disposed' });
    expect(await rejection(model.predict({ x }))).toMatchObject({ code: 'disposed' });
    expect(model.disposed).toBe(true);
  });
  it('of Infinity never answers, and ends as any other', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    const model = fakeModel(sum, { delayMs: Number.POSITIVE_INFINITY });
    const controller = new AbortController();
    const aborted = model.predict({ x }, { signal: controller.signal as never });
    const waiting = model.predict({ x });
    await vi.advanceTimersByTimeAsync(2 ** 31);
    expect(await Promise.all([aborted, waiting].map(stateOf))).toEqual(['pending', 'pending']);
    expect(vi.getTimerCount()).toBe(0);
    controller.abort('enough');
    expect(await rejection(aborted)).toBe('enough');
    model.dispose();
    expect(await rejection(waiting)).toMatchObject({ code: 'disposed' });
  });
  it.each([-1, 2 ** 31, Number.NaN, '5 s'])('is a number of milliseconds that a timer can wait, unlike %s', (delayMs) =>
    expect(() => fakeModel(sum, { delayMs: delayMs as never })).toThrow(
      `delayMs should be milliseconds from 0 to 2147483647, or Infinity for a call that never answers, but is ${typeof delayMs === 'string' ? `"${delayMs}"` : delayMs}.`,
    ),
  );
});

describe('fail', () => {
  it('rejects with a code, as that code would be', async () => {
    const model = fakeModel(sum, { fail: 'device-lost' });
    expect(await rejection(model.predict({ x }))).toMatchObject({ code: 'device-lost', retryable: true });
    expect(model.stats()).toMatchObject({ count: 0, failedCount: 1 });
  });
  it('rejects with an error of the test’s own', async () => {
    const error = new PannierError('http-status', 'Gone.', { status: 503 });
    expect(await rejection(fakeModel(sum, { fail: error }).predict({ x }))).toBe(error);
  });
  it('asks by call', async () => {
    const model = fakeModel(sum, { fail: (call) => (call === 2 ? 'timeout' : undefined) });
    const states = [];
    for (let call = 1; call <= 3; call++)
      states.push(
        await model.predict({ x }).then(
          () => 'ok',
          ({ code }) => code,
        ),
      );
    expect(states).toEqual(['ok', 'timeout', 'ok']);
  });
});

describe('nonFinite', () => {
  const outputs = { y: [1, Number.NaN, 3, 4] };
  it('rejects outputs that are not finite, as a model does', async () =>
    expect(await rejection(fakeModel(sum, { outputs } as never).predict({ x }))).toMatchObject({
      code: 'non-finite',
      detail: { count: 1 },
    }));
  it('hands them over where they are allowed', async () => {
    const { outputs: got } = await fakeModel(sum, { outputs, nonFinite: 'allow' } as never).predict({ x });
    expect([...(got as { y: { data: Float32Array } }).y.data]).toEqual([1, Number.NaN, 3, 4]);
  });
});

describe('options that there are not', () => {
  const refused = (message: RegExp) => expect.objectContaining({ code: 'options', message: expect.stringMatching(message) });
  it.each([
    ['a misspelt one', { output: {} }, /^fakeModel has no option "output"; it takes outputs, delayMs, fail, nonFinite\./],
    ['an unknown code', { fail: 'oom' }, /fail should be a PannierError or an error code, but is "oom"\. Codes are input, .*out-of-memory/],
    ['a key of every object', { fail: 'toString' }, /but is "toString"/],
    ['another error', { fail: new Error('no') }, /but is Error\./],
    ['a third way', { nonFinite: 'warn' }, /nonFinite should be "error" or "allow", but is "warn"\./],
  ])('are refused: %s', (_what, options, message) => expect(() => fakeModel(sum, options as never)).toThrow(refused(message)));
  it('are refused by call, too', async () =>
    expect(await rejection(fakeModel(sum, { fail: (() => 'oom') as never }).predict({ x }))).toEqual(refused(/but is "oom"/)));
  it.each([
    [{ output: ['y'] }, /^predict has no option "output"; it takes signal, outputs, into, priority\./],
    [{ outputs: 'y' }, /outputs should be an array of names, but is "y"\./],
    [{ priority: 'high' }, /priority should be "user" or "background", but is "high"\./],
    [{ signal: new AbortController() }, /^predict's option signal should be an AbortSignal, but is AbortController\./],
    [null, /^predict takes an object of options, but got null\./],
  ])('are refused by predict: %j', async (options, message) =>
    expect(await rejection(fakeModel(sum).predict({ x }, options as never))).toEqual(refused(message)),
  );
  it('are refused by predictEach, which hands the others on', async () => {
    const next = (options: unknown) =>
      fakeModel(sum)
        .predictEach([{ x }], options as never)
        .next();
    expect(await rejection(next({ into: {} }))).toEqual(refused(/^predictEach has no option "into"; it takes signal, .*concurrency\./));
    expect(await rejection(next({ signal: {} }))).toEqual(refused(/^predictEach's option signal .*but is an object\./));
    const { signal } = new AbortController();
    const { value } = await next({ outputs: [], concurrency: 1, input: 'x', keepFrame: false, priority: 'background', signal });
    expect(value).toMatchObject({ outputs: {}, backend: 'cpu' });
  });
});

describe('it behaves as a loaded model', () => {
  it('checks inputs', async () => {
    const model = fakeModel(sum);
    expect(await rejection(model.predict({ x: new Float32Array(3) }))).toMatchObject({ code: 'input' });
    expect(await rejection(model.predict({} as never))).toMatchObject({ code: 'input' });
    expect(await rejection(model.predict(null as never))).toMatchObject({ code: 'input' });
    expect(await rejection(model.predict({ x }, { outputs: ['z' as never] }))).toMatchObject({ code: 'input' });
  });
  it('takes arrays of another realm', async () => {
    const foreign = runInNewContext('Float32Array.of(1, 2, 3, 4)') as Float32Array;
    expect(foreign instanceof Float32Array).toBe(false);
    const model = fakeModel(sum, { outputs: { y: foreign } });
    expect([...(await model.predict({ x: foreign })).outputs.y.data]).toEqual([1, 2, 3, 4]);
  });
  it('waits for promises of another class than the page’s, as zone.js makes it', async () => {
    vi.stubGlobal('Promise', class Zoned extends Promise<unknown> {});
    const answer = await fakeModel(sum, { outputs: (inputs) => ({ y: inputs.x }) }).predict({ x });
    vi.unstubAllGlobals();
    expect([...answer.outputs.y.data]).toEqual([1, 2, 3, 4]);
  });
  it('streams an iterable in order', async () => {
    const model = fakeModel(sum, { outputs: (inputs) => ({ y: inputs.x }) });
    const inputs = [1, 2, 3].map((value) => ({ x: new Float32Array(4).fill(value) }));
    const seen: number[] = [];
    for await (const { outputs } of model.predictEach(inputs)) seen.push(outputs.y.data[0] as number);
    expect(seen).toEqual([1, 2, 3]);
  });
  it('says what it is', () => {
    const model = fakeModel(sum);
    expect(model).toMatchObject({ name: 'fake', backend: 'cpu', thread: 'page', notes: [], disposed: false });
    expect(model.selection).toEqual([{ backend: 'cpu', engine: 'tfjs', state: 'chosen' }]);
    expect(model.signature).toBe(manifest.signature);
    expect(model.info.bytes).toBeGreaterThan(0);
  });
  it('wants a packed model', () => expect(() => fakeModel('model.js' as never)).toThrow(/Import the default export of a packed model\.js/));
  it('wants every detail of it', () =>
    expect(() => fakeModel({ ...manifest, golden: goldenWith(manifest.golden, { outputs: { y: {} as never } }) } as never)).toThrow(
      /golden\.samples\[0\]\.outputs\["y"\]\.shape should be sizes/,
    ));
});

describe('pictures', () => {
  const model = fakeModel(pose, { outputs: { keypoints: new Array(51).fill(0.5) } });
  const centre = async (image: unknown) => {
    const { images } = await model.predict({ image: image as never });
    return { ...images.image.toSource(96, 96), ...{ across: images.image.sourceWidth, down: images.image.sourceHeight } };
  };
  const page = () => (globalThis as unknown as { document: { createElement(name: string): Record<string, unknown> } }).document;
  it.each([
    ['an image that never loads', () => page().createElement('img'), [96, 96, 192, 192]],
    ['a canvas', () => Object.assign(page().createElement('canvas'), { width: 400, height: 200 }), [200, 100, 400, 200]],
    ['a video', () => page().createElement('video'), [96, 96, 192, 192]],
    ['a file', () => new Blob(['x']), [96, 96, 192, 192]],
    ['pixels', () => ({ data: new Uint8Array(32), width: 4, height: 2 }), [2, 1, 4, 2]],
    ['a tensor', () => new Int32Array(192 * 192 * 3), [96, 96, 192, 192]],
    [
      'a crop',
      () => ({
        source: Object.assign(page().createElement('canvas'), { width: 400, height: 200 }),
        crop: { x: 200, y: 0, width: 200, height: 200 },
      }),
      [300, 100, 400, 200],
    ],
  ])('%s', async (_what, make, [x, y, across, down]) => expect(await centre(make())).toEqual({ x, y, across, down }));
  it.each([
    ['an address', 'cat.jpg'],
    ['an element that shows none', page().createElement('div')],
    ['half of its pixels', { data: new Uint8Array(16), width: 4, height: 2 }],
    ['a crop of nothing', { source: page().createElement('img'), crop: { x: 0, y: 0, width: 0, height: 1 } }],
  ])('%s is refused', async (_what, image) => expect(await rejection(centre(image))).toMatchObject({ code: 'input' }));
  it('are handed to the function as they were given', async () => {
    const image = page().createElement('img');
    let given: unknown;
    const asked = fakeModel(pose, {
      outputs: (inputs) => {
        given = inputs.image;
        return {};
      },
    });
    await asked.predict({ image: image as never });
    expect(given).toBe(image);
  });
});

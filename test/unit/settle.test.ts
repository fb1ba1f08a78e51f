/** What predict is given: taken hold of at once, or refused before anything is spent. */
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ImageSpec, InputSpec } from '../../src/manifest/manifest.js';
import type { PictureFeed, TensorFeed } from '../../src/preprocess/feed.js';
import { type PreparedInputs, prepareInputs } from '../../src/preprocess/prepare-inputs.js';
import { deferred, rejection, rest } from '../fixtures/fakes.js';

const image: ImageSpec = {
  ...{ width: 4, height: 2, fit: 'stretch', filter: 'bilinear', channels: 'rgb', layout: 'nhwc' },
  ...{ scale: [1, 1, 1], offset: [0, 0, 0] },
};
const float = (shape: InputSpec['shape']): InputSpec => ({ dtype: 'float32', shape });
const picture: InputSpec = { dtype: 'float32', shape: [1, 2, 4, 3], image };

const settle = (inputs: Record<string, InputSpec>, given: unknown) =>
  prepareInputs({ inputs, outputs: {} }, given as Record<string, unknown>);

/** One numeric input, settled. */
function feed(spec: InputSpec, given: unknown): TensorFeed {
  const settled = settle({ x: spec }, { x: given }) as PreparedInputs;
  return settled.feeds[0] as TensorFeed;
}

const refusal = (message: string | RegExp, detail: Record<string, unknown> = {}) =>
  expect.objectContaining({
    code: 'input',
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
    detail: expect.objectContaining(detail),
  });

describe('numbers', () => {
  it('are copied', () => {
    const given = Float32Array.of(1, 2, 3, 4);
    const { data, shape, dtype, name } = feed(float([1, 4]), given);
    given.fill(0);
    expect({ data, shape, dtype, name }).toEqual({ data: Float32Array.of(1, 2, 3, 4), shape: [1, 4], dtype: 'float32', name: 'x' });
  });
  it('take their shape with them', () => {
    const shape = [2, 2];
    const { data, shape: kept } = feed(float([null, null]), { data: Float32Array.of(1, 2, 3, 4), shape });
    shape[0] = 9;
    expect([data.length, kept]).toEqual([4, [2, 2]]);
  });
  it('may be a part of a larger buffer, shared memory, or bytes for int32', () => {
    const large = Float32Array.of(0, 0, 1, 2, 0);
    expect(feed(float([2]), large.subarray(2, 4)).data).toEqual(Float32Array.of(1, 2));
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([1, 2]);
    const { data } = feed(float([2]), shared);
    expect([data, data.buffer instanceof ArrayBuffer]).toEqual([Float32Array.of(1, 2), true]);
    const int: InputSpec = { ...float([2]), dtype: 'int32' };
    for (const given of [Int32Array.of(1, 200), Uint8Array.of(1, 200), Uint8ClampedArray.of(1, 200), Buffer.from([1, 200])]) {
      expect(feed(int, given).data).toEqual(Int32Array.of(1, 200));
    }
  });
  it('may be int64 for int32, from one end of int32 to the other', () => {
    const int: InputSpec = { ...float([3]), dtype: 'int32' };
    const given = BigInt64Array.of(-(2n ** 31n), 0n, 2n ** 31n - 1n);
    for (const each of [given, runInNewContext('BigInt64Array.of(-2147483648n, 0n, 2147483647n)')]) {
      expect(feed(int, each).data).toEqual(Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1));
    }
    expect(feed({ ...int, shape: [null, 3] }, { data: given, shape: [1, 3] }).shape).toEqual([1, 3]);
  });
  it('may come from another realm', () => {
    const foreign = runInNewContext('Float32Array.of(1, 2, 3, 4)');
    expect(foreign instanceof Float32Array).toBe(false);
    const { data } = feed(float([1, 4]), foreign);
    expect([data, data instanceof Float32Array]).toEqual([Float32Array.of(1, 2, 3, 4), true]);
    expect(feed(float([null, null]), runInNewContext('({ data: Float32Array.of(1, 2), shape: [1, 2] })')).shape).toEqual([1, 2]);
  });
  it('fill the one open size', () => {
    expect(feed(float([null, 3]), new Float32Array(6)).shape).toEqual([2, 3]);
    expect(feed(float([1, null]), new Float32Array(6)).shape).toEqual([1, 6]);
    expect(feed(float([]), new Float32Array(1)).shape).toEqual([]);
  });
  it('may be none, where the shape says so', () => {
    expect(feed(float([null, 3]), { data: new Float32Array(0), shape: [0, 3] }).shape).toEqual([0, 3]);
  });
  it('of unknown rank take any shape that is said', () => {
    expect(feed(float(null), { data: new Float32Array(6), shape: [1, 2, 3] }).shape).toEqual([1, 2, 3]);
    expect(feed(float(null), { data: new Float32Array(1), shape: [] }).shape).toEqual([]);
  });
});

describe('numbers that do not fit', () => {
  const detached = () => {
    const array = new Float32Array(4);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };
  it.each<[string, InputSpec, unknown, string | RegExp]>([
    ...[2n ** 31n, -(2n ** 31n) - 1n, 2n ** 32n, 2n ** 53n + 1n].map((value): [string, InputSpec, unknown, string] => [
      `${value} for int32`,
      { ...float([3]), dtype: 'int32' },
      BigInt64Array.of(1n, 2n, value),
      `should have values of int32, but has ${value} at index 2`,
    ]),
    ['int64 for float32', float([2]), BigInt64Array.of(1n, 2n), 'should be Float32Array of [2], but is BigInt64Array'],
    ['int64 without sign', { ...float([2]), dtype: 'int32' }, BigUint64Array.of(1n, 2n), 'should be Int32Array or BigInt64Array or'],
    ['too few', float([1, 4]), new Float32Array(3), 'should have 4 values, for [1, 4], but has 3'],
    ['too many', float([1, 4]), new Float32Array(5), 'should have 4 values'],
    ['none at all', float([1, 4]), new Float32Array(0), 'should have 4 values, for [1, 4], but has 0'],
    ['no whole number of rows', float([null, 3]), new Float32Array(4), 'a whole number of times 3 values'],
    ['no rows', float([null, 3]), new Float32Array(0), 'a whole number of times 3 values'],
    ['two open sizes', float([null, null, 3]), new Float32Array(12), /its shape has to be said.*Pass \{ data, shape \}/],
    ['an unknown rank', float(null), new Float32Array(12), /any rank, so its shape has to be said/],
    ['another class', float([1, 4]), new Float64Array(4), 'should be Float32Array of [1, 4], but is Float64Array'],
    ['bytes for floats', float([1, 4]), new Uint8Array(4), 'but is Uint8Array'],
    ['a DataView', float([1, 4]), new DataView(new ArrayBuffer(16)), 'but is DataView'],
    ['a bare buffer', float([1, 4]), new ArrayBuffer(16), 'but is ArrayBuffer'],
    ['floats for int32', { ...float([4]), dtype: 'int32' }, new Float32Array(4), 'should be Int32Array or BigInt64Array or Uint8Array or'],
    ['clamped bytes for bool', { ...float([4]), dtype: 'bool' }, new Uint8ClampedArray(4), 'should be Uint8Array of [4]'],
    ['a plain array', float([1, 4]), [1, 2, 3, 4], 'but is Array. Give a Float32Array of 4 values, flat.'],
    ['a number', float([]), 5, 'but is Number'],
    ['null', float([1, 4]), null, 'but is null'],
    ['a text', float([1, 4]), '1,2,3,4', 'but is String'],
    ['an object without data', float([1, 4]), { shape: [1, 4] }, 'but is undefined'],
    ['plain data', float([1, 4]), { data: [1, 2, 3, 4], shape: [1, 4] }, 'but is Array'],
    ['another shape', float([1, 4]), { data: new Float32Array(4), shape: [4, 1] }, 'should have shape [1, 4], but has shape [4, 1]'],
    ['another rank', float([null, 4]), { data: new Float32Array(4), shape: [4] }, 'should have shape [?, 4]'],
    [
      'a shape of other size',
      float([null, 4]),
      { data: new Float32Array(4), shape: [2, 4] },
      'of shape [2, 4] should have 8 values, but has 4',
    ],
    ['a negative size', float(null), { data: new Float32Array(4), shape: [-2, -2] }, 'should have shape any rank, but has shape [-2, -2]'],
    ['half a row', float(null), { data: new Float32Array(1), shape: [0.5, 2] }, 'has shape [0.5, 2]'],
    ['a shape with holes', float(null), { data: new Float32Array(1), shape: new Array(2) }, 'has shape [undefined, undefined]'],
    ['a shape that is none', float([1, 4]), { data: new Float32Array(4), shape: '1,4' }, 'has shape String'],
    ['a typed shape', float([1, 4]), { data: new Float32Array(4), shape: Int32Array.of(1, 4) }, 'should have shape [1, 4]'],
  ])('%s', (_what, spec, given, message) => expect(() => feed(spec, given)).toThrow(refusal(message, { input: 'x' })));

  it.each([
    ['bare', (data: Float32Array) => data],
    ['with its shape', (data: Float32Array) => ({ data, shape: [1, 4] })],
  ])('a detached array, %s', (_what, as) => {
    expect(() => feed(float([1, 4]), as(detached()))).toThrow(refusal(/its buffer is detached.*still owns/, { input: 'x' }));
  });

  it('never make anything but an `input` error or a whole feed', () => {
    const spec = fc.constantFrom(float([1, 4]), float([null, 2]), float([null, null]), float(null), {
      ...float([4]),
      dtype: 'int32' as const,
    });
    const shape = fc.oneof(fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 3 }), fc.anything());
    const data = fc.oneof(fc.float32Array({ maxLength: 8 }), fc.int32Array({ maxLength: 8 }), fc.anything({ withTypedArray: true }));
    fc.assert(
      fc.property(spec, fc.oneof(data, fc.record({ data, shape }), fc.anything({ withNullPrototype: true })), (wanted, given) => {
        try {
          const { data: values, shape: dims } = feed(wanted, given);
          expect(dims.reduce((size, dim) => size * dim, 1)).toBe(values.length);
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'PannierError', code: 'input' });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('names', () => {
  const inputs = { a: float([1]), b: float([1]) };
  const one = Float32Array.of(1);
  it('come in the signature’s order', () => {
    const { feeds, images } = settle(inputs, { b: one, a: one }) as PreparedInputs;
    expect(feeds.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(images).toEqual({});
  });
  it.each<[string, unknown, string, Record<string, unknown>]>([
    ['one is missing', { a: one }, 'Input "b" is missing. The model takes "a" (float32 [1]), "b" (float32 [1])', { input: 'b' }],
    ['one is undefined', { a: one, b: undefined }, 'Input "b" is missing', { input: 'b' }],
    ['one is unknown', { a: one, b: one, c: one }, 'no input "c". Its inputs are', { input: 'c', inputs: ['a', 'b'] }],
    [
      'one is misspelt',
      { a: one, bb: one },
      'no input "bb". Its inputs are "a" (float32 [1]), "b" (float32 [1]). Is b meant?',
      { input: 'bb' },
    ],
    ['one is inherited', { a: one, b: one, toString: one }, 'no input "toString"', { input: 'toString' }],
    ['there is nothing', undefined, 'predict takes { a, b }, but got undefined', {}],
    ['there is null', null, 'predict takes { a, b }, but got null', {}],
    ['there is a text', 'photo.png', 'predict takes { a, b }, but got photo.png', {}],
    ['the array comes bare', Float32Array.of(1, 2), 'no input "0"', {}],
  ])('are refused where %s', (_what, given, message, detail) => expect(() => settle(inputs, given)).toThrow(refusal(message, detail)));
  it('of a model without inputs are none', () => expect((settle({}, {}) as PreparedInputs).feeds).toEqual([]));
});

describe('pixels', () => {
  const rgba = () => ({ data: new Uint8ClampedArray(8 * 4 * 4).fill(7), width: 8, height: 4 });
  const settled = async (given: unknown) => {
    const { feeds, images } = await settle({ image: picture }, { image: given });
    return { feed: feeds[0] as PictureFeed, mapping: images['image']! };
  };

  it.each([
    ['ImageData-like', rgba],
    ['bytes', () => ({ ...rgba(), data: new Uint8Array(rgba().data) })],
    ['of another realm', () => runInNewContext('({ data: new Uint8ClampedArray(128).fill(7), width: 8, height: 4 })')],
  ])('%s are copied at once', async (_what, make) => {
    const given = make();
    const pending = settled(given);
    given.data.fill(0);
    const { feed, mapping } = await pending;
    expect(feed).toMatchObject({ kind: 'picture', name: 'image', dtype: 'float32', shape: [1, 2, 4, 3] });
    expect(feed.picture).toEqual(rgba());
    expect({ ...mapping }).toMatchObject({ width: 4, height: 2, sourceWidth: 8, sourceHeight: 4 });
    expect(mapping.toSource(2, 1)).toEqual({ x: 4, y: 2 });
  });

  it('may be cropped, and the crop is copied too', async () => {
    const crop = { x: 2, y: 1, width: 4, height: 2 };
    const pending = settled({ source: rgba(), crop });
    crop.x = 100;
    expect((await pending).mapping.toSource(0, 0)).toEqual({ x: 2, y: 1 });
    expect((await settled({ source: rgba(), crop: undefined })).mapping.toSource(0, 0)).toEqual({ x: 0, y: 0 });
  });

  it.each([
    ['nchw', [null, 3, 2, null], [1, 3, 2, 6]],
    ['nhwc', [null, null, null, 3], [1, 2, 6, 3]],
  ] as const)('are as large as the caller says where sizes are open, %s', async (layout, shape, wanted) => {
    const open: InputSpec = { ...picture, shape, image: { ...image, layout } };
    const size = { width: 6, height: 2 };
    const { feeds, images } = await settle({ image: open }, { image: { source: rgba(), crop: { x: 2, y: 0, width: 6, height: 4 }, size } });
    expect(feeds).toMatchObject([{ kind: 'picture', shape: wanted, image: size }]);
    expect({ ...images['image'] }).toMatchObject({ width: 6, height: 2, sourceWidth: 8 });
    expect(images['image']?.toSource(3, 1)).toEqual({ x: 5, y: 2 });
    const whole = await settle({ image: open }, { image: { source: rgba(), size } });
    expect(whole.images['image']?.toSource(3, 1)).toEqual({ x: 4, y: 2 });
    // The next picture has the size of the packed model again.
    expect((await settle({ image: open }, { image: rgba() })).feeds).toMatchObject([{ image: { width: 4, height: 2 } }]);
  });

  it('of an image input may also be the tensor itself', () => {
    expect(settle({ image: picture }, { image: new Float32Array(24) })).toMatchObject({
      feeds: [{ kind: 'tensor', shape: [1, 2, 4, 3] }],
      images: {},
    });
  });

  it.each<[string, unknown, string]>([
    ['of another length', { ...rgba(), width: 9 }, 'width × height × 4 bytes of RGBA, but is Uint8ClampedArray of 128 for 9 × 4'],
    ['signed bytes', { ...rgba(), data: new Int8Array(128) }, 'but is Int8Array'],
    ['floats', { ...rgba(), data: new Float32Array(128) }, 'but is Float32Array of 128'],
    ['a plain array', { ...rgba(), data: Array(128).fill(0) }, 'but is Array of 128'],
    ['a DataView', { ...rgba(), data: new DataView(new ArrayBuffer(128)) }, 'but is DataView'],
    ['nothing', { data: new Uint8Array(0), width: 0, height: 0 }, 'for 0 × 0'],
    ['of fractional size', { data: new Uint8Array(6), width: 1.5, height: 1 }, 'for 1.5 × 1'],
    ['of negative size', { data: new Uint8Array(4), width: -1, height: -1 }, 'for -1 × -1'],
    ['without data', { data: undefined, width: 1, height: 1 }, 'but is undefined of undefined'],
    ['a number', 5, 'should be a picture, but is Number'],
    ['null', null, 'should be a picture, but is null'],
    [
      'a path',
      'photo.png',
      'should be a picture, but is String. An address is not loaded: give an <img>, or await (await fetch(url)).blob().',
    ],
    ['a plain array of numbers', Array(24).fill(0), 'should be a picture, but is Array. Give a Float32Array of 24 values, flat.'],
    ['a Blob, where nothing decodes', new Blob(), 'can only be { data, width, height } here'],
    ['a crop without size', { source: rgba(), crop: { x: 0, y: 0, width: 0, height: 4 } }, 'needs a crop of finite x, y'],
    ['a crop that is nowhere', { source: rgba(), crop: { x: Number.NaN, y: 0, width: 1, height: 4 } }, 'needs a crop'],
    [
      'a size that the graph does not leave open',
      { source: rgba(), size: { width: 5, height: 2 } },
      'needs a size that fits [1, 2, 4, 3], but has {"width":5',
    ],
    ['a size of fractions', { source: rgba(), size: { width: 4, height: 2.5 } }, 'needs a size'],
    ['a size that is null', { source: rgba(), size: null }, 'needs a size'],
    ['a crop that is null', { source: rgba(), crop: null }, 'needs a crop'],
    ['a crop of nothing', { source: undefined, crop: { x: 0, y: 0, width: 1, height: 4 } }, 'should be a picture, but is undefined'],
  ])('are refused: %s', async (_what, given, message) => {
    expect(await rejection(settled(given))).toEqual(refusal(message, { input: 'image' }));
  });
});

describe('several inputs, of which one is bad', () => {
  const inputs = { image: picture, x: float([1]), second: { ...picture } };
  const rgba = { data: new Uint8Array(4), width: 1, height: 1 };
  const given = { image: rgba, x: Float32Array.of(1), second: rgba };

  /** A frame as WebCodecs has it, and whether it was let go of. */
  const frame = () => {
    const made = { displayWidth: 2, displayHeight: 2, closed: 0, clones: [] as { closed: number }[] };
    const clone = () => {
      const copy = { displayWidth: 2, displayHeight: 2, closed: 0, close: () => void copy.closed++ };
      made.clones.push(copy);
      return copy;
    };
    return Object.assign(made, { clone });
  };
  afterEach(() => void vi.unstubAllGlobals());

  it('reject once, and leave no rejection without an owner', async () => {
    expect(() => settle(inputs, { ...given, image: 5, x: new Float32Array(2) })).toThrow(refusal('Input "x"'));
    expect(() => settle(inputs, { image: 5 })).toThrow(refusal('Input "x" is missing'));
    const both = settle(inputs, { ...given, image: 5, second: 6 }) as Promise<PreparedInputs>;
    expect(await rejection(both)).toEqual(refusal('Input "image"'));
    await rest();
  });

  it('let go of the pictures that were in hand', async () => {
    vi.stubGlobal('createImageBitmap', async () => Promise.reject(new Error('broken')));
    const good = frame();
    await rejection(settle(inputs, { ...given, image: good, second: new Blob() }) as Promise<PreparedInputs>);
    expect(good.clones.map(({ closed }) => closed)).toEqual([1]);
    expect(good.closed).toBe(0);
  });

  it('wait for a picture that is still on its way, then let go of it', async () => {
    const gate = deferred<unknown>();
    vi.stubGlobal('createImageBitmap', () => gate.promise);
    const late = { width: 2, height: 2, closed: 0, close: () => void late.closed++ };
    const pending = settle(inputs, { ...given, image: new Blob(), second: 6 }) as Promise<PreparedInputs>;
    const outcome = rejection(pending);
    await rest();
    gate.resolve(late);
    expect(await outcome).toEqual(refusal('Input "second"'));
    await rest();
    expect(late.closed).toBe(1);
  });
});

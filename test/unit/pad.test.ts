/** Inputs filled up to a bucket, outputs cut back from it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DTYPES, type DType, sizeOf } from '../../src/base/dtype.js';
import type { ImageSpec, InputSpec, PadSpec } from '../../src/manifest/manifest.js';
import type { TensorFeed } from '../../src/preprocess/feed.js';
import { unpad } from '../../src/preprocess/pad.js';
import { type PreparedInputs, prepareInputs } from '../../src/preprocess/prepare-inputs.js';

const pad = { to: [4, 8, 16], axis: 1, value: 0 };
const ids: InputSpec = { dtype: 'int32', shape: [1, null], pad: { ...pad, value: 7 } };
const mask: InputSpec = { dtype: 'float32', shape: [1, null], pad };
const scale: InputSpec = { dtype: 'float32', shape: [2] };

const settle = (inputs: Record<string, InputSpec>, given: unknown) =>
  prepareInputs({ inputs, outputs: {} }, given as Record<string, unknown>) as PreparedInputs;
const values = ({ feeds }: PreparedInputs) => feeds.map((feed) => [feed.shape, [...(feed as TensorFeed).data]]);

describe('padded inputs', () => {
  it('get the same bucket, each its own filling; others stay as they are', () => {
    const settled = settle(
      { ids, mask, scale },
      { ids: Int32Array.of(1, 2, 3, 4, 5), mask: new Float32Array(5).fill(1), scale: new Float32Array(2) },
    );
    expect(values(settled)).toEqual([
      [
        [1, 8],
        [1, 2, 3, 4, 5, 7, 7, 7],
      ],
      [
        [1, 8],
        [1, 1, 1, 1, 1, 0, 0, 0],
      ],
      [[2], [0, 0]],
    ]);
    expect(settled.length).toEqual({ given: 5, bucket: 8 });
  });
  it('that fill a bucket are not copied again', () => {
    const { feeds, length } = settle({ ids }, { ids: new Int32Array(8) });
    expect([feeds[0]?.shape, length]).toEqual([[1, 8], { given: 8, bucket: 8 }]);
  });
  it('of a model without any have no length', () => {
    expect(settle({ scale }, { scale: new Float32Array(2) }).length).toBeUndefined();
  });
  it('may be rows of a table, in batches of a few sizes', () => {
    const columns = [{ name: 'a', mean: 0, std: 1 }];
    const table: InputSpec = { dtype: 'float32', shape: [null, 1], columns, pad: { to: [2, 4], axis: 0, value: -1 } };
    expect(values(settle({ table }, { table: [{ a: 1 }, { a: 2 }, { a: 3 }] }))).toEqual([
      [
        [4, 1],
        [1, 2, 3, -1],
      ],
    ]);
  });
  it('wait for pictures beside them', async () => {
    const image: ImageSpec = {
      ...{ width: 1, height: 1, fit: 'stretch', filter: 'bilinear', channels: 'rgb', layout: 'nhwc' },
      ...{ scale: [1, 1, 1], offset: [0, 0, 0] },
    };
    const photo: InputSpec = { dtype: 'float32', shape: [1, 1, 1, 3], image };
    const given = { photo: { data: new Uint8Array(4), width: 1, height: 1 }, ids: new Int32Array(3) };
    const { feeds, length } = await (settle({ photo, ids }, given) as unknown as Promise<PreparedInputs>);
    expect([feeds.map(({ shape }) => shape), length]).toEqual([
      [
        [1, 1, 1, 3],
        [1, 4],
      ],
      { given: 3, bucket: 4 },
    ]);
  });
  it.each<[string, unknown, string, Record<string, unknown>]>([
    [
      'longer than the largest bucket',
      { ids: new Int32Array(17), mask: new Float32Array(17) },
      'Input "ids" takes at most 16 values along axis 1, but has 17. Give a part of it',
      { input: 'ids', most: 16, length: 17 },
    ],
    [
      'not as long as each other',
      { ids: new Int32Array(5), mask: new Float32Array(6) },
      'Input "mask" should be as long as "ids", 5 along axis 1, since both are padded, but is 6 long',
      { input: 'mask', wanted: 5, length: 6 },
    ],
    ['not as long as each other, in one bucket', { ids: new Int32Array(6), mask: new Float32Array(5) }, 'as long as "ids", 6', {}],
    ['none', { ids: new Int32Array(0), mask: new Float32Array(0) }, 'a whole number of times 1 values', {}],
  ])('are refused where they are %s', (_what, given, message, detail) =>
    expect(() => settle({ ids, mask }, given)).toThrow(
      expect.objectContaining({ code: 'input', message: expect.stringContaining(message), detail: expect.objectContaining(detail) }),
    ),
  );
});

describe('for any tensor', () => {
  const tensors = fc
    .record({
      dtype: fc.constantFrom<DType>('float32', 'int32', 'bool'),
      shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      axis: fc.nat(3),
      value: fc.constantFrom(0, 1),
      to: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }).map((sizes) => sizes.sort((a, b) => a - b)),
    })
    .map(({ axis, ...rest }) => ({ ...rest, axis: axis % rest.shape.length }));

  it('what was filled up and cut back is what was given, and the filling is the value', () => {
    fc.assert(
      fc.property(tensors, ({ dtype, shape, axis, value, to }) => {
        const spec: InputSpec = { dtype, shape: shape.map((dim, at) => (at === axis ? null : dim)), pad: { to, axis, value } };
        const data = new DTYPES[dtype](Array.from({ length: sizeOf(shape) }, (_, index) => (index % 5) + 2));
        const given = shape[axis] as number;
        const bucket = to.filter((size) => size >= given)[0];
        if (bucket === undefined) {
          expect(() => settle({ x: spec }, { x: { data, shape } })).toThrow('takes at most');
          return;
        }
        const { feeds, length } = settle({ x: spec }, { x: { data, shape } });
        const feed = feeds[0] as TensorFeed;
        expect(length).toEqual({ given, bucket });
        expect(feed.shape).toEqual(shape.with(axis, bucket));
        expect(feed.data.length).toBe(sizeOf(feed.shape));
        // Nothing given is 0 or 1, so all that is, is filling.
        expect(feed.data.filter((each) => each === value).length).toBe(feed.data.length - data.length);
        const { shape: cutShape, data: cut } = unpad(feed, [axis], length!);
        expect([cutShape, [...cut]]).toEqual([shape, [...data]]);
      }),
    );
  });

  it('two axes are cut as one would be after the other', () => {
    const length = { given: 2, bucket: 3 };
    const pairs = { dtype: 'float32', shape: [1, 3, 3], data: Float32Array.of(1, 2, 0, 3, 4, 0, 0, 0, 0) } as const;
    expect(unpad(pairs, [1, 2], length)).toEqual({ dtype: 'float32', shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(unpad(pairs, [], length)).toBe(pairs);
    expect(unpad({ ...pairs, shape: [1, 9, 1] }, [1], length).shape).toEqual([1, 9, 1]);
  });

  it('equally long inputs get one bucket, whatever stands around them', () => {
    const specOf = (rank: number, axis: number): InputSpec => {
      const own: PadSpec = { to: [2, 4, 8], axis, value: 0 };
      return { dtype: 'float32', shape: Array.from({ length: rank }, (_, at) => (at === axis ? null : 2)), pad: own };
    };
    const one = fc.integer({ min: 1, max: 3 }).chain((rank) => fc.tuple(fc.constant(rank), fc.nat(rank - 1)));
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 8 }), (all, given) => {
        const inputs = Object.fromEntries(all.map(([rank, axis], index) => [`x${index}`, specOf(rank, axis)]));
        const { feeds } = settle(
          inputs,
          Object.fromEntries(all.map(([rank], index) => [`x${index}`, new Float32Array(given * 2 ** (rank - 1))])),
        );
        const sizes = feeds.map(({ shape }, index) => shape[(all[index] as number[])[1] as number]);
        expect(new Set(sizes)).toEqual(new Set([2 ** Math.max(1, Math.ceil(Math.log2(given)))]));
      }),
    );
  });
});

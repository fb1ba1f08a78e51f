/** The reference's ops that move elements, against known values, TF.js's cpu kernels, and a slow but plain account of each element. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { mulberry32 } from '../../src/base/random.js';
import { DATA_TYPES, type DataType } from '../../src/graph/element-type.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { answers } from '../fixtures/one-op.js';
import { bools, floats, ints, pick, randomShape, randomTensor, tensor, valuesOf } from '../fixtures/tensors.js';
import { LONG_MS, runs } from '../tier.js';

tf.enableProdMode();

const given = ({ shape, data, dataType }: Tensor): tf.Tensor => tf.tensor(data as Float32Array, [...shape], dataType as 'float32');

/** What a function of TF.js gives, as a tensor of ours. */
function tfjs(dataType: DataType, f: () => tf.Tensor): Tensor {
  const [shape, data] = tf.tidy(() => {
    const result = f();
    return [result.shape, result.dataSync()] as const;
  });
  return { dataType, shape, data: new DATA_TYPES[dataType](data) };
}

/** A tensor of numbers from 0 on. */
const counted = (shape: readonly number[], dataType: DataType = 'int32') =>
  tensor(
    dataType,
    Array.from({ length: sizeOf(shape) }, (_, index) => index),
    shape,
  );

describe('known values', () => {
  it('reshape, expand and tile', () => {
    expect(answers('reshape', [counted([2, 3])], { newShape: [3, 1, 2] })).toEqual([counted([3, 1, 2])]);
    expect(answers('expand', [ints([1, 2], [2, 1])], { newShape: [2, 2, 3] })).toEqual([
      ints([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2], [2, 2, 3]),
    ]);
    expect(answers('expand', [ints([5], [])], { newShape: [0, 2] })).toEqual([ints([], [0, 2])]);
    expect(answers('tile', [ints([1, 2, 3, 4], [2, 2])], { repetitions: [1, 2] })).toEqual([ints([1, 2, 1, 2, 3, 4, 3, 4], [2, 4])]);
    expect(answers('tile', [ints([1, 2])], { repetitions: [0] })).toEqual([ints([])]);
  });

  it('slice, with strides of both signs', () => {
    const slice = (starts: number[], sizes: number[], strides: number[]) =>
      answers('slice', [counted([3, 4])], { starts, sizes, strides })[0];
    expect(slice([1, 1], [2, 3], [1, 1])).toEqual(ints([5, 6, 7, 9, 10, 11], [2, 3]));
    expect(slice([0, 0], [3, 4], [2, 3])).toEqual(ints([0, 3, 8, 11], [2, 2]));
    expect(slice([2, 3], [3, 4], [-1, -2])).toEqual(ints([11, 9, 7, 5, 3, 1], [3, 2]));
    expect(slice([3, 4], [0, 0], [1, -1])).toEqual(ints([], [0, 0]));
    expect(() => slice([2, 0], [2, 1], [1, 1])).toThrow('takes a window of 2 at 2 from [3, 4]');
    expect(() => slice([1, 0], [3, 1], [-1, 1])).toThrow('takes a window of 3 at 1 from [3, 4]');
  });

  it('concat and split', () => {
    expect(answers('concat', [ints([1, 2], [2, 1]), ints([3, 4, 5, 6], [2, 2])], { axis: 1 })).toEqual([ints([1, 3, 4, 2, 5, 6], [2, 3])]);
    expect(answers('concat', [ints([]), ints([1])], { axis: 0 })).toEqual([ints([1])]);
    expect(answers('concat', [bools([1]), bools([0])], { axis: 0 })).toEqual([bools([1, 0])]);
    expect(answers('split', [counted([2, 3])], { axis: 1, splits: [1, 0, 2] })).toEqual([
      ints([0, 3], [2, 1]),
      ints([], [2, 0]),
      ints([1, 2, 4, 5], [2, 2]),
    ]);
  });

  it('pad, each mode', () => {
    const pad = (mode: 'constant' | 'edge' | 'reflection' | 'symmetric', beginning: number, ending: number) =>
      valuesOf('pad', [ints([1, 2, 3])], { beginning: [beginning], ending: [ending], mode, value: 9 });
    expect(pad('constant', 2, 1)).toEqual([9, 9, 1, 2, 3, 9]);
    expect(pad('edge', 2, 4)).toEqual([1, 1, 1, 2, 3, 3, 3, 3, 3]);
    expect(pad('reflection', 2, 2)).toEqual([3, 2, 1, 2, 3, 2, 1]);
    expect(pad('symmetric', 3, 3)).toEqual([3, 2, 1, 1, 2, 3, 3, 2, 1]);
    expect(() => pad('reflection', 0, 3)).toThrow('pads axis 0 of [3] with 3 elements by the mode reflection');
    expect(() => pad('symmetric', 4, 0)).toThrow('pads axis 0 of [3] with 4 elements by the mode symmetric');
    const empty = (mode: 'constant' | 'edge') => answers('pad', [ints([])], { beginning: [1], ending: [1], mode, value: 0 });
    expect(empty('constant')).toEqual([ints([0, 0])]);
    expect(() => empty('edge')).toThrow('pads axis 0 of [0] with 1 elements by the mode edge');
    const whole = (value: number) => answers('pad', [tensor('uint8', [1])], { beginning: [1], ending: [0], mode: 'constant', value });
    expect(whole(255)).toEqual([tensor('uint8', [255, 1])]);
    for (const value of [256, -1, 0.5]) expect(() => whole(value)).toThrow(`has the value ${value}, which is none of uint8`);
    const infinite = { beginning: [0], ending: [1], mode: 'constant', value: Number.NEGATIVE_INFINITY } as const;
    expect(valuesOf('pad', [floats([1])], infinite)).toEqual([1, Number.NEGATIVE_INFINITY]);
  });

  it('depthToSpace in both orders, and spaceToDepth', () => {
    const x = counted([1, 1, 1, 8]);
    expect(answers('depthToSpace', [x], { blockSize: 2, order: 'blocksFirst' })).toEqual([counted([1, 2, 2, 2])]);
    expect(answers('depthToSpace', [x], { blockSize: 2, order: 'channelsFirst' })).toEqual([ints([0, 4, 1, 5, 2, 6, 3, 7], [1, 2, 2, 2])]);
    expect(answers('spaceToDepth', [counted([1, 2, 4, 1])], { blockSize: 2 })).toEqual([ints([0, 1, 4, 5, 2, 3, 6, 7], [1, 1, 2, 4])]);
  });

  it('triangular', () => {
    const of = (upper: boolean, diagonal: number) => valuesOf('triangular', [ints([1, 2, 3, 4, 5, 6], [2, 3])], { upper, diagonal });
    expect(of(true, 0)).toEqual([1, 2, 3, 0, 5, 6]);
    expect(of(true, 1)).toEqual([0, 2, 3, 0, 0, 6]);
    expect(of(false, 0)).toEqual([1, 0, 0, 4, 5, 0]);
    expect(of(false, -1)).toEqual([0, 0, 0, 4, 0, 0]);
    expect(valuesOf('triangular', [counted([2, 2, 2])], { upper: false, diagonal: 0 })).toEqual([0, 0, 2, 3, 4, 0, 6, 7]);
  });

  it('range and sizes', () => {
    expect(answers('range', [], { start: 5, count: 3, step: -2, dataType: 'int32' })).toEqual([ints([5, 3, 1])]);
    expect(answers('range', [], { start: 0, count: 0, step: 1, dataType: 'float32' })).toEqual([floats([])]);
    expect(answers('range', [], { start: 2 ** 40, count: 2, step: 1, dataType: 'int64' })).toEqual([
      tensor('int64', [2 ** 40, 2 ** 40 + 1]),
    ]);
    expect(answers('sizes', [], { values: [3, -1, 300], dataType: 'int64' })).toEqual([tensor('int64', [3, -1, 300])]);
    expect(answers('sizes', [], { values: [0, 4], dataType: 'bool' })).toEqual([bools([0, 1])]);
  });

  it('reverse and transpose keep every type and value', () => {
    for (const dataType of Object.keys(DATA_TYPES) as DataType[]) {
      const x = dataType === 'bool' ? bools([1, 0, 0, 1, 1, 0], [2, 3]) : counted([2, 3], dataType);
      const [a, b, c, d, e, f] = Array.from(x.data) as [number, number, number, number, number, number];
      expect(answers('reverse', [x], { axes: [1] })).toEqual([tensor(dataType, [c, b, a, f, e, d], [2, 3])]);
      expect(answers('transpose', [x], { permutation: [1, 0] })).toEqual([tensor(dataType, [a, d, b, e, c, f], [3, 2])]);
    }
    expect(answers('reverse', [floats([Number.NaN, -0])], { axes: [0] })).toEqual([floats([-0, Number.NaN])]);
    expect(answers('transpose', [ints([7], [])], { permutation: [] })).toEqual([ints([7], [])]);
  });
});

/** Each element of a result by a function of its place, one at a time. */
function plain(x: Tensor, shape: readonly number[], placeOf: (place: readonly number[]) => readonly number[]): Tensor {
  const data = new DATA_TYPES[x.dataType](sizeOf(shape));
  for (let index = 0; index < data.length; index++) {
    let rest = index;
    const place = shape.toReversed().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    const from = placeOf(place.reverse()).reduce((offset, at, axis) => offset * (x.shape[axis] as number) + at, 0);
    data[index] = x.data[from] as number;
  }
  return { dataType: x.dataType, shape, data };
}

it(
  'rank 8 and sizes of 0, element by element',
  () => {
    for (let seed = 0; seed < runs(5_000, 100); seed++) {
      const next = mulberry32(seed);
      const x = randomTensor(next, seed % 2 === 0 ? 'float32' : 'int64', randomShape(next, seed % 9, seed % 5 === 0 ? 0 : 1, 3), 100);
      const axes = x.shape.map((_, axis) => axis);
      const permutation = axes.toSorted(() => next() - 0.5);
      const turned = permutation.map((axis) => x.shape[axis] as number);
      const back = (place: readonly number[]) => axes.map((axis) => place[permutation.indexOf(axis)] as number);
      expect(answers('transpose', [x], { permutation }), `seed ${seed}`).toEqual([plain(x, turned, back)]);
      const reversed = axes.filter(() => next() < 0.5);
      const mirror = (place: readonly number[]) =>
        place.map((at, axis) => (reversed.includes(axis) ? (x.shape[axis] as number) - 1 - at : at));
      expect(answers('reverse', [x], { axes: reversed }), `seed ${seed}`).toEqual([plain(x, x.shape, mirror)]);
      const strides = x.shape.map(() => [1, 2, -1, -2][pick(next, 4)] as number);
      const windows = x.shape.map((size) => pick(next, size + 1));
      const starts = windows.map((window, axis) => {
        const start = pick(next, (x.shape[axis] as number) - window + 1);
        return (strides[axis] as number) > 0 ? start : Math.max(start + window - 1, 0);
      });
      const shape = windows.map((window, axis) => Math.ceil(window / Math.abs(strides[axis] as number)));
      const cut = (place: readonly number[]) => place.map((at, axis) => (starts[axis] as number) + at * (strides[axis] as number));
      expect(answers('slice', [x], { starts, sizes: windows, strides }), `seed ${seed}`).toEqual([plain(x, shape, cut)]);
    }
  },
  LONG_MS,
);

describe('TF.js on cpu', () => {
  const agree = (what: string, body: (next: () => number, seed: number) => readonly [got: readonly Tensor[], wanted: readonly Tensor[]]) =>
    it(
      `${what} agrees`,
      () => {
        for (let seed = 0; seed < runs(2_000, 40); seed++) {
          const [got, wanted] = body(mulberry32(seed), seed);
          expect(got, `seed ${seed}`).toEqual(wanted);
        }
      },
      LONG_MS,
    );

  agree('transpose', (next, seed) => {
    const x = randomTensor(next, 'float32', randomShape(next, 1 + (seed % 5)));
    const permutation = x.shape.map((_, axis) => axis).toSorted(() => next() - 0.5);
    return [answers('transpose', [x], { permutation }), [tfjs('float32', () => tf.transpose(given(x), permutation))]];
  });

  agree('slice with strides', (next, seed) => {
    const x = randomTensor(next, 'float32', randomShape(next, 1 + (seed % 4), 1, 5));
    const starts = x.shape.map((size) => pick(next, size));
    const sizes = x.shape.map((size, axis) => 1 + pick(next, size - (starts[axis] as number)));
    const strides = x.shape.map(() => 1 + pick(next, 3));
    const ends = starts.map((start, axis) => start + (sizes[axis] as number));
    return [answers('slice', [x], { starts, sizes, strides }), [tfjs('float32', () => tf.stridedSlice(given(x), starts, ends, strides))]];
  });

  agree('concat', (next, seed) => {
    const shape = randomShape(next, 1 + (seed % 4));
    const axis = pick(next, shape.length);
    const parts = Array.from({ length: 1 + pick(next, 3) }, () => randomTensor(next, 'float32', shape.with(axis, pick(next, 4))));
    return [answers('concat', parts, { axis }), [tfjs('float32', () => tf.concat(parts.map(given), axis))]];
  });

  agree('split', (next, seed) => {
    const shape = randomShape(next, 1 + (seed % 4));
    const axis = pick(next, shape.length);
    const splits = randomShape(next, 1 + pick(next, 3), 1, 3);
    const x = randomTensor(
      next,
      'int32',
      shape.with(
        axis,
        splits.reduce((a, b) => a + b),
      ),
    );
    const wanted = splits.map((_, index) => tfjs('int32', () => tf.split(given(x), splits, axis)[index] as tf.Tensor));
    return [answers('split', [x], { axis, splits }), wanted];
  });

  agree('pad', (next, seed) => {
    const x = randomTensor(next, 'float32', randomShape(next, 1 + (seed % 4), 2, 4));
    const mode = (['constant', 'reflection', 'symmetric'] as const)[seed % 3] as 'constant' | 'reflection' | 'symmetric';
    const side = () => x.shape.map((size) => pick(next, mode === 'symmetric' ? size + 1 : size));
    const [beginning, ending] = [side(), side()];
    const pairs = beginning.map((before, axis) => [before, ending[axis] as number] as [number, number]);
    const wanted = () =>
      mode === 'constant' ? tf.pad(given(x), pairs, 0.5) : tf.mirrorPad(given(x), pairs, mode === 'reflection' ? 'reflect' : 'symmetric');
    return [answers('pad', [x], { beginning, ending, mode, value: 0.5 }), [tfjs('float32', wanted)]];
  });

  agree('tile', (next, seed) => {
    const x = randomTensor(next, 'float32', randomShape(next, 1 + (seed % 4), 1, 3));
    const repetitions = randomShape(next, x.shape.length, 1, 3);
    return [answers('tile', [x], { repetitions }), [tfjs('float32', () => tf.tile(given(x), repetitions))]];
  });

  agree('expand', (next, seed) => {
    const newShape = randomShape(next, 1 + (seed % 4));
    const shape = newShape.slice(pick(next, newShape.length)).map((size) => (next() < 0.5 ? 1 : size));
    const x = randomTensor(next, 'float32', shape);
    return [answers('expand', [x], { newShape }), [tfjs('float32', () => tf.broadcastTo(given(x), newShape as [number]))]];
  });

  agree('reverse', (next, seed) => {
    const x = randomTensor(next, 'float32', randomShape(next, 1 + (seed % 4)));
    const axes = x.shape.map((_, axis) => axis).filter(() => next() < 0.6);
    // TF.js takes no axes for all axes.
    return [answers('reverse', [x], { axes }), [axes.length === 0 ? x : tfjs('float32', () => tf.reverse(given(x), axes))]];
  });

  agree('depthToSpace', (next) => {
    const blockSize = 2 + pick(next, 2);
    const [batch, height, width, channels] = randomShape(next, 4, 1, 3) as [number, number, number, number];
    const x = randomTensor(next, 'float32', [batch, height, width, channels * blockSize ** 2]);
    const [got] = answers('depthToSpace', [x], { blockSize, order: 'blocksFirst' }) as [Tensor];
    expect(answers('spaceToDepth', [got], { blockSize })).toEqual([x]);
    return [[got], [tfjs('float32', () => tf.depthToSpace(given(x) as tf.Tensor4D, blockSize, 'NHWC'))]];
  });

  agree('spaceToBatch', (next) => {
    const blockSizes = randomShape(next, 1 + pick(next, 2), 1, 3);
    const paddings: number[] = [];
    const sizes = blockSizes.map((block) => {
      const [before, behind] = [pick(next, 3), pick(next, 3)];
      paddings.push(before, behind);
      return Math.max(block * Math.ceil((before + behind + 1) / block), block) - before - behind;
    });
    const x = randomTensor(next, 'float32', [1 + pick(next, 2), ...sizes, ...randomShape(next, pick(next, 3))]);
    const pairs = blockSizes.map((_, index) => paddings.slice(2 * index, 2 * index + 2));
    const [got] = answers('spaceToBatch', [x], { blockSizes, paddings }) as [Tensor];
    expect(answers('batchToSpace', [got], { blockSizes, crops: paddings })).toEqual([x]);
    return [[got], [tfjs('float32', () => tf.spaceToBatchND(given(x), blockSizes, pairs))]];
  });

  agree('batchToSpace', (next) => {
    const blockSizes = randomShape(next, 1 + pick(next, 2), 1, 3);
    const sizes = randomShape(next, blockSizes.length, 1, 3);
    const crops = sizes.flatMap((size, index) => {
      const whole = size * (blockSizes[index] as number);
      const before = pick(next, whole);
      return [before, pick(next, whole - before)];
    });
    const batch = blockSizes.reduce((a, b) => a * b) * (1 + pick(next, 2));
    const x = randomTensor(next, 'float32', [batch, ...sizes, ...randomShape(next, pick(next, 3))]);
    const pairs = blockSizes.map((_, index) => crops.slice(2 * index, 2 * index + 2));
    return [answers('batchToSpace', [x], { blockSizes, crops }), [tfjs('float32', () => tf.batchToSpaceND(given(x), blockSizes, pairs))]];
  });

  agree('triangular', (next, seed) => {
    const x = randomTensor(next, 'float32', randomShape(next, 2 + (seed % 2), 2, 4));
    // TF.js keeps a band: below the diagonal all, above it all, or both.
    const upper = next() < 0.5;
    return [
      answers('triangular', [x], { upper, diagonal: 0 }),
      [tfjs('float32', () => tf.linalg.bandPart(given(x), upper ? 0 : -1, upper ? -1 : 0))],
    ];
  });
});

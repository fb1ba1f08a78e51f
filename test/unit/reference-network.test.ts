/** The reference's convolutions, pools, products, normalisations and resampling, against values by hand and the plainest loops. */
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { mulberry32 } from '../../src/base/random.js';
import type { OpAttributes } from '../../src/graph/ops/index.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { paddingOf } from '../../src/graph/window.js';
import { answer } from '../fixtures/one-op.js';
import { floats, ints, tensor } from '../fixtures/tensors.js';

const window = { strides: [1, 1], dilations: [1, 1], autoPad: 'explicit', padding: [0, 0, 0, 0] } as const;
const pool = { ...window, windowDimensions: [2, 2], outputRounding: 'floor', countPadding: false } as const;

const random = (next: () => number, shape: readonly number[]): Tensor =>
  tensor(
    'float32',
    Array.from({ length: sizeOf(shape) }, () => next() * 4 - 2),
    shape,
  );

/** One element of a tensor of rank 4; zero outside of it. */
function at({ shape, data }: Tensor, ...place: readonly number[]): number {
  if (place.some((each, axis) => each < 0 || each >= (shape[axis] as number))) return 0;
  return data[place.reduce((index, each, axis) => index * (shape[axis] as number) + each, 0)] as number;
}

/** Calls `visit` for each place of a shape, and collects the answers. */
function collect(shape: readonly number[], visit: (...place: number[]) => number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  for (let index = 0; index < values.length; index++) {
    let rest = index;
    const place = shape.toReversed().map((size) => {
      const each = rest % size;
      rest = Math.floor(rest / size);
      return each;
    });
    values[index] = visit(...place.toReversed());
  }
  return values;
}

/** The largest difference, as a share of the largest value. */
function errorOf(got: Tensor, wanted: Float32Array): number {
  expect(got.data.length).toBe(wanted.length);
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  return wanted.reduce((most, value, index) => Math.max(most, Math.abs(value - (got.data[index] as number))), 0) / scale;
}

function plainConvolution(
  input: Tensor,
  filter: Tensor,
  bias: Tensor | undefined,
  shape: readonly number[],
  given: OpAttributes['conv2d'],
): Float32Array {
  const [rows, columns, taken, made] = filter.shape as readonly [number, number, number, number];
  const [, height, width] = input.shape as readonly [number, number, number, number];
  const [top] = paddingOf(height, rows, 0, given);
  const [left] = paddingOf(width, columns, 1, given);
  return collect(shape, (picture, y, x, channel) => {
    let sum = bias?.data[channel as number] ?? 0;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let each = 0; each < taken; each++) {
          const from = Math.floor((channel as number) / (made / given.groups)) * taken + each;
          const inY = (y as number) * (given.strides[0] as number) + row * (given.dilations[0] as number) - top;
          const inX = (x as number) * (given.strides[1] as number) + column * (given.dilations[1] as number) - left;
          sum += at(input, picture as number, inY, inX, from) * at(filter, row, column, each, channel as number);
        }
    return sum;
  });
}

describe('conv2d', () => {
  it('convolves groups of channels', () => {
    const filter = floats([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 4]);
    expect(answer('conv2d', [floats([1, 2, 3, 4], [1, 1, 1, 4]), filter], { ...window, groups: 2 })).toEqual(
      floats([11, 14, 37, 44], [1, 1, 1, 4]),
    );
  });

  it('moves by strides that differ', () => {
    const input = floats(
      Array.from({ length: 16 }, (_, index) => index),
      [1, 4, 4, 1],
    );
    const y = answer('conv2d', [input, floats([1], [1, 1, 1, 1])], { ...window, strides: [2, 3], groups: 1 });
    expect(y).toEqual(floats([0, 3, 8, 11], [1, 2, 2, 1]));
  });

  it('keeps NaN and infinities where they are', () => {
    const y = answer('conv2d', [floats([Number.NaN, Number.POSITIVE_INFINITY, 1], [1, 1, 3, 1]), floats([2], [1, 1, 1, 1])], {
      ...window,
      groups: 1,
    });
    expect([...y.data]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 2]);
  });

  it('computes as six plain loops do', () => {
    const next = mulberry32(5);
    const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
    for (let round = 0; round < 150; round++) {
      const groups = whole(1, 3);
      const isDepthwise = next() < 0.3;
      const [taken, times] = [isDepthwise ? 1 : whole(1, 5), whole(1, 3)];
      const [rows, columns] = [whole(1, 4), whole(1, 4)];
      const autoPad = (['explicit', 'sameUpper', 'sameLower'] as const)[whole(0, 2)] as 'explicit';
      const given = {
        ...{ groups, autoPad, strides: [whole(1, 3), whole(1, 3)], dilations: [whole(1, 2), whole(1, 2)] },
        padding: autoPad === 'explicit' ? [whole(0, 3), whole(0, 3), whole(0, 3), whole(0, 3)] : [0, 0, 0, 0],
      };
      const input = random(next, [whole(1, 3), whole(7, 9), whole(7, 11), groups * taken]);
      const filter = random(next, [rows, columns, taken, groups * times]);
      const bias = next() < 0.5 ? random(next, [groups * times]) : undefined;
      const got = answer('conv2d', [input, filter, bias], given);
      const wanted = plainConvolution(input, filter, bias, got.shape, given);
      expect(errorOf(got, wanted), JSON.stringify({ given, input: input.shape, filter: filter.shape })).toBeLessThan(1e-6);
    }
  });
});

describe('convTranspose2d', () => {
  it('spreads each element by the filter', () => {
    const given = { strides: [2, 2], dilations: [1, 1], padding: [0, 0, 0, 0], outputPadding: [0, 0], groups: 1 };
    const y = answer('convTranspose2d', [floats([1, 10], [1, 1, 2, 1]), floats([1, 2, 3], [1, 3, 1, 1])], given);
    expect(y).toEqual(floats([1, 2, 13, 20, 30], [1, 1, 5, 1]));
  });

  it('is the transpose of the convolution with the same filter', () => {
    const next = mulberry32(6);
    const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
    for (let round = 0; round < 60; round++) {
      const groups = whole(1, 2);
      const [taken, made] = [groups * whole(1, 3), groups * whole(1, 3)];
      const [rows, columns] = [whole(1, 4), whole(1, 4)];
      const strides = [whole(1, 3), whole(1, 3)];
      const dilations = [whole(1, 2), whole(1, 2)];
      const [height, width] = [whole(9, 10), whole(9, 11)];
      const picture = random(next, [1, height, width, made]);
      // conv2d takes [rows, columns, made / groups, taken], as convTranspose2d does.
      const filter = random(next, [rows, columns, made / groups, taken]);
      const forward = answer('conv2d', [picture, filter], { ...window, strides, dilations, groups });
      const given = random(next, forward.shape);
      const reached = [rows, columns].map(
        (size, axis) =>
          ((forward.shape[axis + 1] as number) - 1) * (strides[axis] as number) + (size - 1) * (dilations[axis] as number) + 1,
      );
      const outputPadding = [height - (reached[0] as number), width - (reached[1] as number)];
      const back = answer('convTranspose2d', [given, filter], { strides, dilations, padding: [0, 0, 0, 0], outputPadding, groups });
      expect(back.shape).toEqual(picture.shape);
      const dot = (a: Tensor, b: Tensor) => [...a.data].reduce((sum, value, index) => sum + value * (b.data[index] as number), 0);
      const [one, other] = [dot(forward, given), dot(picture, back)];
      expect(Math.abs(one - other)).toBeLessThan(1e-4 * Math.max(1, Math.abs(one)));
    }
  });
});

describe('pools', () => {
  const input = floats([1, 2, 3, 4, 5, 6, 7, 8, -9], [1, 3, 3, 1]);

  it('do not count padding, unless they are told to', () => {
    const same = { ...pool, autoPad: 'sameUpper', strides: [2, 2] } as const;
    expect([...answer('averagePool2d', [input], same).data]).toEqual([3, 4.5, 7.5, -9]);
    expect([...answer('averagePool2d', [input], { ...same, countPadding: true }).data]).toEqual([3, 2.25, 3.75, -2.25]);
  });

  it('let padding never win', () => {
    const y = answer('maxPool2d', [floats([-7], [1, 1, 1, 1])], { ...pool, windowDimensions: [3, 3], autoPad: 'sameUpper' });
    expect([...y.data]).toEqual([-7]);
  });

  it('round up if they are told to', () => {
    const y = answer('maxPool2d', [input], { ...pool, strides: [2, 2], outputRounding: 'ceil' });
    expect(y).toEqual(floats([5, 6, 8, -9], [1, 2, 2, 1]));
  });

  it('take roots of sums of squares', () => {
    expect([...answer('l2Pool2d', [floats([3, 0, 0, 4], [1, 2, 2, 1])], pool).data]).toEqual([5]);
  });
});

describe('matmul', () => {
  it('broadcasts the axes before', () => {
    const next = mulberry32(7);
    for (const [a, b] of [
      [
        [2, 3],
        [3, 5],
      ],
      [
        [4, 1, 3, 2],
        [5, 2, 7],
      ],
      [
        [1, 3, 2],
        [6, 2, 1],
      ],
      [
        [0, 3],
        [3, 2],
      ],
      [
        [2, 0],
        [0, 3],
      ],
    ] as const) {
      const [left, right] = [random(next, a), random(next, b)];
      const got = answer('matmul', [left, right], {});
      const pad4 = (shape: readonly number[]) => [...Array<number>(4 - shape.length).fill(1), ...shape];
      const [l, r] = [
        { ...left, shape: pad4(a) },
        { ...right, shape: pad4(b) },
      ];
      const wanted = collect(pad4(got.shape), (first, second, row, column) => {
        let sum = 0;
        const clip = (place: number, size: number | undefined) => (size === 1 ? 0 : place);
        for (let index = 0; index < (a.at(-1) as number); index++)
          sum +=
            at(l, clip(first as number, l.shape[0]), clip(second as number, l.shape[1]), row as number, index) *
            at(r, clip(first as number, r.shape[0]), clip(second as number, r.shape[1]), index, column as number);
        return sum;
      });
      expect(errorOf(got, wanted)).toBeLessThan(1e-6);
    }
  });

  it('is exact for whole numbers', () => {
    expect(answer('matmul', [ints([2 ** 30, 3], [1, 2]), ints([4, 5], [2, 1])], {})).toEqual(ints([15], [1, 1]));
  });
});

describe('normalisations', () => {
  it('batchNormalization uses the numbers of each place along the axis', () => {
    const numbers = [floats([1, 2]), floats([4, 9]), floats([2, 3]), floats([10, 20])];
    const y = answer('batchNormalization', [floats([3, 5, 1, 2], [2, 2]), ...numbers], { axis: 1, epsilon: 0 });
    expect([...y.data]).toEqual([12, 23, 10, 20]);
  });

  it('layerNormalization moves each part to mean 0 and variance 1', () => {
    const y = answer('layerNormalization', [floats([1, 3, 10, 30], [2, 2]), floats([1, 2]), undefined], { axes: [1], epsilon: 0 });
    expect([...y.data]).toEqual([-1, 2, -1, 2]);
  });

  it('instanceNormalization does so for each channel of each picture', () => {
    const y = answer('instanceNormalization', [floats([1, 10, 3, 30], [1, 1, 2, 2]), undefined, floats([0, 5])], { epsilon: 0 });
    expect([...y.data]).toEqual([-1, 4, 1, 6]);
  });

  it('localResponseNormalization sums over neighbouring channels', () => {
    const y = answer('localResponseNormalization', [floats([1, 2, 3], [1, 1, 1, 3])], { radius: 1, bias: 1, alpha: 1, beta: 1 });
    expect([...y.data]).toEqual([...floats([1 / 6, 2 / 15, 3 / 14]).data]);
  });
});

describe('resample2d', () => {
  const input = floats([1, 2, 3, 4], [1, 2, 2, 1]);
  const linear = { sizes: [4, 4], mode: 'linear', rounding: undefined } as const;
  const firstRow = (given: OpAttributes['resample2d']) => [...answer('resample2d', [input], given).data].slice(0, 4);

  it('weighs neighbours in each coordinate mode', () => {
    expect(firstRow({ ...linear, coordinates: 'halfPixel' })).toEqual([1, 1.25, 1.75, 2]);
    expect(firstRow({ ...linear, coordinates: 'asymmetric' })).toEqual([1, 1.5, 2, 2]);
    expect(firstRow({ ...linear, coordinates: 'alignCorners' })).toEqual([...floats([1, 4 / 3, 5 / 3, 2]).data]);
  });

  it('takes the nearest element by each rounding', () => {
    const row = floats([1, 2], [1, 1, 2, 1]);
    const at = (rounding: 'floor' | 'ceil' | 'halfDown' | 'halfUp') => [
      ...answer('resample2d', [row], { sizes: [1, 4], mode: 'nearest', coordinates: 'asymmetric', rounding }).data,
    ];
    expect(at('floor')).toEqual([1, 1, 2, 2]);
    expect(at('ceil')).toEqual([1, 2, 2, 2]);
    expect(at('halfDown')).toEqual([1, 1, 2, 2]);
    expect(at('halfUp')).toEqual([1, 2, 2, 2]);
  });

  it('does not weigh an element that does not count', () => {
    const y = answer('resample2d', [floats([1, Number.POSITIVE_INFINITY], [1, 1, 2, 1])], {
      ...linear,
      sizes: [1, 2],
      coordinates: 'halfPixel',
    });
    expect([...y.data]).toEqual([1, Number.POSITIVE_INFINITY]);
  });
});

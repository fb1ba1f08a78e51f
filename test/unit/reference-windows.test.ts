/** The reference's pools and transposed convolutions, against their definitions as plain loops. */
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { mulberry32 } from '../../src/base/random.js';
import { DATA_TYPES, type DataType, isFloat } from '../../src/graph/element-type.js';
import type { OpAttributes } from '../../src/graph/ops/index.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { expectClose } from '../fixtures/expect-close.js';
import { answer } from '../fixtures/one-op.js';
import { floats, pick, randomTensor, tensor, valuesOf } from '../fixtures/tensors.js';

type PoolAttributes = OpAttributes['averagePool2d'];

const pool: PoolAttributes = {
  ...{ strides: [1, 1], dilations: [1, 1], autoPad: 'explicit', padding: [0, 0, 0, 0] },
  ...{ windowDimensions: [1, 1], outputRounding: 'floor', countPadding: false },
};

/** How a window moves along one axis. */
interface Axis {
  readonly length: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly behind: number;
}

/** Where windows begin, counted from the first element: one after the other, while they fit. */
function beginnings({ length, window, stride, dilation, before, behind }: Axis, isUp: boolean): number[] {
  const extent = (window - 1) * dilation + 1;
  const found: number[] = [];
  for (let begin = -before; ; begin += stride) {
    const fits = begin + extent <= length + behind;
    // Rounded up, one more window may reach beyond the padding, if it begins before the padding at the end.
    const isNeeded = found.length === 0 || begin - stride + extent < length + behind;
    if (isUp ? !(isNeeded && begin < length) : !fits) return found;
    found.push(begin);
  }
}

function axisOf(length: number, axis: 0 | 1, { strides, dilations, windowDimensions, autoPad, padding }: PoolAttributes): Axis {
  const [window, stride, dilation] = [windowDimensions[axis], strides[axis], dilations[axis]] as [number, number, number];
  const rest = { length, window, stride, dilation };
  if (autoPad === 'explicit') return { ...rest, before: padding[2 * axis] as number, behind: padding[2 * axis + 1] as number };
  // SAME: one place for each stride that begins in the picture, and no more padding than they need.
  const places = Math.ceil(length / stride);
  const missing = Math.max(0, (places - 1) * stride + (window - 1) * dilation + 1 - length);
  const half = autoPad === 'sameUpper' ? Math.floor(missing / 2) : Math.ceil(missing / 2);
  return { ...rest, before: half, behind: missing - half };
}

const taps = (begin: number, { window, dilation }: Axis) => Array.from({ length: window }, (_, index) => begin + index * dilation);

function plainPool(op: 'averagePool2d' | 'maxPool2d' | 'l2Pool2d', input: Tensor, given: PoolAttributes) {
  const [batch, height, width, channels] = input.shape as [number, number, number, number];
  const [down, across] = [axisOf(height, 0, given), axisOf(width, 1, given)];
  const isUp = given.outputRounding === 'ceil' && given.autoPad === 'explicit';
  const values: number[] = [];
  const [tops, lefts] = [beginnings(down, isUp), beginnings(across, isUp)];
  for (let picture = 0; picture < batch; picture++)
    for (const top of tops)
      for (const left of lefts)
        for (let channel = 0; channel < channels; channel++) {
          const all = taps(top, down).flatMap((y) => taps(left, across).map((x) => [y, x] as const));
          const inside = all.filter(([y, x]) => y >= 0 && y < height && x >= 0 && x < width);
          const counted = all.filter(([y, x]) => y < height + down.behind && x < width + across.behind).length;
          const taken = inside.map(([y, x]) => input.data[((picture * height + y) * width + x) * channels + channel] as number);
          const sum = taken.reduce((total, value) => total + value, 0);
          const squares = taken.reduce((total, value) => total + value * value, 0);
          const count = given.countPadding ? counted : inside.length;
          const value = { averagePool2d: count === 0 ? 0 : sum / count, maxPool2d: Math.max(...taken), l2Pool2d: Math.sqrt(squares) }[op];
          values.push(isFloat(input.dataType) || taken.length === 0 ? value : Math.trunc(value));
        }
  return { shape: [batch, tops.length, lefts.length, channels], values };
}

describe('pools', () => {
  it.each(['averagePool2d', 'maxPool2d', 'l2Pool2d'] as const)('%s computes as plain loops do', (op) => {
    for (let round = 0; round < 200; round++) {
      const next = mulberry32(round);
      const from = (least: number, most: number) => least + pick(next, most - least + 1);
      const pair = (least: number, most: number) => [from(least, most), from(least, most)];
      const autoPad = (['explicit', 'explicit', 'sameUpper', 'sameLower'] as const)[from(0, 3)] as PoolAttributes['autoPad'];
      const given: PoolAttributes = {
        ...{ strides: pair(1, 3), dilations: pair(1, 2), windowDimensions: pair(1, 3), countPadding: next() < 0.5 },
        ...{ autoPad, padding: autoPad === 'explicit' ? [...pair(0, 2), ...pair(0, 2)] : [0, 0, 0, 0] },
        outputRounding: next() < 0.5 ? 'floor' : 'ceil',
      };
      const type = (['float32', 'int32', 'int64', 'uint8'] as const)[from(0, 3)] as DataType;
      const input = randomTensor(next, type, [from(1, 2), from(5, 8), from(5, 8), from(1, 2)], 100);
      const got = answer(op, [input], given);
      const wanted = plainPool(op, input, given);
      const what = `round ${round}: ${JSON.stringify(given)} of ${type}[${input.shape}]`;
      expect(got.shape, what).toEqual(wanted.shape);
      const least = { int32: -(2 ** 31), int64: Number.MIN_SAFE_INTEGER, uint8: 0 }[type as 'int32'] ?? Number.NEGATIVE_INFINITY;
      // A root that is greater than the type's numbers keeps its lowest bits.
      const values = new DATA_TYPES[type](wanted.values.map((value) => (value === Number.NEGATIVE_INFINITY ? least : value)));
      expectClose(got.data, values, what);
    }
  });

  it('have an answer for a window of padding alone', () => {
    const padded = { ...pool, padding: [2, 0, 0, 0] };
    const one = [1, 1, 1, 1];
    expect(valuesOf('averagePool2d', [floats([5], one)], padded)).toEqual([0, 0, 5]);
    expect(valuesOf('averagePool2d', [floats([5], one)], { ...padded, countPadding: true })).toEqual([0, 0, 5]);
    expect(valuesOf('l2Pool2d', [floats([-5], one)], padded)).toEqual([0, 0, 5]);
    expect(valuesOf('maxPool2d', [floats([-5], one)], padded)).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, -5]);
    expect(valuesOf('maxPool2d', [tensor('int32', [-5], one)], padded)).toEqual([-(2 ** 31), -(2 ** 31), -5]);
    expect(valuesOf('maxPool2d', [tensor('int8', [-5], one)], padded)).toEqual([-128, -128, -5]);
  });

  it('round whole numbers towards zero', () => {
    const wide = { ...pool, windowDimensions: [1, 2] };
    for (const type of ['int32', 'int64', 'int8'] as const) {
      expect(valuesOf('averagePool2d', [tensor(type, [-3, -4], [1, 1, 2, 1])], wide)).toEqual([-3]);
      expect(valuesOf('l2Pool2d', [tensor(type, [1, 1], [1, 1, 2, 1])], wide)).toEqual([1]);
    }
  });

  it('let NaN win', () => {
    const wide = { ...pool, windowDimensions: [1, 2] };
    for (const values of [
      [Number.NaN, 1],
      [1, Number.NaN],
    ])
      for (const op of ['maxPool2d', 'averagePool2d', 'l2Pool2d'] as const)
        expect(valuesOf(op, [floats(values, [1, 1, 2, 1])], wide)).toEqual([Number.NaN]);
  });
});

function plainTranspose(input: Tensor, filter: Tensor, bias: Tensor, shape: readonly number[], given: OpAttributes['convTranspose2d']) {
  const [, height, width, taken] = input.shape as [number, number, number, number];
  const [rows, columns, perGroup] = filter.shape as [number, number, number, number];
  const [, outHeight, outWidth, made] = shape as [number, number, number, number];
  const [strides, dilations, padding] = [given.strides, given.dilations, given.padding] as number[][] as [number[], number[], number[]];
  return Array.from({ length: sizeOf(shape) }, (_, index) => {
    const channel = index % made;
    const x = Math.floor(index / made) % outWidth;
    const y = Math.floor(index / made / outWidth) % outHeight;
    const picture = Math.floor(index / made / outWidth / outHeight);
    let sum = bias.data[channel] as number;
    for (let inY = 0; inY < height; inY++)
      for (let inX = 0; inX < width; inX++)
        for (let row = 0; row < rows; row++)
          for (let column = 0; column < columns; column++) {
            if (
              inY * strides[0]! + row * dilations[0]! - padding[0]! !== y ||
              inX * strides[1]! + column * dilations[1]! - padding[2]! !== x
            )
              continue;
            for (let from = 0; from < taken; from++) {
              // A group's channels in make the group's channels out alone.
              if (Math.floor(from / (taken / given.groups)) !== Math.floor(channel / perGroup)) continue;
              const value = input.data[((picture * height + inY) * width + inX) * taken + from] as number;
              sum += value * (filter.data[((row * columns + column) * perGroup + (channel % perGroup)) * taken + from] as number);
            }
          }
    return sum;
  });
}

describe('convTranspose2d', () => {
  it('computes as plain loops do', () => {
    for (let round = 0; round < 120; round++) {
      const next = mulberry32(7000 + round);
      const from = (least: number, most: number) => least + pick(next, most - least + 1);
      const pair = (least: number, most: number) => [from(least, most), from(least, most)];
      const groups = from(1, 3);
      const given = {
        ...{ strides: pair(1, 3), dilations: pair(1, 2), padding: [...pair(0, 1), ...pair(0, 1)] },
        ...{ outputPadding: pair(0, 2), groups },
      };
      const [taken, perGroup] = [groups * from(1, 3), from(1, 3)];
      const input = randomTensor(next, 'float32', [from(1, 3), from(2, 4), from(2, 4), taken]);
      const filter = randomTensor(next, 'float32', [from(2, 4), from(2, 4), perGroup, taken]);
      const bias = randomTensor(next, 'float32', [perGroup * groups]);
      const got = answer('convTranspose2d', [input, filter, bias], given);
      expectClose(got.data, plainTranspose(input, filter, bias, got.shape, given), `round ${round}`, 1e-5);
    }
  });
});

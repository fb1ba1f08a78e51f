/** The reference's reductions, against known values and TF.js's cpu kernels. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import type { ComputedOp } from '../../src/engines/reference/kernels.js';
import type { DataType } from '../../src/graph/element-type.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { expectClose } from '../fixtures/expect-close.js';
import { answers } from '../fixtures/one-op.js';
import { bools, floats, ints, pick, randomShape, randomTensor, tensor, valuesOf } from '../fixtures/tensors.js';
import { LONG_MS, runs } from '../tier.js';

tf.enableProdMode();

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;
const { fround } = Math;

type Reduction = Extract<ComputedOp, `reduce${string}`>;

const all = (op: Reduction, values: readonly number[], dataType: DataType = 'float32') =>
  valuesOf(op, [tensor(dataType, values)], { axes: [0], keepDimensions: false })[0];

describe('floats', () => {
  it.each([
    ['reduceSum', [1, 2, 3.5], 6.5],
    ['reduceSum', [1e30, 1, -1e30], 0],
    ['reduceSum', [16_777_216, 1, 1], 16_777_218],
    ['reduceSum', [INF, -INF], NAN],
    ['reduceMean', [1, 2, 6], 3],
    ['reduceProduct', [2, -3, 0.5], -3],
    ['reduceMax', [1, NAN, 3], NAN],
    ['reduceMax', [-INF, -5], -5],
    ['reduceMin', [1, NAN, -3], NAN],
    ['reduceMin', [4, -0, 2], -0],
    ['reduceL1', [-1, 2, -3], 6],
    ['reduceL2', [3, -4], 5],
    ['reduceL2', [3e30, 4e30], fround(Math.hypot(fround(3e30), fround(4e30)))],
    ['reduceSumSquare', [3, -4], 25],
    ['reduceLogSum', [0.5, 1.5], fround(Math.LN2)],
    ['reduceLogSumExp', [1000, 1000], fround(1000 + Math.LN2)],
    ['reduceLogSumExp', [-INF, -INF], -INF],
    ['reduceLogSumExp', [-INF, 3], 3],
    ['reduceLogSumExp', [INF, 3], INF],
    ['reduceLogSumExp', [NAN, INF], NAN],
  ] as const)('%s of %j', (op, values, wanted) => expect(all(op, values)).toBe(wanted));

  it.each([
    ['reduceSum', 0],
    ['reduceMean', NAN],
    ['reduceProduct', 1],
    ['reduceMax', -INF],
    ['reduceMin', INF],
    ['reduceLogSumExp', -INF],
  ] as const)('%s of nothing', (op, wanted) => expect(all(op, [])).toBe(wanted));
});

describe('whole numbers', () => {
  const MAX = 2 ** 31 - 1;
  it.each([
    ['reduceSum', 'int32', [MAX, MAX, 3], 1],
    ['reduceSum', 'int8', [100, 100], -56],
    ['reduceSum', 'int64', [2 ** 40, -1], 2 ** 40 - 1],
    ['reduceMean', 'int32', [MAX, MAX, MAX - 3], MAX - 1],
    ['reduceMean', 'int32', [-1, -2], -1],
    ['reduceProduct', 'int32', [65_537, 65_537], 131_073],
    ['reduceProduct', 'int64', [94_906_265, 94_906_265], 9_007_199_136_250_225],
    ['reduceMax', 'int16', [-7, -9], -7],
    ['reduceMax', 'int8', [], -128],
    ['reduceMin', 'uint8', [], 255],
    ['reduceL1', 'int32', [-5, 3], 8],
    ['reduceSumSquare', 'int32', [65_537, 1], 131_074],
  ] as const)('%s of %s %j', (op, dataType, values, wanted) => expect(all(op, values, dataType)).toBe(wanted));

  it('have no mean if there are none', () => {
    expect(() => all('reduceMean', [], 'int32')).toThrow('Node "node" (reduceMean) takes the mean of no whole numbers.');
  });
});

it('booleans', () => {
  expect(answers('reduceAll', [bools([1, 1, 1, 0], [2, 2])], { axes: [1], keepDimensions: true })).toEqual([bools([1, 0], [2, 1])]);
  expect(answers('reduceAny', [bools([0, 0, 1, 0], [2, 2])], { axes: [1], keepDimensions: false })).toEqual([bools([0, 1])]);
  expect(answers('reduceAll', [bools([])], { axes: [0], keepDimensions: false })).toEqual([bools([1], [])]);
});

it('reductions run along any axes, and without axes', () => {
  const x = ints([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
  expect(answers('reduceSum', [x], { axes: [0, 2], keepDimensions: false })).toEqual([ints([14, 22])]);
  expect(answers('reduceSum', [x], { axes: [2, 0], keepDimensions: true })).toEqual([ints([14, 22], [1, 2, 1])]);
  expect(answers('reduceSumSquare', [x], { axes: [], keepDimensions: false })).toEqual([ints([1, 4, 9, 16, 25, 36, 49, 64], [2, 2, 2])]);
  expect(answers('reduceSum', [ints([], [2, 0])], { axes: [1], keepDimensions: false })).toEqual([ints([0, 0])]);
  expect(answers('reduceMax', [ints([], [0, 2])], { axes: [1], keepDimensions: false })).toEqual([ints([])]);
});

describe('places', () => {
  const place = (op: 'argMax' | 'argMin', x: Tensor, axis: number, keepDimensions = false) =>
    answers(op, [x], { axis, keepDimensions, outputDataType: 'int32' })[0];

  it('the first of equal ones, and the first NaN', () => {
    expect(place('argMax', floats([1, 3, 3, 2]), 0)).toEqual(ints([1], []));
    expect(place('argMin', floats([1, 0, 0]), 0)).toEqual(ints([1], []));
    expect(place('argMax', floats([1, NAN, INF, NAN]), 0)).toEqual(ints([1], []));
    expect(place('argMin', floats([NAN, -INF]), 0)).toEqual(ints([0], []));
    expect(place('argMin', floats([-0, 0]), 0)).toEqual(ints([0], []));
    expect(place('argMax', floats([-INF, -INF]), 0)).toEqual(ints([0], []));
  });

  it('along any axis, as int64, too', () => {
    const x = floats([1, 5, 3, 4, 2, 6], [3, 2]);
    expect(place('argMax', x, 0)).toEqual(ints([1, 2]));
    expect(place('argMax', x, 1, true)).toEqual(ints([1, 1, 1], [3, 1]));
    expect(answers('argMin', [x], { axis: 1, keepDimensions: false, outputDataType: 'int64' })).toEqual([tensor('int64', [0, 0, 0])]);
  });

  it('none along an empty axis', () => {
    expect(() => place('argMax', floats([], [2, 0]), 1)).toThrow('asks for a place along an axis that has none');
    expect(place('argMax', floats([], [0, 2]), 1)).toEqual(ints([]));
  });
});

it('running sums and products', () => {
  const run = (x: Tensor, exclusive: boolean, reversed: boolean) => valuesOf('cumulativeSum', [x], { axis: 0, exclusive, reversed });
  expect(run(ints([1, 2, 3]), false, false)).toEqual([1, 3, 6]);
  expect(run(ints([1, 2, 3]), true, false)).toEqual([0, 1, 3]);
  expect(run(ints([1, 2, 3]), false, true)).toEqual([6, 5, 3]);
  expect(run(ints([1, 2, 3]), true, true)).toEqual([5, 3, 0]);
  expect(run(ints([2 ** 31 - 1, 1, 1]), false, false)).toEqual([2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1]);
  expect(run(floats([16_777_216, 1, 1]), false, false)).toEqual([16_777_216, 16_777_216, 16_777_218]);
  expect(valuesOf('cumulativeProduct', [ints([65_537, 65_537])], { axis: 0, exclusive: false, reversed: false })).toEqual([
    65_537, 131_073,
  ]);
  expect(valuesOf('cumulativeSum', [ints([1, 2, 3, 4], [2, 2])], { axis: 1, exclusive: false, reversed: false })).toEqual([1, 3, 3, 7]);
});

it('softmax and its logarithm do not overflow', () => {
  expect(valuesOf('softmax', [floats([1000, 1000])], { axis: 0 })).toEqual([0.5, 0.5]);
  expect(valuesOf('softmax', [floats([-INF, 0, -1000])], { axis: 0 })).toEqual([0, 1, 0]);
  expect(valuesOf('softmax', [floats([-INF, -INF])], { axis: 0 })).toEqual([NAN, NAN]);
  expect(valuesOf('softmax', [floats([INF, 0])], { axis: 0 })).toEqual([NAN, NAN]);
  expect(valuesOf('logSoftmax', [floats([1000, 0])], { axis: 0 })).toEqual([0, -1000]);
  expect(valuesOf('logSoftmax', [floats([0, 0, 0, 0], [2, 2])], { axis: 0 })).toEqual(Array(4).fill(fround(-Math.LN2)));
  expect(answers('softmax', [floats([], [2, 0])], { axis: 1 })).toEqual([floats([], [2, 0])]);
});

const given = ({ shape, data, dataType }: Tensor): tf.Tensor => tf.tensor(data as Float32Array, [...shape], dataType as 'float32');

/** What a function of TF.js gives. */
function tfjs(f: () => tf.Tensor): Tensor {
  const [shape, data] = tf.tidy(() => {
    const result = f();
    return [result.shape, result.dataSync()] as const;
  });
  return { dataType: 'float32', shape, data: data as Float32Array<ArrayBuffer> };
}

const REDUCTIONS: Readonly<Partial<Record<Reduction, (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor>>> = {
  reduceSum: tf.sum,
  reduceMean: tf.mean,
  reduceProduct: tf.prod,
  reduceMax: tf.max,
  reduceMin: tf.min,
  reduceL1: (x, axes, keep) => tf.sum(tf.abs(x), axes, keep),
  reduceL2: (x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep)),
  reduceSumSquare: (x, axes, keep) => tf.sum(tf.square(x), axes, keep),
  reduceLogSumExp: tf.logSumExp,
  reduceAll: tf.all,
  reduceAny: tf.any,
};

describe('TF.js on cpu', () => {
  it.each(Object.keys(REDUCTIONS) as Reduction[])(
    '%s agrees',
    (op) => {
      for (let seed = 0; seed < runs(2_000, 40); seed++) {
        const next = mulberry32(seed);
        const dataType = /All|Any/.test(op) ? 'bool' : 'float32';
        const x = randomTensor(next, dataType, randomShape(next, 1 + (seed % 5)), 3);
        // TF.js takes no axes for all axes.
        const kept = x.shape.map((_, axis) => axis).filter(() => next() < 0.6);
        const axes = kept.length === 0 ? [pick(next, x.shape.length)] : kept;
        const keepDimensions = next() < 0.5;
        const [got] = answers(op, [x], { axes, keepDimensions }) as [Tensor];
        const wanted = tfjs(() => REDUCTIONS[op]!(given(x), axes, keepDimensions));
        expect(got.shape).toEqual(wanted.shape);
        expectClose(got.data, wanted.data, `${op}, seed ${seed}`, 2e-6);
      }
    },
    LONG_MS,
  );

  it(
    'ops along one axis agree',
    () => {
      for (let seed = 0; seed < runs(2_000, 60); seed++) {
        const next = mulberry32(seed);
        const x = randomTensor(next, 'float32', randomShape(next, 1 + (seed % 5)));
        const axis = pick(next, x.shape.length);
        const [exclusive, reversed] = [next() < 0.5, next() < 0.5];
        const what = `seed ${seed}`;
        const place = { axis, keepDimensions: false, outputDataType: 'int32' } as const;
        expectClose(valuesOf('argMax', [x], place), tfjs(() => tf.argMax(given(x), axis)).data, what);
        expectClose(valuesOf('argMin', [x], place), tfjs(() => tf.argMin(given(x), axis)).data, what);
        const running = { axis, exclusive, reversed };
        expectClose(valuesOf('cumulativeSum', [x], running), tfjs(() => tf.cumsum(given(x), axis, exclusive, reversed)).data, what, 2e-6);
        expectClose(
          valuesOf('cumulativeProduct', [x], running),
          tfjs(() => tf.cumprod(given(x), axis, exclusive, reversed)).data,
          what,
          2e-6,
        );
        // TF.js computes both along the last axis only.
        const last = x.shape.length - 1;
        expectClose(valuesOf('softmax', [x], { axis: last }), tfjs(() => tf.softmax(given(x))).data, what);
        expectClose(valuesOf('logSoftmax', [x], { axis: last }), tfjs(() => tf.logSoftmax(given(x))).data, what, 2e-6);
      }
    },
    LONG_MS,
  );

  it('softmax along any axis is the one along the last, transposed', () => {
    for (let seed = 0; seed < 30; seed++) {
      const next = mulberry32(seed);
      const x = randomTensor(next, 'float32', randomShape(next, 3));
      const turned = (given: Tensor) => answers('transpose', [given], { permutation: [2, 1, 0] })[0] as Tensor;
      const wanted = turned(answers('softmax', [turned(x)], { axis: 2 })[0] as Tensor);
      expect(answers('softmax', [x], { axis: 0 })).toEqual([wanted]);
    }
  });
});

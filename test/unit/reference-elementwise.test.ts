/** The reference's elementwise ops, against known values and TF.js's cpu kernels. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import type { ComputedOp } from '../../src/engines/reference/kernels.js';
import type { DataType } from '../../src/graph/element-type.js';
import type { OpAttributes } from '../../src/graph/ops/index.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { expectClose } from '../fixtures/expect-close.js';
import { answers } from '../fixtures/one-op.js';
import { bools, floats, ints, randomBroadcast, randomShape, randomTensor, tensor, valuesOf } from '../fixtures/tensors.js';
import { LONG_MS, runs } from '../tier.js';

tf.enableProdMode();

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;
const { fround } = Math;

/** The ops of one input without attributes. */
type Plain = { [Name in ComputedOp]: OpAttributes[Name] extends Readonly<Record<string, never>> ? Name : never }[ComputedOp];

const unary = (op: Plain, values: readonly number[], dataType: DataType = 'float32') =>
  valuesOf(op, [tensor(dataType, values)], {} as never);
const binary = (op: Plain, a: readonly number[], b: readonly number[], dataType: DataType = 'float32') =>
  valuesOf(op, [tensor(dataType, a), tensor(dataType, b)], {} as never);

describe('floats', () => {
  it.each([
    ['abs', [-2, -0, NAN, -INF], [2, 0, NAN, INF]],
    ['neg', [2, 0, -INF], [-2, -0, INF]],
    ['sign', [-3, 0, 7, NAN, -INF], [-1, 0, 1, NAN, -1]],
    ['relu', [-1, 2, NAN, -INF, INF], [0, 2, NAN, 0, INF]],
    ['ceil', [1.2, -1.2, -0.5], [2, -1, -0]],
    ['floor', [1.8, -1.2, INF], [1, -2, INF]],
    ['roundEven', [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, 8_388_609, NAN, -INF], [0, 2, 2, -0, -2, -2, 2, 8_388_609, NAN, -INF]],
    ['exp', [0, -INF, 89, -200], [1, 0, INF, 0]],
    ['expm1', [1e-10, -INF, 0], [fround(1e-10), -1, 0]],
    ['log', [1, 0, -1, INF], [0, -INF, NAN, INF]],
    ['log1p', [1e-10, -1, -2], [fround(1e-10), -INF, NAN]],
    ['sqrt', [4, -1, INF, 2], [2, NAN, INF, fround(Math.SQRT2)]],
    ['rsqrt', [4, 0, -1, INF], [0.5, INF, NAN, 0]],
    ['reciprocal', [4, 0, -0, INF], [0.25, INF, -INF, 0]],
    [
      'erf',
      [0, 1, -2, 6, 1e-20, NAN, INF],
      [0, fround(0.8427007929497149), fround(-0.9953222650189527), 1, fround(1.1283791670955126 * fround(1e-20)), NAN, 1],
    ],
    ['tanh', [0, 20, -INF], [0, 1, -1]],
    ['asin', [1, 2], [fround(Math.PI / 2), NAN]],
    ['acosh', [1, 0.5], [0, NAN]],
    ['atanh', [1, -1, 2], [INF, -INF, NAN]],
    ['sigmoid', [0, 200, -200, -100, NAN], [0.5, 1, 0, fround(Math.exp(-100)), NAN]],
    ['softplus', [0, 200, -200, -50, INF, -INF], [fround(Math.LN2), 200, 0, fround(Math.exp(-50)), INF, 0]],
    ['softsign', [3, -1, 0], [0.75, -0.5, 0]],
    ['hardSwish', [-4, -3, 0, 1, 3, 5], [-0, -0, 0, fround(4 / 6), 3, 5]],
    ['selu', [1, 0, -INF], [fround(1.0507009873554805), 0, fround(-1.7580993408473766)]],
  ] as const)('%s', (op, values, wanted) => expect(unary(op, values)).toEqual(wanted));

  it.each([
    ['add', [1, INF, NAN], [2, -INF, 1], [3, NAN, NAN]],
    ['sub', [1, INF], [2.5, INF], [-1.5, NAN]],
    ['mul', [3, 0, 1e30], [-2, INF, 1e30], [-6, NAN, INF]],
    ['div', [1, 1, -1, 0], [4, 0, 0, 0], [0.25, INF, -INF, NAN]],
    ['floorDiv', [7, -7, 7, -7, 1], [2, 2, -2, -2, 0], [3, -4, -4, 3, INF]],
    ['mod', [7, -7, 7, -7, 5.5, -4, 1, -1], [3, 3, -3, -3, 2, 2, 0, INF], [1, 2, -2, -1, 1.5, 0, NAN, INF]],
    ['max', [1, NAN, 3, -0], [2, 1, NAN, 0], [2, NAN, NAN, 0]],
    ['min', [1, NAN, 3, -0], [2, 1, NAN, 0], [1, NAN, NAN, -0]],
    ['pow', [2, -8, 0, 1, -1, NAN, NAN], [10, 1 / 3, -1, NAN, -INF, 0, 2], [1024, NAN, INF, 1, 1, 1, NAN]],
    ['squaredDifference', [5, -INF], [8, 1], [9, INF]],
    ['atan2', [1, -1, 0, 0], [0, 0, -1, 1], [fround(Math.PI / 2), fround(-Math.PI / 2), fround(Math.PI), 0]],
  ] as const)('%s', (op, a, b, wanted) => expect(binary(op, a, b)).toEqual(wanted));

  it.each([
    ['equal', [0, 0, 1]],
    ['notEqual', [1, 1, 0]],
    ['greater', [0, 0, 0]],
    ['greaterOrEqual', [0, 0, 1]],
    ['lesser', [0, 1, 0]],
    ['lesserOrEqual', [0, 1, 1]],
  ] as const)('%s has no NaN but for notEqual', (op, wanted) => expect(binary(op, [NAN, 1, 2], [NAN, 5, 2])).toEqual(wanted));

  it('isNaN and isInfinite', () => {
    expect(unary('isNaN', [NAN, INF, 0])).toEqual([1, 0, 0]);
    expect(unary('isInfinite', [NAN, -INF, 0])).toEqual([0, 1, 0]);
  });

  it('the curves with numbers', () => {
    const x = floats([-2, 0, 3, NAN]);
    expect(valuesOf('elu', [x], { alpha: 2 })).toEqual([fround(2 * Math.expm1(-2)), 0, 3, NAN]);
    expect(valuesOf('leakyRelu', [x], { alpha: 0.5 })).toEqual([-1, 0, 3, NAN]);
    expect(valuesOf('hardSigmoid', [x], { alpha: 0.25, beta: 0.5 })).toEqual([0, 0.5, 1, NAN]);
    expect(valuesOf('linear', [x], { alpha: 0.1, beta: -1 })).toEqual([fround(-1.2), -1, fround(-0.7), NAN]);
    expect(valuesOf('clamp', [x], { min: -INF, max: 0 })).toEqual([-2, 0, 0, NAN]);
    expect(valuesOf('prelu', [x, floats([0.5])], {})).toEqual([-1, 0, 3, NAN]);
  });

  it('gelu, far out, too', () => {
    // From mpmath with 30 digits: x·Φ(x).
    const wanted = [-7.619853024160526e-23, -0.15865525393145705, 0, 1.9544997361036416, 30];
    const got = valuesOf('gelu', [floats([-10, -1, 0, 2, 30])], { approximation: 'none' });
    for (const [index, value] of got.entries()) expect(value).toBe(fround(wanted[index]!));
    const near = valuesOf('gelu', [floats([-1, 0, 1, -1e30])], { approximation: 'tanh' });
    expectClose(near, [-0.15880800939172324, 0, 0.8411919906082768, -0]);
  });

  it('rounds once an op: sums in between are float64', () => {
    expect(valuesOf('linear', [floats([2 ** 127])], { alpha: 4, beta: -(2 ** 128) })).toEqual([2 ** 128].map(fround));
    expect(valuesOf('hardSwish', [floats([3e38])], {})).toEqual([fround(3e38)]);
  });
});

describe('whole numbers', () => {
  const MIN = -(2 ** 31);
  const MAX = 2 ** 31 - 1;

  it.each([
    ['add', 'int32', [MAX, 1], [1, 2], [MIN, 3]],
    ['sub', 'int32', [MIN], [1], [MAX]],
    ['mul', 'int32', [65_537, 123_456_789], [65_537, 987_654_321], [131_073, Math.imul(123_456_789, 987_654_321)]],
    ['div', 'int32', [7, -7, MIN], [2, 2, -1], [3, -3, MIN]],
    ['floorDiv', 'int32', [7, -7, 7, -7], [2, 2, -2, -2], [3, -4, -4, 3]],
    ['mod', 'int32', [7, -7, 7, -7, 6], [3, 3, -3, -3, -3], [1, 2, -2, -1, 0]],
    [
      'pow',
      'int32',
      [2, 3, -2, -1, 0, 5, 2, 0, 3],
      [10, 20, 31, -3, 0, -1, 33, -2, 21],
      [1024, 3486784401 | 0, MIN, -1, 1, 0, 0, 0, 10460353203 | 0],
    ],
    ['squaredDifference', 'int32', [MAX, 3], [MIN, 8], [1, 25]],
    ['bitwiseAnd', 'int32', [-1, 12], [255, 10], [255, 8]],
    ['add', 'uint8', [250, 3], [10, 4], [4, 7]],
    ['mul', 'uint8', [16, 255], [16, 255], [0, 1]],
    ['sub', 'uint8', [1], [2], [255]],
    ['add', 'int8', [127], [1], [-128]],
    ['pow', 'int8', [3, -2, -1], [5, 7, -2], [-13, -128, 1]],
    ['mul', 'int16', [256, -300], [256, 300], [0, -24_464]],
    ['div', 'int8', [-128], [-1], [-128]],
    ['add', 'int64', [2 ** 40], [2 ** 41], [3 * 2 ** 40]],
    ['mul', 'int64', [0, 2 ** 30, -3], [-5, 2 ** 22, 3], [0, 2 ** 52, -9]],
    ['div', 'int64', [Number.MAX_SAFE_INTEGER, -1], [2, 3], [2 ** 52 - 1, 0]],
    ['mod', 'int64', [-6, 2 ** 52 + 1], [3, 2 ** 20], [0, 1]],
    ['pow', 'int64', [3, 10, -1], [33, 15, 4], [3 ** 33, 1e15, 1]],
    [
      'bitwiseAnd',
      'int64',
      [-1, 2 ** 40 + 5, -(2 ** 35), 2 ** 31 + 1],
      [2 ** 45 + 3, 2 ** 40 + 4, -1, 2 ** 31],
      [2 ** 45 + 3, 2 ** 40 + 4, -(2 ** 35), 2 ** 31],
    ],
    ['max', 'int64', [-5], [3], [3]],
    ['equal', 'uint8', [3, 4], [3, 5], [1, 0]],
  ] as const)('%s of %s', (op, dataType, a, b, wanted) => expect(binary(op, a, b, dataType)).toEqual(wanted));

  it.each([
    ['neg', 'int32', [MIN, 5], [MIN, -5]],
    ['neg', 'int64', [0, 5], [0, -5]],
    ['neg', 'uint8', [1], [255]],
    ['abs', 'int8', [-128, -7], [-128, 7]],
    ['sign', 'int64', [0, -9], [0, -1]],
    ['relu', 'int16', [-5, 5], [0, 5]],
  ] as const)('%s of %s', (op, dataType, values, wanted) => expect(unary(op, values, dataType)).toEqual(wanted));

  it.each(['div', 'floorDiv', 'mod'] as const)('%s by 0 is an error', (op) => {
    expect(() => binary(op, [1, 2], [1, 0], 'int32')).toThrow(`Node "node" (${op}) divides a whole number by 0.`);
  });

  it('clamp to whole bounds', () => {
    expect(valuesOf('clamp', [ints([-9, 2, 9])], { min: -1.5, max: 3.7 })).toEqual([-1, 2, 3]);
    expect(valuesOf('clamp', [tensor('uint8', [0, 9])], { min: -INF, max: 6 })).toEqual([0, 6]);
    expect(() => valuesOf('clamp', [tensor('uint8', [0])], { min: 300, max: 400 })).toThrow('between which uint8 has no number');
    expect(() => valuesOf('clamp', [ints([0])], { min: 0.2, max: 0.8 })).toThrow('between which int32 has no number');
    expect(() => valuesOf('clamp', [ints([0])], { min: 2, max: 1 })).toThrow('has the bounds 2 and 1');
  });
});

describe('cast', () => {
  it.each([
    ['float32', [1.9, -1.9, NAN, INF, -INF, 3e9], 'int32', [1, -1, 0, 2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 1]],
    ['float32', [-1, 300, 254.9], 'uint8', [0, 255, 254]],
    ['float32', [-1e30, 1e30], 'int64', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
    ['float32', [0, -0, NAN, 0.3], 'bool', [0, 0, 1, 1]],
    ['int32', [256, 7, 0, -1], 'bool', [1, 1, 0, 1]],
    ['int32', [256, -1, 130], 'uint8', [0, 255, 130]],
    ['int32', [130, 16_777_217], 'int8', [-126, 1]],
    ['int64', [2 ** 32 + 5, -1], 'int32', [5, -1]],
    ['int32', [16_777_217, -3], 'float32', [16_777_216, -3]],
    ['int32', [2049, 70_000], 'float16', [2048, INF]],
    ['float32', [2049, 1e-8, 65_520], 'float16', [2048, 0, INF]],
    ['float16', [0.5, -INF], 'float32', [0.5, -INF]],
    ['bool', [0, 1], 'float32', [0, 1]],
    ['bool', [0, 1], 'int64', [0, 1]],
  ] as const)('%s %j to %s', (from, values, to, wanted) => expect(valuesOf('cast', [tensor(from, values)], { to })).toEqual(wanted));
});

describe('booleans', () => {
  const [a, b] = [bools([0, 0, 1, 1]), bools([0, 1, 0, 1])];

  it.each([
    ['logicalAnd', [0, 0, 0, 1]],
    ['logicalOr', [0, 1, 1, 1]],
    ['logicalXor', [0, 1, 1, 0]],
    ['equal', [1, 0, 0, 1]],
  ] as const)('%s', (op, wanted) => expect(answers(op, [a, b], {})).toEqual([bools(wanted)]));

  it('logicalNot', () => expect(answers('logicalNot', [a], {})).toEqual([bools([1, 1, 0, 0])]));

  it('where takes either, of any type, and broadcasts three shapes', () => {
    expect(answers('where', [bools([1, 0]), bools([1, 1]), bools([0, 0])], {})).toEqual([bools([1, 0])]);
    expect(answers('where', [bools([1, 0], [2, 1]), floats([NAN, -0, 3]), floats([7], [1, 1])], {})).toEqual([
      floats([NAN, -0, 3, 7, 7, 7], [2, 3]),
    ]);
  });
});

describe('broadcasting', () => {
  it('runs over rank 8, scalars and empty tensors', () => {
    const a = ints([1, 2, 3, 4], [2, 1, 1, 1, 1, 2, 1, 1]);
    const b = ints([10, 20, 30], [1, 1, 3, 1]);
    expect(answers('add', [a, b], {})).toEqual([ints([11, 21, 31, 12, 22, 32, 13, 23, 33, 14, 24, 34], [2, 1, 1, 1, 1, 2, 3, 1])]);
    expect(answers('add', [ints([1], []), ints([2], [])], {})).toEqual([ints([3], [])]);
    expect(answers('add', [ints([], [2, 0]), ints([5], [1, 1])], {})).toEqual([ints([], [2, 0])]);
    expect(answers('neg', [ints([], [0, 3])], {})).toEqual([ints([], [0, 3])]);
  });

  it('does not change what it is given', () => {
    const a = floats([1, 2]);
    answers('add', [a, a], {});
    expect(a).toEqual(floats([1, 2]));
  });
});

/** Ops of one float that TF.js's cpu backend computes right, and the range of values in which they are compared. */
const UNARY: Readonly<Partial<Record<Plain, (x: tf.Tensor) => tf.Tensor>>> = {
  abs: tf.abs,
  neg: tf.neg,
  relu: tf.relu,
  ceil: tf.ceil,
  floor: tf.floor,
  roundEven: tf.round,
  exp: tf.exp,
  expm1: tf.expm1,
  log: tf.log,
  log1p: tf.log1p,
  sqrt: tf.sqrt,
  rsqrt: tf.rsqrt,
  reciprocal: tf.reciprocal,
  erf: tf.erf,
  sin: tf.sin,
  cos: tf.cos,
  tan: tf.tan,
  sinh: tf.sinh,
  cosh: tf.cosh,
  tanh: tf.tanh,
  asin: tf.asin,
  acos: tf.acos,
  atan: tf.atan,
  asinh: tf.asinh,
  acosh: tf.acosh,
  atanh: tf.atanh,
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
  selu: tf.selu,
};

const BINARY: Readonly<Partial<Record<Plain, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>>> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  floorDiv: tf.floorDiv,
  mod: tf.mod,
  max: tf.maximum,
  min: tf.minimum,
  pow: tf.pow,
  squaredDifference: tf.squaredDifference,
  atan2: tf.atan2,
  equal: tf.equal,
  notEqual: tf.notEqual,
  greater: tf.greater,
  greaterOrEqual: tf.greaterEqual,
  lesser: tf.less,
  lesserOrEqual: tf.lessEqual,
};

/** A tensor of TF.js with the same values. */
const given = ({ shape, data, dataType }: Tensor): tf.Tensor => tf.tensor(data as Float32Array, [...shape], dataType as 'float32');

describe('TF.js on cpu', () => {
  it.each(Object.keys(UNARY) as Plain[])(
    '%s agrees',
    (op) => {
      for (let seed = 0; seed < runs(2_000, 20); seed++) {
        const next = mulberry32(seed);
        const x = randomTensor(next, 'float32', randomShape(next, seed % 5));
        const wanted = tf.tidy(() => UNARY[op]!(given(x)).dataSync());
        expectClose(unaryOf(op, x), wanted, `${op}, seed ${seed}`, 1e-6);
      }
    },
    LONG_MS,
  );

  it.each(Object.keys(BINARY) as Plain[])(
    '%s agrees, broadcast',
    (op) => {
      for (let seed = 0; seed < runs(2_000, 40); seed++) {
        const next = mulberry32(seed);
        const dataType = seed % 3 === 0 && !['atan2', 'pow', 'div', 'mod', 'floorDiv'].includes(op) ? 'int32' : 'float32';
        const [a, b] = randomBroadcast(next).map((shape) => randomTensor(next, dataType, shape)) as [Tensor, Tensor];
        const wanted = tf.tidy(() => {
          const result = BINARY[op]!(given(a), given(b));
          return { shape: result.shape, data: result.dataSync() };
        });
        const [got] = answers(op, [a, b], {} as never) as [Tensor];
        expect(got.shape).toEqual(wanted.shape);
        expectClose(got.data, wanted.data, `${op}, seed ${seed}`, 2e-6);
      }
    },
    LONG_MS,
  );

  it('where and prelu agree, broadcast', () => {
    for (let seed = 0; seed < runs(2_000, 40); seed++) {
      const next = mulberry32(seed);
      const [a, b] = randomBroadcast(next).map((shape) => randomTensor(next, 'float32', shape)) as [Tensor, Tensor];
      const condition = randomTensor(next, 'bool', (answers('add', [a, b], {})[0] as Tensor).shape);
      const wanted = tf.tidy(() => tf.where(given(condition) as tf.Tensor<tf.Rank>, given(a), given(b)).dataSync());
      expect(valuesOf('where', [condition, a, b], {})).toEqual(Array.from(wanted));
      const slope = randomTensor(next, 'float32', [a.shape.at(-1) ?? 1]);
      if (a.shape.length > 0)
        expectClose(
          valuesOf('prelu', [a, slope], {}),
          tf.tidy(() => tf.prelu(given(a), given(slope)).dataSync()),
          `seed ${seed}`,
        );
    }
  });
});

const unaryOf = (op: Plain, x: Tensor): number[] => valuesOf(op, [x], {} as never);

/** Ops that combine elements along axes: sums, extremes, their places, running sums, softmax. Whole numbers keep their lowest bits. */
import { choice, flag, listOf, whole } from '../attribute.js';
import { checkAxes, checkClass, type DataTypeClass, defineOp } from '../op.js';
import type { TensorType } from '../tensor.js';

const reduced = ({ dataType, shape }: TensorType, axes: readonly number[], keepDimensions: boolean): TensorType => ({
  dataType,
  shape: shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDimensions ? [1] : []) : [size])),
});

/**
 * An op that combines the elements along some axes into one. Without axes it combines each element with itself alone. Of no elements,
 * the result is the one that changes nothing: 0 for sums, 1 for products, the least number of the type for a greatest one.
 */
const reduction = <const Name extends string>(name: Name, takes: DataTypeClass) =>
  defineOp({
    name,
    inputs: ['input'],
    attributes: { axes: listOf(whole), keepDimensions: flag },
    infer: ([given], { axes, keepDimensions }) => {
      const input = given as TensorType;
      checkClass(input, takes);
      checkAxes(axes, input);
      return [reduced(input, axes, keepDimensions)];
    },
  });

/**
 * The place of the least or greatest element along an axis. Of equal ones the first counts, and the first NaN counts as the least and
 * the greatest, as in NumPy; WebNN leaves both open. A place along an empty axis is an error.
 */
const place = <const Name extends string>(name: Name) =>
  defineOp({
    name,
    inputs: ['input'],
    attributes: { axis: whole, keepDimensions: flag, outputDataType: choice('int32', 'int64') },
    infer: ([given], { axis, keepDimensions, outputDataType }) => {
      const input = given as TensorType;
      checkClass(input, 'number');
      checkAxes([axis], input);
      return [{ ...reduced(input, [axis], keepDimensions), dataType: outputDataType }];
    },
  });

/** Running sums or products. Exclusive ones begin with the neutral element; reversed ones run from the end. */
const running = <const Name extends string>(name: Name) =>
  defineOp({
    name,
    inputs: ['input'],
    attributes: { axis: whole, exclusive: flag, reversed: flag },
    infer: ([given], { axis }) => {
      const input = given as TensorType;
      checkClass(input, 'number');
      checkAxes([axis], input);
      return [input];
    },
  });

const alongAxis = <const Name extends string>(name: Name) =>
  defineOp({
    name,
    inputs: ['input'],
    attributes: { axis: whole },
    infer: ([given], { axis }) => {
      const input = given as TensorType;
      checkClass(input, 'float');
      checkAxes([axis], input);
      return [input];
    },
  });

export const REDUCTION_OPS = {
  reduceSum: reduction('reduceSum', 'number'),
  /** The mean of whole numbers is exact, and rounded towards zero; of none, it is an error. */
  reduceMean: reduction('reduceMean', 'number'),
  reduceProduct: reduction('reduceProduct', 'number'),
  /** NaN if an element is. */
  reduceMax: reduction('reduceMax', 'number'),
  /** NaN if an element is. */
  reduceMin: reduction('reduceMin', 'number'),
  /** Σ|x|. */
  reduceL1: reduction('reduceL1', 'number'),
  /** √Σx². */
  reduceL2: reduction('reduceL2', 'float'),
  /** Σx². */
  reduceSumSquare: reduction('reduceSumSquare', 'number'),
  /** ln Σx. */
  reduceLogSum: reduction('reduceLogSum', 'float'),
  /** ln Σe^x. */
  reduceLogSumExp: reduction('reduceLogSumExp', 'float'),
  /** Not in WebNN. */
  reduceAll: reduction('reduceAll', 'bool'),
  /** Not in WebNN. */
  reduceAny: reduction('reduceAny', 'bool'),
  argMax: place('argMax'),
  argMin: place('argMin'),
  cumulativeSum: running('cumulativeSum'),
  /** Not in WebNN. */
  cumulativeProduct: running('cumulativeProduct'),
  /** e^x / Σe^x. */
  softmax: alongAxis('softmax'),
  /** ln of the softmax. Not in WebNN. */
  logSoftmax: alongAxis('logSoftmax'),
} as const;

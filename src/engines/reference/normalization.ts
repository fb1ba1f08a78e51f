/** The reference of normalisations. */
import { sizeOf } from '../../base/dtype.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernel } from './kernel.js';
import { stridesOf } from './strided.js';

export const batchNormalization: Kernel<'batchNormalization'> = ({ inputs, attributes: { axis, epsilon } }) => {
  const [{ dataType, shape, data }, mean, variance, scale, bias] = inputs as readonly [Tensor, Tensor, Tensor, Tensor?, Tensor?];
  const inner = sizeOf(shape.slice(axis + 1));
  const length = shape[axis] as number;
  const numbers = Array.from({ length }, (_, index) => {
    const factor = (scale?.data[index] ?? 1) / Math.sqrt((variance.data[index] as number) + epsilon);
    return { mean: mean.data[index] as number, factor, bias: bias?.data[index] ?? 0 };
  });
  const results = new Float32Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const each = numbers[Math.floor(index / inner) % length] as (typeof numbers)[number];
    results[index] = ((data[index] as number) - each.mean) * each.factor + each.bias;
  }
  return [{ dataType, shape, data: results }];
};

export const layerNormalization: Kernel<'layerNormalization'> = ({ inputs, attributes: { axes, epsilon } }) => {
  const [input, scale, bias] = inputs as readonly [Tensor, Tensor?, Tensor?];
  return [normalize(input, axes, epsilon, scale, bias, axes)];
};

export const instanceNormalization: Kernel<'instanceNormalization'> = ({ inputs, attributes: { epsilon } }) => {
  const [input, scale, bias] = inputs as readonly [Tensor, Tensor?, Tensor?];
  return [normalize(input, [1, 2], epsilon, scale, bias, [3])];
};

/** Moves each part along `axes` to mean 0 and variance 1. Scale and bias have the sizes of `scaled`. */
function normalize(
  input: Tensor,
  axes: readonly number[],
  epsilon: number,
  scale: Tensor | undefined,
  bias: Tensor | undefined,
  scaled: readonly number[],
): Tensor {
  const { dataType, shape, data } = input;
  const partOf = placeAlong(
    shape,
    shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis)),
  );
  const numberOf = placeAlong(shape, scaled);
  const count = sizeOf(axes.map((axis) => shape[axis] as number));
  const parts = count === 0 ? 0 : data.length / count;
  const [means, variances] = [new Float64Array(parts), new Float64Array(parts)];
  const addTo = (sums: Float64Array, part: number, x: number): void => {
    sums[part] = (sums[part] as number) + x / count;
  };
  for (let index = 0; index < data.length; index++) addTo(means, partOf(index), data[index] as number);
  for (let index = 0; index < data.length; index++) {
    const part = partOf(index);
    addTo(variances, part, ((data[index] as number) - (means[part] as number)) ** 2);
  }
  const results = new Float32Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const [part, number] = [partOf(index), numberOf(index)];
    const normal = ((data[index] as number) - (means[part] as number)) / Math.sqrt((variances[part] as number) + epsilon);
    results[index] = normal * (scale?.data[number] ?? 1) + (bias?.data[number] ?? 0);
  }
  return { dataType, shape, data: results };
}

/** The place of an element in a tensor of some of the axes, in their order, by its place in the whole. */
function placeAlong(shape: readonly number[], axes: readonly number[]): (index: number) => number {
  const strides = stridesOf(shape);
  const own = stridesOf(axes.map((axis) => shape[axis] as number));
  return (index) =>
    axes.reduce(
      (place, axis, each) => place + (Math.floor(index / (strides[axis] as number)) % (shape[axis] as number)) * (own[each] as number),
      0,
    );
}

export const localResponseNormalization: Kernel<'localResponseNormalization'> = ({ inputs: [input], attributes }) => {
  const { dataType, shape, data } = input as Tensor;
  const { radius, bias, alpha, beta } = attributes;
  const channels = shape[3] as number;
  const results = new Float32Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const channel = index % channels;
    let sum = 0;
    for (let each = Math.max(0, channel - radius); each <= Math.min(channels - 1, channel + radius); each++)
      sum += (data[index - channel + each] as number) ** 2;
    results[index] = (data[index] as number) / (bias + alpha * sum) ** beta;
  }
  return [{ dataType, shape, data: results }];
};

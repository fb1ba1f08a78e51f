/** The reference of normalisations. */
import { sizeOf } from '../../base/dtype.js';
import { stridesOf } from '../../base/strided.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernel } from './kernel.js';

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
  return [normalize(input, axes, epsilon, scale, bias, (_part, index) => index)];
};

export const instanceNormalization: Kernel<'instanceNormalization'> = ({ inputs, attributes: { epsilon } }) => {
  const [input, scale, bias] = inputs as readonly [Tensor, Tensor?, Tensor?];
  const channels = input.shape[3] as number;
  return [normalize(input, [1, 2], epsilon, scale, bias, (part) => part % channels)];
};

/**
 * Moves each part along `axes` to mean 0 and variance 1.
 * @param numberOf finds the element of scale and bias for the part of a number and the element of a number in it
 */
function normalize(
  { dataType, shape, data }: Tensor,
  axes: readonly number[],
  epsilon: number,
  scale: Tensor | undefined,
  bias: Tensor | undefined,
  numberOf: (part: number, index: number) => number,
): Tensor {
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const inside = offsetsAlong(shape, axes);
  const results = new Float32Array(data.length);
  for (const [part, start] of offsetsAlong(shape, kept).entries()) {
    let sum = 0;
    for (const offset of inside) sum += data[start + offset] as number;
    const mean = sum / inside.length;
    let squares = 0;
    for (const offset of inside) squares += ((data[start + offset] as number) - mean) ** 2;
    const deviation = Math.sqrt(squares / inside.length + epsilon);
    for (let index = 0; index < inside.length; index++) {
      const at = start + (inside[index] as number);
      const number = numberOf(part, index);
      results[at] = (((data[at] as number) - mean) / deviation) * (scale?.data[number] ?? 1) + (bias?.data[number] ?? 0);
    }
  }
  return { dataType, shape, data: results };
}

/** How far the elements along some axes lie behind the first, row by row in the order of these axes. */
function offsetsAlong(shape: readonly number[], axes: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  const sizes = axes.map((axis) => shape[axis] as number);
  const own = stridesOf(sizes);
  return Int32Array.from({ length: sizeOf(sizes) }, (_, index) =>
    axes.reduce(
      (sum, axis, each) => sum + (Math.floor(index / (own[each] as number)) % (sizes[each] as number)) * (strides[axis] as number),
      0,
    ),
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

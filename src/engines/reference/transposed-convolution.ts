/** The transpose of a convolution: each element of the input adds its multiple of the filter to the output. */
import { sizeOf } from '../../base/dtype.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernel } from './kernel.js';

export const convTranspose2d: Kernel<'convTranspose2d'> = ({ inputs, attributes, shapes }) => {
  const [input, filter, bias] = inputs as readonly [Tensor, Tensor, Tensor | undefined];
  const shape = shapes[0] as readonly [number, number, number, number];
  const [batch, outHeight, outWidth, made] = shape;
  const [, height, width, channels] = input.shape as readonly [number, number, number, number];
  const [rows, columns, madeByGroup] = filter.shape as readonly [number, number, number, number];
  const { strides, dilations, padding, groups } = attributes;
  const takenByGroup = channels / groups;
  const sums = new Float64Array(sizeOf(shape));
  const weights = new Float64Array(filter.data);
  const values = new Float64Array(input.data);

  /** Adds the multiples of one tap of the filter, for all channels of one element. */
  const addTap = (from: number, to: number, tap: number): void => {
    for (let channelOut = 0; channelOut < made; channelOut++) {
      const group = Math.floor(channelOut / madeByGroup);
      const row = (tap * madeByGroup + (channelOut % madeByGroup)) * channels;
      let sum = 0;
      for (let channel = group * takenByGroup; channel < (group + 1) * takenByGroup; channel++)
        sum += (values[from + channel] as number) * (weights[row + channel] as number);
      sums[to + channelOut] = (sums[to + channelOut] as number) + sum;
    }
  };
  for (let place = 0; place < batch * height * width; place++) {
    const [picture, y, x] = [Math.floor(place / (height * width)), Math.floor(place / width) % height, place % width];
    for (let tap = 0; tap < rows * columns; tap++) {
      const [row, column] = [Math.floor(tap / columns), tap % columns];
      const outY = y * (strides[0] as number) + row * (dilations[0] as number) - (padding[0] as number);
      const outX = x * (strides[1] as number) + column * (dilations[1] as number) - (padding[2] as number);
      if (outY < 0 || outY >= outHeight || outX < 0 || outX >= outWidth) continue;
      addTap(place * channels, ((picture * outHeight + outY) * outWidth + outX) * made, tap);
    }
  }
  const data = Float32Array.from(sums, (sum, index) => sum + (bias?.data[index % made] ?? 0));
  return [{ dataType: input.dataType, shape, data }];
};

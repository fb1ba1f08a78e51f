/** The transpose of a convolution: each element of the input adds its multiple of the filter to the output. */
import type { Tensor } from '../../graph/tensor.js';
import { store } from './convolution.js';
import type { Kernel, KernelAttributes } from './kernel.js';
import { multiplyInto, packRight } from './matrix-product.js';

/** A picture of sums. */
interface Sums {
  readonly values: Float64Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** What one row of the input makes of the channels of one group: for each element and each tap of the filter, some channels. */
interface Row {
  readonly product: Float64Array;
  readonly y: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  readonly firstChannel: number;
}

export const convTranspose2d: Kernel<'convTranspose2d'> = ({ inputs, attributes, shapes }) => {
  const [input, filter, bias] = inputs as readonly [Tensor, Tensor, Tensor | undefined];
  const shape = shapes[0] as readonly [number, number, number, number];
  const [batch, outHeight, outWidth, made] = shape;
  const [, height, width, taken] = input.shape as readonly [number, number, number, number];
  const [rows, columns, channels] = filter.shape as readonly [number, number, number, number];
  const depth = taken / attributes.groups;
  const matrices = Array.from({ length: attributes.groups }, (_, group) =>
    packRight(filter.data, depth, rows * columns * channels, { start: group * depth, rowStep: 1, columnStep: taken }),
  );
  const values = new Float64Array(input.data);
  const product = new Float64Array(width * rows * columns * channels);
  const sums = { values: new Float64Array(outHeight * outWidth * made), height: outHeight, width: outWidth, channels: made };
  const output = new Float32Array(batch * sums.values.length);
  const added = bias === undefined ? new Float64Array(made) : new Float64Array(bias.data);
  for (let picture = 0; picture < batch; picture++) {
    sums.values.fill(0);
    for (let y = 0; y < height; y++) {
      const from = (picture * height + y) * width * taken;
      const row = values.subarray(from, from + width * taken);
      for (const [group, matrix] of matrices.entries()) {
        multiplyInto(product, attributes.groups === 1 ? row : someChannels(row, taken, group * depth, depth), width, matrix);
        addRow(sums, { product, y, width, rows, columns, channels, firstChannel: group * channels }, attributes);
      }
    }
    store(output, picture * sums.values.length, sums.values, added);
  }
  return [{ dataType: input.dataType, shape, data: output }];
};

/** `count` channels of each element, from channel `first` on. */
function someChannels(row: Float64Array, channels: number, first: number, count: number): Float64Array {
  const values = new Float64Array((row.length / channels) * count);
  for (let from = first, to = 0; to < values.length; from += channels, to += count) values.set(row.subarray(from, from + count), to);
  return values;
}

/** Adds what a row makes where it lies in the output; what lies beyond an edge is cut. */
function addRow(sums: Sums, row: Row, { strides, dilations, padding }: KernelAttributes<'convTranspose2d'>): void {
  const { product, width, columns, channels } = row;
  const [stride, dilation] = [strides[1] as number, dilations[1] as number];
  for (let tap = 0; tap < row.rows * columns; tap++) {
    const outY = row.y * (strides[0] as number) + Math.floor(tap / columns) * (dilations[0] as number) - (padding[0] as number);
    if (outY < 0 || outY >= sums.height) continue;
    for (let x = 0; x < width; x++) {
      const outX = x * stride + (tap % columns) * dilation - (padding[2] as number);
      if (outX < 0 || outX >= sums.width) continue;
      const from = (x * row.rows * columns + tap) * channels;
      addChannels(sums.values, (outY * sums.width + outX) * sums.channels + row.firstChannel, product, from, channels);
    }
  }
}

function addChannels(sums: Float64Array, to: number, product: Float64Array, from: number, count: number): void {
  for (let channel = 0; channel < count; channel++)
    sums[to + channel] = (sums[to + channel] as number) + (product[from + channel] as number);
}

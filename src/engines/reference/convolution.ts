/** The convolution of pictures: grouped ones as products of matrices, depthwise ones tap by tap. */
import type { Tensor } from '../../graph/tensor.js';
import { paddingOf } from '../../graph/window.js';
import type { Kernel } from './kernel.js';
import { multiplyInto, packRight, type RightMatrix } from './matrix-product.js';
import { narrow, type WideArray, wideArray } from './wide.js';

/** A picture with its padding. */
interface Padded {
  readonly values: Float64Array;
  readonly width: number;
  readonly channels: number;
}

/** How a filter moves over a padded picture. */
interface Moves {
  readonly rows: number;
  readonly columns: number;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** The number of places along a row of the output. */
  readonly places: number;
}

export const conv2d: Kernel<'conv2d'> = ({ inputs, attributes, shapes }) => {
  const [input, filter, bias] = inputs as readonly [Tensor, Tensor, Tensor | undefined];
  const [batch, outHeight, outWidth, made] = shapes[0] as readonly [number, number, number, number];
  const [, height, width] = input.shape as readonly [number, number, number, number];
  const [rows, columns, taken] = filter.shape as readonly [number, number, number, number];
  const { strides, dilations, groups } = attributes;
  const moves = { rows, columns, strides, dilations, places: outWidth };
  const isDepthwise = groups > 1 && taken === 1;
  const convolveRow = isDepthwise ? depthwise(filter, moves) : grouped(filter, groups, moves);
  const sides = [...paddingOf(height, rows, 0, attributes), ...paddingOf(width, columns, 1, attributes)];
  const output = wideArray(input.dataType, batch * outHeight * outWidth * made);
  const added = bias === undefined ? new Float64Array(made) : new Float64Array(bias.data);
  for (let picture = 0, at = 0; picture < batch; picture++) {
    // A depthwise filter that makes several channels of each one takes each one several times.
    const padded = pad(input, picture, sides, isDepthwise ? made / groups : 1);
    for (let y = 0; y < outHeight; y++, at += outWidth * made) store(output, at, convolveRow(padded, y), added);
  }
  return [{ dataType: input.dataType, shape: shapes[0] as readonly number[], data: narrow(input.dataType, output) }];
};

/** One picture with zeros around it. @param sides top, bottom, left, right @param repeated how often each channel stands there */
function pad({ data, shape }: Tensor, picture: number, sides: readonly number[], repeated: number): Padded {
  const [, height, width, channels] = shape as readonly [number, number, number, number];
  const [top, bottom, left, right] = sides as readonly [number, number, number, number];
  const [paddedHeight, paddedWidth, paddedChannels] = [top + height + bottom, left + width + right, channels * repeated];
  const values = new Float64Array(paddedHeight * paddedWidth * paddedChannels);
  // Padding below 0 cuts an edge.
  const [firstColumn, endColumn] = [Math.max(0, -left), Math.min(width, width + right)];
  for (let row = Math.max(0, -top); row < Math.min(height, height + bottom); row++) {
    const from = ((picture * height + row) * width + firstColumn) * channels;
    const part = data.subarray(from, from + Math.max(0, endColumn - firstColumn) * channels);
    const to = ((row + top) * paddedWidth + firstColumn + left) * paddedChannels;
    if (repeated === 1) values.set(part, to);
    else for (const [index, value] of part.entries()) values.fill(value, to + index * repeated, to + (index + 1) * repeated);
  }
  return { values, width: paddedWidth, channels: paddedChannels };
}

/** Rounds sums, with a number for each channel added. */
export function store(output: WideArray, start: number, sums: Float64Array, added: Float64Array): void {
  const channels = added.length;
  for (let at = 0; at < sums.length; at += channels)
    for (let channel = 0; channel < channels; channel++)
      output[start + at + channel] = (sums[at + channel] as number) + (added[channel] as number);
}

/** Computes row `y` of the output. The sums are overwritten by the next row. */
type ConvolveRow = (padded: Padded, y: number) => Float64Array;

/** Multiplies what lies under the filter at each place of the row, as the rows of a matrix, with the filter of each group. */
function grouped(filter: Tensor, groups: number, moves: Moves): ConvolveRow {
  const [rows, columns, taken, made] = filter.shape as readonly [number, number, number, number];
  const [depth, width] = [rows * columns * taken, made / groups];
  const matrices = Array.from({ length: groups }, (_, group) =>
    packRight(filter.data, depth, width, { start: group * width, rowStep: made, columnStep: 1 }),
  );
  const patches = new Float64Array(moves.places * depth);
  const product = new Float64Array(moves.places * width);
  const sums = groups === 1 ? product : new Float64Array(moves.places * made);
  // Elements under a filter of one element lie one behind the other already.
  const isPointwise = depth === taken && groups === 1 && moves.strides[1] === 1;
  return (padded, y) => {
    for (const [group, matrix] of matrices.entries()) {
      if (!isPointwise) fillPatches(patches, padded, y, group * taken, taken, moves);
      const from = y * (moves.strides[0] as number) * padded.width * padded.channels;
      multiplyInto(product, isPointwise ? padded.values.subarray(from) : patches, moves.places, matrix);
      if (groups > 1) spread(sums, product, matrix, group * width, made);
    }
    return sums;
  };
}

/** Puts the columns of a group among those of all groups. */
function spread(sums: Float64Array, product: Float64Array, { columns }: RightMatrix, first: number, made: number): void {
  for (let from = 0, to = first; from < product.length; from += columns, to += made)
    for (let column = 0; column < columns; column++) sums[to + column] = product[from + column] as number;
}

/** Copies what lies under the filter at each place of row `y`: `taken` channels from channel `first` on. */
function fillPatches(patches: Float64Array, padded: Padded, y: number, first: number, taken: number, moves: Moves): void {
  const { values, width, channels } = padded;
  const { rows, columns, places } = moves;
  const [rowStride, stride] = moves.strides as readonly [number, number];
  const [rowDilation, dilation] = moves.dilations as readonly [number, number];
  // Neighbouring columns are copied at once where no element lies between them.
  const isWhole = dilation === 1 && taken === channels;
  const [run, runs] = isWhole ? [columns * taken, 1] : [taken, columns];
  for (let x = 0, to = 0; x < places; x++) {
    for (let row = 0; row < rows; row++) {
      let from = ((y * rowStride + row * rowDilation) * width + x * stride) * channels + first;
      for (let each = 0; each < runs; each++, from += dilation * channels)
        for (let index = 0; index < run; index++) patches[to++] = values[from + index] as number;
    }
  }
}

/** Each channel by itself. */
function depthwise(filter: Tensor, moves: Moves): ConvolveRow {
  const weights = new Float64Array(filter.data);
  const sums = new Float64Array(moves.places * (filter.shape[3] as number));
  return (padded, y) => {
    depthwiseRow(sums, padded, y, weights, moves);
    return sums;
  };
}

/** Four places are computed at once, so that each weight is read once for them. Past the last place, it is computed again. */
function depthwiseRow(sums: Float64Array, { values, width, channels }: Padded, y: number, weights: Float64Array, moves: Moves): void {
  const { rows, columns, places } = moves;
  const [rowStride, stride] = moves.strides as readonly [number, number];
  const [rowDilation, dilation] = moves.dilations as readonly [number, number];
  const columnStep = dilation * channels;
  for (let x = 0; x < places; x += 4) {
    const [x1, x2, x3] = [Math.min(x + 1, places - 1), Math.min(x + 2, places - 1), Math.min(x + 3, places - 1)];
    const [to1, to2, to3] = [(x1 - x) * stride * channels, (x2 - x) * stride * channels, (x3 - x) * stride * channels];
    for (let channel = 0; channel < channels; channel++) {
      let [sum, sum1, sum2, sum3] = [0, 0, 0, 0];
      for (let row = 0; row < rows; row++) {
        let from = ((y * rowStride + row * rowDilation) * width + x * stride) * channels + channel;
        let at = row * columns * channels + channel;
        for (let column = 0; column < columns; column++, from += columnStep, at += channels) {
          const weight = weights[at] as number;
          sum += (values[from] as number) * weight;
          sum1 += (values[from + to1] as number) * weight;
          sum2 += (values[from + to2] as number) * weight;
          sum3 += (values[from + to3] as number) * weight;
        }
      }
      sums[x * channels + channel] = sum;
      sums[x1 * channels + channel] = sum1;
      sums[x2 * channels + channel] = sum2;
      sums[x3 * channels + channel] = sum3;
    }
  }
}

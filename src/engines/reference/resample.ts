/** The reference of ops that change the size of pictures. */
import { sizeOf } from '../../base/dtype.js';
import { isFloat } from '../../graph/element-type.js';
import { nearestOf, sourceOf } from '../../graph/resample.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernel, KernelAttributes } from './kernel.js';
import { narrow, wide, wideArray } from './wide.js';

type Attributes = KernelAttributes<'resample2d'>;

/** Two neighbours along one axis, and the weight of the second one. */
interface Neighbours {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

export const resample2d: Kernel<'resample2d'> = ({ inputs: [input], attributes, shapes }) => {
  const { dataType, shape: own, data } = input as Tensor;
  const shape = shapes[0] as readonly [number, number, number, number];
  const [batch, outHeight, outWidth, channels] = shape;
  const [, height, width] = own as readonly [number, number, number, number];
  const values = wide(data);
  const results = wideArray(dataType, sizeOf(shape));
  const down = Array.from({ length: outHeight }, (_, place) => neighboursOf(place, height, outHeight, attributes));
  const across = Array.from({ length: outWidth }, (_, place) => neighboursOf(place, width, outWidth, attributes));
  const round = isFloat(dataType) ? (value: number) => value : Math.trunc;
  let at = 0;
  for (let picture = 0; picture < batch; picture++)
    for (const row of down)
      for (const column of across)
        for (let channel = 0; channel < channels; channel++) {
          const valueAt = (y: number, x: number) => values[((picture * height + y) * width + x) * channels + channel] as number;
          results[at++] = round(mix(valueAt, row, column));
        }
  return [{ dataType, shape, data: narrow(dataType, results) }];
};

/** The weighted mean of four neighbours. One of weight 0 does not count, not even if it is NaN or infinite. */
export function mix(valueAt: (y: number, x: number) => number, row: Neighbours, column: Neighbours): number {
  const along = (y: number): number => between(valueAt(y, column.first), () => valueAt(y, column.second), column.weight);
  return between(along(row.first), () => along(row.second), row.weight);
}

const between = (first: number, second: () => number, weight: number): number =>
  weight === 0 ? first : first + (second() - first) * weight;

function neighboursOf(place: number, length: number, made: number, { mode, coordinates, rounding }: Attributes): Neighbours {
  if (mode === 'linear') return neighboursAt(sourceOf(place, length, made, coordinates), length);
  const nearest = nearestOf(place, length, made, coordinates, rounding ?? 'floor');
  return { first: nearest, second: nearest, weight: 0 };
}

/** The neighbours of a place between elements. Beyond the edge the outermost element counts alone. */
function neighboursAt(at: number, length: number): Neighbours {
  const inside = Math.min(Math.max(at, 0), length - 1);
  const first = Math.floor(inside);
  return { first, second: Math.min(first + 1, length - 1), weight: inside - first };
}

/**
 * As TensorFlow's CropAndResize (tensorflow/core/ops/image_ops.cc says what it means): corner i of a box [y1, x1, y2, x2] is a share
 * of the picture's height or width less one; a crop of one row takes the box's middle.
 */
export const cropAndResize: Kernel<'cropAndResize'> = ({ inputs, attributes: { mode, extrapolationValue }, shapes }) => {
  const [input, boxes, boxIndices] = inputs as readonly [Tensor, Tensor, Tensor];
  const shape = shapes[0] as readonly [number, number, number, number];
  const [count, cropHeight, cropWidth, channels] = shape;
  const [batch, height, width] = input.shape as readonly [number, number, number, number];
  const data = new Float32Array(sizeOf(shape)).fill(extrapolationValue);
  const placesOf = (box: number, corner: 0 | 1, length: number, made: number): number[] => {
    const [from, to] = [boxes.data[box * 4 + corner] as number, boxes.data[box * 4 + corner + 2] as number];
    if (!Number.isFinite(from) || !Number.isFinite(to)) throw new RangeError(`takes a box from ${from} to ${to}`);
    if (made === 1) return [((from + to) * (length - 1)) / 2];
    return Array.from({ length: made }, (_, index) => from * (length - 1) + (index * (to - from) * (length - 1)) / (made - 1));
  };
  for (let box = 0; box < count; box++) {
    const picture = boxIndices.data[box] as number;
    if (picture < 0 || picture >= batch) throw new RangeError(`takes picture ${picture} of ${batch}`);
    const columns = placesOf(box, 1, width, cropWidth as number);
    for (const [row, y] of placesOf(box, 0, height, cropHeight as number).entries())
      for (const [column, x] of columns.entries()) {
        if (!(y >= 0 && y <= height - 1 && x >= 0 && x <= width - 1)) continue;
        const [down, across] = [y, x].map((each, axis) =>
          neighboursAt(mode === 'nearest' ? Math.round(each) : each, axis === 0 ? height : width),
        );
        for (let channel = 0; channel < channels; channel++) {
          const valueAt = (top: number, left: number) =>
            input.data[((picture * height + top) * width + left) * channels + channel] as number;
          const to = ((box * cropHeight + row) * cropWidth + column) * channels + channel;
          data[to] = mix(valueAt, down as Neighbours, across as Neighbours);
        }
      }
  }
  return [{ dataType: 'float32', shape, data }];
};

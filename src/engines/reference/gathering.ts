/** The reference of ops that take elements by their indices. */
import { sizeOf } from '../../base/dtype.js';
import { stridesOf } from '../../base/strided.js';
import { DATA_TYPES } from '../../graph/element-type.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernel } from './kernel.js';

/** Refuses an index that an axis does not have. */
export function checkIndex(index: number, length: number): number {
  if (index < 0 || index >= length) throw new RangeError(`takes index ${index} of an axis of ${length}`);
  return index;
}

/** A tensor of slices of another one. @param starts where each slice begins, in their order */
function slices({ dataType, data }: Tensor, starts: Iterable<number>, length: number, shape: readonly number[]): Tensor {
  const results = new DATA_TYPES[dataType](sizeOf(shape));
  let at = 0;
  for (const start of starts) {
    results.set(data.subarray(start, start + length), at);
    at += length;
  }
  return { dataType, shape, data: results };
}

export const gather: Kernel<'gather'> = ({ inputs, attributes: { axis, batchDimensions }, shapes: [shape] }) => {
  const [input, indices] = inputs as readonly [Tensor, Tensor];
  const length = input.shape[axis] as number;
  const inner = sizeOf(input.shape.slice(axis + 1));
  const outer = sizeOf(input.shape.slice(batchDimensions, axis));
  const batch = sizeOf(input.shape.slice(0, batchDimensions));
  const taken = sizeOf(indices.shape.slice(batchDimensions));
  function* starts(): Generator<number> {
    for (let row = 0; row < batch * outer; row++) {
      const first = Math.floor(row / outer) * taken;
      for (let each = 0; each < taken; each++) yield (row * length + checkIndex(indices.data[first + each] as number, length)) * inner;
    }
  }
  return [slices(input, starts(), inner, shape as readonly number[])];
};

export const gatherElements: Kernel<'gatherElements'> = ({ inputs, attributes: { axis } }) => {
  const [input, indices] = inputs as readonly [Tensor, Tensor];
  const own = stridesOf(indices.shape);
  const strides = stridesOf(input.shape);
  const start = (place: number): number =>
    own.reduce((sum, step, each) => {
      const along = each === axis ? (indices.data[place] as number) : Math.floor(place / step) % (indices.shape[each] as number);
      return sum + checkIndex(along, input.shape[each] as number) * (strides[each] as number);
    }, 0);
  return [
    slices(
      input,
      Array.from(indices.data, (_, place) => start(place)),
      1,
      indices.shape,
    ),
  ];
};

export const gatherND: Kernel<'gatherND'> = ({ inputs, attributes: { batchDimensions }, shapes: [shape] }) => {
  const [input, indices] = inputs as readonly [Tensor, Tensor];
  const batch = sizeOf(input.shape.slice(0, batchDimensions));
  const part = input.shape.slice(batchDimensions);
  const rows = rowsOf(indices, part);
  const length = sizeOf(part.slice(indices.shape.at(-1) as number));
  const starts = rows.map((place, row) => Math.floor(row / (rows.length / batch)) * sizeOf(part) + place);
  return [slices(input, starts, length, shape as readonly number[])];
};

/** The beginnings of the slices that rows of indices name in a tensor of a shape. */
export function rowsOf({ shape, data }: Tensor, part: readonly number[]): number[] {
  const depth = shape.at(-1) as number;
  const strides = stridesOf(part);
  return Array.from({ length: sizeOf(shape.slice(0, -1)) }, (_, row) => {
    let place = 0;
    for (let axis = 0; axis < depth; axis++)
      place += checkIndex(data[row * depth + axis] as number, part[axis] as number) * (strides[axis] as number);
    return place;
  });
}

export const oneHot: Kernel<'oneHot'> = ({ inputs, attributes: { axis, depth }, shapes }) => {
  const [indices, on, off] = inputs as readonly [Tensor, Tensor, Tensor];
  const shape = shapes[0] as readonly number[];
  const data = new DATA_TYPES[on.dataType](sizeOf(shape)).fill(off.data[0] as number);
  const inner = sizeOf(indices.shape.slice(axis));
  for (const [place, index] of indices.data.entries()) {
    if (index < 0 || index >= depth) continue;
    data[(Math.floor(place / inner) * depth + index) * inner + (place % inner)] = on.data[0] as number;
  }
  return [{ dataType: on.dataType, shape, data }];
};

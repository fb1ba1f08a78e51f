/** Copies elements whose places in two tensors are the sums of a place along each axis. */
import { sizeOf } from '../../base/dtype.js';
import { stridesOf } from '../../base/strided.js';
import type { Tensor } from '../../graph/tensor.js';
import { narrow, type WideArray, wide, wideArray } from './wide.js';

/** The places of the elements along one axis, each counted in elements behind the first of the tensor. */
export type Offsets = Int32Array;
export type Places = readonly Offsets[];

/** The places along each axis of a tensor that is stored row by row. */
export const placesOf = (shape: readonly number[]): Places => {
  const strides = stridesOf(shape);
  return shape.map((size, axis) => places(size, (index) => index * (strides[axis] as number)));
};

/** The places along one axis. */
export function places(size: number, offsetOf: (index: number) => number): Offsets {
  const offsets = new Int32Array(size);
  for (let index = 0; index < size; index++) offsets[index] = offsetOf(index);
  return offsets;
}

/** A tensor of the elements of another one. @param from where these lie in the other one, along each axis of the result */
export function pick({ dataType, data }: Tensor, from: Places): Tensor {
  const shape = from.map(({ length }) => length);
  const results = wideArray(dataType, sizeOf(shape));
  copy(wide(data), from, results, placesOf(shape));
  return { dataType, shape, data: narrow(dataType, results) };
}

/** Copies one element for each combination of an index along each axis. */
export function copy(values: WideArray, from: Places, results: WideArray, to: Places): void {
  const last = from.length - 1;
  const visit = (axis: number, start: number, end: number): void => {
    const [starts, ends] = [from[axis] as Offsets, to[axis] as Offsets];
    if (axis === last) copyRow(values, start, starts, results, end, ends);
    else
      for (let index = 0; index < starts.length; index++) visit(axis + 1, start + (starts[index] as number), end + (ends[index] as number));
  };
  if (last < 0) results[0] = values[0] as number;
  else visit(0, 0, 0);
}

function copyRow(values: WideArray, start: number, starts: Offsets, results: WideArray, end: number, ends: Offsets): void {
  for (let index = 0; index < starts.length; index++)
    results[end + (ends[index] as number)] = values[start + (starts[index] as number)] as number;
}

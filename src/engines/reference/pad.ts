/** The reference of padding. */
import { sizeOf } from '../../base/dtype.js';
import { stridesOf } from '../../base/strided.js';
import type { Tensor } from '../../graph/tensor.js';
import type { KernelAttributes } from './kernel.js';
import { copy, pick, places, placesOf } from './places.js';
import { narrow, wide, wideArray } from './wide.js';

/** Adds elements before and behind each axis. @param shape of the result */
export function pad(input: Tensor, { beginning, mode, value }: KernelAttributes<'pad'>, shape: readonly number[]): Tensor {
  if (mode === 'constant') return padWith(input, beginning, shape, value);
  const strides = stridesOf(input.shape);
  const from = shape.map((size, axis) => {
    const length = input.shape[axis] as number;
    return places(size, (index) => inside(index - (beginning[axis] as number), length, mode) * (strides[axis] as number));
  });
  return pick(input, from);
}

/** Puts the input into a tensor of one value. @param beginning where the input begins along each axis */
export function padWith(
  { dataType, shape: own, data }: Tensor,
  beginning: readonly number[],
  shape: readonly number[],
  value: number,
): Tensor {
  const results = wideArray(dataType, sizeOf(shape)).fill(value);
  const to = placesOf(shape).map((each, axis) => each.slice(beginning[axis], (beginning[axis] as number) + (own[axis] as number)));
  copy(wide(data), placesOf(own), results, to);
  return { dataType, shape, data: narrow(dataType, results) };
}

/** The element that a place outside of an axis shows. A mirror image is at most as long as the axis. */
function inside(index: number, length: number, mode: 'edge' | 'reflection' | 'symmetric'): number {
  if (mode === 'edge') return Math.min(Math.max(index, 0), length - 1);
  const edge = mode === 'reflection' ? 0 : 1;
  if (index < 0) return -index - edge;
  return index < length ? index : 2 * (length - 1) - index + edge;
}

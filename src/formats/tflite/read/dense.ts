/**
 * Brings a sparse constant into rows. The format is TACO's (Kjolstad et al., The Tensor Algebra Compiler, 2017), as schema.fbs tells
 * it: axes, and the axes of blocks within them, are walked in an order; along a sparse one, each part of what was walked before has a
 * segment of indices, at which the elements stand that are not zero.
 */
import { sizeOf } from '../../../base/dtype.js';
import { broken } from '../../file-fields.js';
import type { Sparsity, TfliteTensor } from '../model.js';

/** The most bytes that a sparse tensor is brought into: larger ones would make a small file take more memory than it may. */
const MAX_DENSE_BYTES = 2 ** 27;

/**
 * The bytes of a sparse tensor with all its zeros.
 * @param width of an element in bytes
 * @param name how messages name the tensor
 * @throws {PannierError} `model-format` if its indices contradict its shape
 */
export function denseBytes(tensor: TfliteTensor, sparsity: Sparsity, stored: Uint8Array, width: number, name: string): Uint8Array {
  const refuse = (problem: string): Error => broken(`Tensor "${name}" is sparse, and ${problem}.`);
  const shape = tensor.shape.map((size) => size ?? 0);
  const { order, blockMap, dimensions } = sparsity;
  const rank = shape.length;
  const depth = rank + blockMap.length;
  const isOrder = order.length === depth && new Set(order).size === depth && order.every((axis) => axis >= 0 && axis < depth);
  if (!isOrder || dimensions.length !== depth || blockMap.some((axis) => axis < 0 || axis >= rank))
    throw refuse(`has ${order.length} axes to walk for ${rank} dimensions and ${blockMap.length} of blocks`);
  const total = sizeOf(shape) * width;
  if (total > MAX_DENSE_BYTES) throw refuse(`takes ${total} bytes with its zeros; the limit is ${MAX_DENSE_BYTES}`);
  const blockSizes = shape.map(() => 1);
  for (const [index, axis] of blockMap.entries()) {
    const { isDense, size } = dimensions[order.indexOf(rank + index)] as Sparsity['dimensions'][number];
    if (!isDense || size < 1) throw refuse('has a block without a size');
    blockSizes[axis] = (blockSizes[axis] as number) * size;
  }
  const steps = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const lengths = order.map((axis, level) => {
    const size = axis < rank ? (shape[axis] as number) / (blockSizes[axis] as number) : (dimensions[level]?.size ?? 0);
    if (!Number.isInteger(size)) throw refuse(`has blocks of ${blockSizes[axis]} along an axis of ${shape[axis]} elements`);
    return size;
  });
  /** How far apart elements of the dense tensor are along each axis that is walked. */
  const strides = order.map((axis) =>
    axis < rank ? (steps[axis] as number) * (blockSizes[axis] as number) : (steps[blockMap[axis - rank] as number] as number),
  );
  const dense = new Uint8Array(total);
  // Places that are walked over and over, without an element at their end, would take time without bounds.
  let stepsLeft = 2 ** 16 + 2 * depth * sizeOf(shape);
  let taken = 0;
  /** Walks one axis and those behind it. @param part the number of the part of the axes before; `place` of it in the dense tensor */
  const walk = (level: number, part: number, place: number): void => {
    if (--stepsLeft < 0) throw refuse('has indices that lead to the same places over and over');
    if (level === depth) {
      const from = taken++ * width;
      if (from + width > stored.length) throw refuse(`has ${stored.length} bytes, which its indices go beyond`);
      if ((place + 1) * width > total) throw refuse('has an index beyond its shape');
      dense.set(stored.subarray(from, from + width), place * width);
      return;
    }
    const { isDense, size, segments, indices } = dimensions[level] as Sparsity['dimensions'][number];
    const [length, stride] = [lengths[level] as number, strides[level] as number];
    if (isDense) {
      if (size !== length) throw refuse(`has a dimension of ${size} where its shape has ${length}`);
      for (let index = 0; index < size; index++) walk(level + 1, part * size + index, place + index * stride);
      return;
    }
    const [start, end] = [segments[part] ?? 0, segments[part + 1] ?? 0];
    for (let at = start; at < end; at++) {
      const index = indices[at];
      if (index === undefined || index < 0 || index >= length) throw refuse(`has the index ${index} along an axis of ${length}`);
      walk(level + 1, at, place + index * stride);
    }
  };
  walk(0, 0, 0);
  return dense;
}

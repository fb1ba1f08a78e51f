/** Gives tensors other shapes: what several writers of ops build on. */
import { floorDivide, isOpen, isSameSize, multiply, product, type Size } from '../../../graph/size.js';
import { type Shape, shapeText } from '../../../graph/tensor.js';
import type { NodeWriter } from './call.js';
import type { WrittenTensor } from './graph-def.js';

/** Gives a tensor another shape. One open size is left to TF.js, which divides the number of elements. */
export function reshaped(call: NodeWriter, tensor: WrittenTensor, shape: Shape): WrittenTensor {
  const isOnlyOpen = shape.filter(isOpen).length === 1 && !shape.includes(0);
  const sizes = isOnlyOpen ? shape.map((size) => (isOpen(size) ? -1 : size)) : shape;
  return call.add('Reshape', [tensor, call.sizes(sizes)]);
}

/** All elements of a tensor in a row. */
export const flattened = (call: NodeWriter, tensor: WrittenTensor): WrittenTensor => call.add('Reshape', [tensor, call.parameters([-1])]);

export const transposed = (call: NodeWriter, tensor: WrittenTensor, permutation: readonly number[]): WrittenTensor =>
  call.add('Transpose', [tensor, call.parameters(permutation)]);

/** Repeats a tensor as often along each axis. On webgpu, Tile reads tensors of more than four axes back (TF.js 4.22). */
export function tiled(call: NodeWriter, tensor: WrittenTensor, shape: Shape, repetitions: Shape): WrittenTensor {
  if (shape.length <= MAX_WEBGPU_RANK) return call.add('Tile', [tensor, call.sizes(repetitions)]);
  return repetitions.reduce<Shaped>(
    (given, count, axis) => {
      if (count === 1) return given;
      const length = multiply(given.shape[axis] as Size, count);
      return alongMiddle(call, given, axis, length, (joined) => call.add('Tile', [joined, call.sizes([1, count, 1])]));
    },
    { tensor, shape },
  ).tensor;
}

/** Repeats a tensor along axes of size 1, and along new axes in front, until it has another shape. */
export function repeated(call: NodeWriter, tensor: WrittenTensor, shape: Shape, newShape: Shape): WrittenTensor {
  if (shapeText(shape) === shapeText(newShape)) return tensor;
  if (newShape.length <= MAX_WEBGPU_RANK && !newShape.some(isOpen) && !newShape.includes(0))
    return call.add('BroadcastTo', [tensor, call.sizes(newShape)]);
  const filled = [...Array.from({ length: newShape.length - shape.length }, () => 1), ...shape];
  // An open size may be 1, or what it should become.
  const repetitions = newShape.map((size, axis) => (isSameSize(size, filled[axis] as Size) ? 1 : floorDivide(size, filled[axis] as Size)));
  const input = filled.length === shape.length ? tensor : reshaped(call, tensor, filled);
  return repetitions.every((each) => each === 1) ? input : tiled(call, input, filled, repetitions);
}

/** A tensor, and its shape. */
export interface Shaped {
  readonly tensor: WrittenTensor;
  readonly shape: Shape;
}

/** The most axes that some kernels of TF.js take on webgpu (4.22): pads, reversals, strided slices, running sums, blocks and Select. */
export const MAX_WEBGPU_RANK = 4;

/**
 * Computes along one axis of a tensor, which has three axes meanwhile: those in front of the axis as one, the axis, and those behind it.
 * @param length of the axis afterwards
 */
export function alongMiddle(
  call: NodeWriter,
  { tensor, shape }: Shaped,
  axis: number,
  length: Size,
  write: (tensor: WrittenTensor) => WrittenTensor,
): Shaped {
  const joined = reshaped(call, tensor, [product(shape.slice(0, axis)), shape[axis] as Size, product(shape.slice(axis + 1))]);
  const made = shape.with(axis, length);
  return { tensor: reshaped(call, write(joined), made), shape: made };
}

/**
 * Elements of a where the condition holds, else of b.
 * @param shape to which all three are broadcast
 */
export function chosen(call: NodeWriter, condition: Shaped, a: Shaped, b: Shaped, shape: Shape): WrittenTensor {
  if (shape.length <= MAX_WEBGPU_RANK) return call.add('SelectV2', [condition.tensor, a.tensor, b.tensor]);
  const inARow = ({ tensor, shape: own }: Shaped): WrittenTensor =>
    own.length === 0 ? tensor : flattened(call, repeated(call, tensor, own, shape));
  return reshaped(call, call.add('SelectV2', [condition, a, b].map(inARow)), shape);
}

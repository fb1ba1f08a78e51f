/** Writes whole numbers that say where elements are: what writers of indexing ops build on. */
import { sizeOf } from '../../../base/dtype.js';
import { stridesOf } from '../../../base/strided.js';
import { isOpen, product, type Size } from '../../../graph/size.js';
import { isClosed, type Shape } from '../../../graph/tensor.js';
import { attr } from './attributes.js';
import type { NodeWriter } from './call.js';
import type { WrittenTensor } from './graph-def.js';
import { reshaped } from './shape.js';

/** Most numbers that are written as a constant; more are counted when the graph runs. */
export const MAX_CONSTANT_RANGE = 65_536;

/** 0, 1, 2 and so on along one axis of a tensor whose other axes have one element. */
export function counted(call: NodeWriter, length: Size, rank: number, axis: number): WrittenTensor {
  const shape = Array<Size>(rank).fill(1).with(axis, length);
  if (isClosed(shape) && sizeOf(shape) <= MAX_CONSTANT_RANGE) return call.numbers('int32', [...Array(sizeOf(shape)).keys()], shape);
  const range = call.add('Range', [call.size(0), call.size(length), call.size(1)], { Tidx: attr.type('int32') });
  return rank === 1 ? range : reshaped(call, range, shape);
}

/** Whole numbers times a size. */
export const times = (call: NodeWriter, tensor: WrittenTensor, size: Size): WrittenTensor =>
  size === 1 ? tensor : call.add('Mul', [tensor, isOpen(size) ? call.size(size) : call.number(size, 'int32')]);

/**
 * Adds to indices how far each one's place on other axes lies behind the first.
 * @param shape of the indices
 * @param strides how far the places along each axis lie apart; 0 for axes that do not count
 */
export function moved(call: NodeWriter, indices: WrittenTensor, shape: Shape, strides: Shape): WrittenTensor {
  const counts: Shape = shape.map((size, axis) => (strides[axis] === 0 || size === 1 ? 1 : size));
  if (counts.every((size) => size === 1)) return indices;
  if (isClosed(counts) && isClosed(strides) && sizeOf(counts) <= MAX_CONSTANT_RANGE) {
    const own = stridesOf(counts);
    const offsets = Array.from({ length: sizeOf(counts) }, (_, place) =>
      counts.reduce((sum, size, axis) => sum + (Math.floor(place / (own[axis] as number)) % size) * (strides[axis] as number), 0),
    );
    return call.add('AddV2', [indices, call.numbers('int32', offsets, counts)]);
  }
  return counts.reduce<WrittenTensor>((tensor, size, axis) => {
    if (size === 1) return tensor;
    return call.add('AddV2', [tensor, times(call, counted(call, size, shape.length, axis), strides[axis] as Size)]);
  }, indices);
}

/** How far the elements along each axis of a tensor lie apart. */
export const openStrides = (shape: Shape): readonly Size[] => shape.map((_, axis) => product(shape.slice(axis + 1)));

/**
 * The places of elements that indices name along one axis, counted through the whole tensor.
 * @param shape of the tensor
 * @param own of the indices
 */
export function placesOfElements(call: NodeWriter, indices: WrittenTensor, axis: number, shape: Shape, own: Shape): WrittenTensor {
  const strides = openStrides(shape);
  return moved(call, times(call, indices, strides[axis] as Size), own, strides.with(axis, 0));
}

/**
 * The places that rows of indices name, counted through all axes of a tensor.
 * @param part the tensor's shape, one size for each index of a row
 * @param rank of the indices
 */
export function placesOfRows(call: NodeWriter, indices: WrittenTensor, part: Shape, rank: number): WrittenTensor {
  const axis = rank - 1;
  if (part.length === 1) return call.add('Squeeze', [indices], { squeeze_dims: attr.wholes([axis]), axis: attr.wholes([axis]) });
  const strides = openStrides(part);
  const steps = isClosed(strides) ? call.numbers('int32', strides) : call.sizes(strides);
  return call.add('Sum', [call.add('Mul', [indices, steps]), call.parameters([axis])]);
}

/** Writes slices: Slice where every element is taken, else what TF.js's backends compute right for the element type. */
import { add, isOpen, isSameSize, type Size, subtract } from '../../../graph/size.js';
import { attr, dtypeOf } from './attributes.js';
import type { Call, NodeWriter } from './call.js';
import type { WrittenTensor } from './graph-def.js';
import { MAX_WEBGPU_RANK } from './shape.js';

export function slice(call: Call<'slice'>): WrittenTensor {
  const { starts, sizes, strides } = call.attributes;
  const { dataType } = call.type();
  if (strides.every((stride) => stride === 1)) return windowOf(call, call.input(), starts, sizes);
  const ends = starts.map((start, axis) => ((strides[axis] as number) > 0 ? add : subtract)(start, sizes[axis] as Size));
  const isUntold = ends.some((end, axis) => isOpen(end) && (strides[axis] as number) < 0) || starts.length > MAX_WEBGPU_RANK;
  // On wasm, StridedSlice gives float32 whatever it takes (TF.js 4.22).
  if (isUntold || dtypeOf(dataType) !== 'float32') return gathered(call);
  // What runs backwards through the first element ends before 0, which no number tells, since -1 means the last element.
  const endMask = ends.reduce<number>((mask, end, axis) => (end === -1 && (strides[axis] as number) < 0 ? mask | (1 << axis) : mask), 0);
  return call.add('StridedSlice', [call.input(), call.sizes(starts), call.sizes(ends), call.parameters(strides)], {
    end_mask: attr.whole(endMask),
  });
}

/** Every element of a window of the first input. A size that reaches the end of its axis is told by -1. */
export function windowOf(call: NodeWriter, tensor: WrittenTensor, starts: readonly Size[], sizes: readonly Size[]): WrittenTensor {
  const { shape } = call.type();
  if (shape.every((size, axis) => starts[axis] === 0 && isSameSize(size, sizes[axis] as Size))) return tensor;
  const lengths = sizes.map((size, axis) => (isOpen(size) && isSameSize(add(starts[axis] as Size, size), shape[axis] as Size) ? -1 : size));
  return call.add('Slice', [tensor, call.sizes(starts), call.sizes(lengths)]);
}

/** Cuts the window out of the axes whose every element is taken, and gathers along the others. */
function gathered(call: Call<'slice'>): WrittenTensor {
  const { starts, sizes, strides } = call.attributes;
  const { shape } = call.type();
  const isEach = strides.map((stride) => stride === 1);
  const window = windowOf(
    call,
    call.input(),
    starts.map((start, axis) => (isEach[axis] ? start : 0)),
    sizes.map((size, axis) => (isEach[axis] ? size : (shape[axis] as Size))),
  );
  return strides.reduce((tensor, stride, axis) => {
    if (stride === 1) return tensor;
    return call.add('GatherV2', [tensor, places(call, starts[axis] as Size, sizes[axis] as Size, stride), call.parameter(axis)]);
  }, window);
}

/** Every `stride`-th place of a window. */
function places(call: NodeWriter, start: Size, size: Size, stride: number): WrittenTensor {
  if (isOpen(start) || isOpen(size)) {
    const end = stride > 0 ? add(start, size) : subtract(start, size);
    return call.add('Range', [call.size(start), call.size(end), call.parameter(stride)], { Tidx: attr.type('int32') });
  }
  return call.parameters(Array.from({ length: Math.ceil(size / Math.abs(stride)) }, (_, index) => start + index * stride));
}

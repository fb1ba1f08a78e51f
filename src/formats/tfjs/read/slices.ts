/** Which elements TensorFlow's Slice and StridedSlice take along each axis. */
import { type Size, subtract } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { fromFront, type Range, rangeOf } from '../../reading/ranges.js';
import type { Call } from './call.js';

/** The ranges of a Slice. A size of -1 takes all that is left. */
export function sliceOf(call: Call, shape: Shape): readonly Range[] {
  const [starts, sizes] = [call.sizes(1, 'starts'), call.sizes(2, 'sizes')];
  if (starts.length !== shape.length || sizes.length !== shape.length)
    throw call.broken(`takes ${starts.length} starts and ${sizes.length} sizes of ${shape.length} dimensions`);
  return shape.map((length, axis) => {
    const start = starts[axis] as Size;
    const extent = sizes[axis] === -1 ? subtract(length, start) : (sizes[axis] as Size);
    return { start, extent, count: extent, stride: 1 };
  });
}

/**
 * The ranges of a StridedSlice along the axes of its input, and the output's shape: axes of a single index are gone, and new ones
 * stand between them.
 */
export function stridedSliceOf(call: Call, input: Shape): { readonly ranges: readonly Range[]; readonly shape: Shape } {
  const [begins, ends, strides] = [call.sizes(1, 'starts'), call.sizes(2, 'ends'), call.wholes(3, 'strides')];
  if (begins.length !== ends.length || begins.length !== strides.length)
    throw call.broken(`takes ${begins.length} starts, ${ends.length} ends and ${strides.length} strides`);
  const has = (name: string) => {
    const mask = call.attributes.whole(name, 0);
    return (index: number) => ((mask >> index) & 1) === 1;
  };
  const [hasNoBegin, hasNoEnd, isEllipsis, isNew, isShrunk] = [
    ...(['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'] as const).map(has),
  ] as [Has, Has, Has, Has, Has];
  const named = begins.filter((_, index) => !isEllipsis(index) && !isNew(index)).length;
  if (named > input.length) throw call.broken(`takes ${named} slices of ${input.length} dimensions`);
  const ranges: Range[] = [];
  const shape: Size[] = [];
  const take = (range: Range, isKept = true): void => {
    ranges.push(range);
    if (isKept) shape.push(range.count);
  };
  const takeAll = (count: number): void => {
    for (let left = count; left > 0; left--) {
      const length = input[ranges.length] as Size;
      take({ start: 0, extent: length, count: length, stride: 1 });
    }
  };
  for (const [index, begin] of begins.entries()) {
    const length = input[ranges.length] as Size;
    const stride = strides[index] as number;
    if (isEllipsis(index)) takeAll(input.length - named);
    else if (isNew(index)) shape.push(1);
    else if (isShrunk(index)) take({ start: fromFront(begin, length), extent: 1, count: 1, stride: 1 }, false);
    else if (stride === 0) throw call.broken('has a stride of 0');
    else take(rangeOf(hasNoBegin(index) ? undefined : begin, hasNoEnd(index) ? undefined : (ends[index] as Size), stride, length));
  }
  takeAll(input.length - ranges.length);
  return { ranges, shape };
}

type Has = (index: number) => boolean;

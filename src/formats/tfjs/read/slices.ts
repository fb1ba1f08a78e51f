/** Which elements TensorFlow's Slice and StridedSlice take along each axis. */
import { add, ceilDivide, isOpen, isSameSize, max, min, type Size, subtract } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import type { Call } from './call.js';

/** The elements that are taken along one axis: `count` of them from `start` on, `stride` apart, within `extent` elements. */
export interface Range {
  readonly start: Size;
  readonly extent: Size;
  readonly count: Size;
  readonly stride: number;
}

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

/** An index that counts from the end if it is below 0. An open one counts from the front. */
const fromFront = (index: Size, length: Size): Size => (!isOpen(index) && index < 0 ? add(length, index) : index);

/** Places beyond an end are at the end, as in Python. */
function rangeOf(begin: Size | undefined, end: Size | undefined, stride: number, length: Size): Range {
  /** Between a place that is not behind the first one, and `length` or the place before it. */
  const within = (index: Size, least: Size, greatest: Size): Size => {
    if (!isOpen(index)) return index < 0 ? max(add(length, index), least) : min(index, greatest);
    return isSameSize(index, greatest) ? greatest : max(min(index, greatest), least);
  };
  if (stride > 0) {
    const start = begin === undefined ? 0 : within(begin, 0, length);
    const stop = end === undefined ? length : within(end, 0, length);
    const extent = start === 0 || stop === length ? subtract(stop, start) : subtract(max(stop, start), start);
    return { start, extent, count: ceilDivide(extent, stride), stride };
  }
  const last = subtract(length, 1);
  const start = begin === undefined ? last : within(begin, -1, last);
  const stop = end === undefined ? -1 : within(end, -1, last);
  const extent = subtract(max(start, stop), stop);
  return { start: extent === 0 ? 0 : start, extent, count: ceilDivide(extent, -stride), stride };
}

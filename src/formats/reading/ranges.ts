/** Which elements a slice takes along an axis. */
import { add, ceilDivide, isOpen, isSameSize, max, min, type Size, subtract } from '../../graph/size.js';

/** The elements that are taken along one axis: `count` of them from `start` on, `stride` apart, within `extent` elements. */
export interface Range {
  readonly start: Size;
  readonly extent: Size;
  readonly count: Size;
  readonly stride: number;
}

/** An index that counts from the end if it is below 0. An open one counts from the front. */
export const fromFront = (index: Size, length: Size): Size => (!isOpen(index) && index < 0 ? add(length, index) : index);

/** The range from one index to another, as Python slices: places beyond an end are at the end. @param begin undefined for the end it starts at */
export function rangeOf(begin: Size | undefined, end: Size | undefined, stride: number, length: Size): Range {
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

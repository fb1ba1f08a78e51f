/** Windows that move over height and width: convolutions and pools have them. */
import { add, ceilDivide, floorDivide, max, multiply, type Size, subtract } from './size.js';

/** How a window moves, and what lies around the picture. */
export type WindowAttributes = {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly autoPad: 'explicit' | 'sameUpper' | 'sameLower';
  readonly padding: readonly number[];
};

/** The number of elements that a window of `size` elements covers along an axis. */
export const extent = (windowSize: number, dilation: number): number => (windowSize - 1) * dilation + 1;

/** What lies before and behind an axis of `length` elements: the padding that a window's attributes mean. */
export function paddingOf(length: number, windowSize: number, axis: 0 | 1, attributes: WindowAttributes): [before: number, behind: number];
export function paddingOf(length: Size, windowSize: number, axis: 0 | 1, attributes: WindowAttributes): [before: Size, behind: Size];
export function paddingOf(
  length: Size,
  windowSize: number,
  axis: 0 | 1,
  { strides, dilations, autoPad, padding }: WindowAttributes,
): [before: Size, behind: Size] {
  if (autoPad === 'explicit') return [padding[2 * axis] as number, padding[2 * axis + 1] as number];
  const [stride, reach] = [strides[axis] as number, extent(windowSize, dilations[axis] as number)];
  // A window of one element needs no padding at any size.
  if (reach === 1) return [0, 0];
  const covered = add(multiply(subtract(ceilDivide(length, stride), 1), stride), reach);
  const total = max(subtract(covered, length), 0);
  const less = floorDivide(total, 2);
  return autoPad === 'sameUpper' ? [less, subtract(total, less)] : [subtract(total, less), less];
}

/** The elements of one window along one axis. */
export interface Span {
  /** Places in the picture. */
  readonly places: readonly number[];
  /** How many elements lie in the picture or in its padding: fewer than the window has if it reaches beyond both. */
  readonly padded: number;
}

/** The elements of the window of a number along an axis of `length` elements. */
export function spanOf(place: number, length: number, windowSize: number, axis: 0 | 1, attributes: WindowAttributes): Span {
  const [before, behind] = paddingOf(length, windowSize, axis, attributes);
  const dilation = attributes.dilations[axis] as number;
  const first = place * (attributes.strides[axis] as number) - before;
  // A window may be far larger than the picture, so that its elements outside are counted and not listed.
  const countBelow = (end: number): number => Math.min(windowSize, Math.max(0, Math.ceil((end - first) / dilation)));
  const [start, end] = [countBelow(0), countBelow(length)];
  const places = Array.from({ length: end - start }, (_, index) => first + (start + index) * dilation);
  return { places, padded: countBelow(length + behind) };
}

/** A reshape that takes the input of a transpose instead of its output, and is followed by a transpose instead. */
import { isOpen, isSameSize, product, type Size } from '../graph/size.js';
import type { Shape } from '../graph/tensor.js';
import type { Permutation } from './permutation.js';

/** Axes of one shape that become axes of another one: both have as many elements. */
interface Group {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * Moves a transpose behind a reshape. That is possible where the reshape joins and splits axes which lie side by side and in order before
 * the transpose, too: of [1, height, width, 80] as [1, 80, height, width] and then as [1, 80, height · width], height and width are joined
 * before as well as after the 80 move.
 * @param shape that is reshaped @param permutation of the transpose before
 */
export function transposedReshape(
  shape: Shape,
  newShape: Shape,
  permutation: Permutation,
): { readonly newShape: Shape; readonly permutation: Permutation } | undefined {
  const groups = groupsOf(shape, newShape);
  const blocks = groups?.map(({ from, to }) => {
    const long = from.filter((axis) => shape[axis] !== 1).map((axis) => permutation[axis] as number);
    const isBlock = long.every((axis, index) => index === 0 || isNext(long[index - 1] as number, axis, shape, permutation));
    return isBlock ? { to, place: long[0] ?? -1 } : undefined;
  });
  if (blocks === undefined || !blocks.every((block) => block !== undefined)) return undefined;
  const axes = blocks.toSorted((a, b) => a.place - b.place).flatMap(({ to }) => to);
  return { newShape: axes.map((axis) => newShape[axis] as Size), permutation: newShape.map((_, axis) => axes.indexOf(axis)) };
}

/** Whether an axis follows another one before the transpose, but for axes of one element between them. */
function isNext(axis: number, next: number, shape: Shape, permutation: Permutation): boolean {
  if (next < axis) return false;
  const between = Array.from({ length: next - axis - 1 }, (_, index) => axis + 1 + index);
  return between.every((each) => shape[permutation.indexOf(each)] === 1);
}

/** The least groups of axes that become each other; undefined where open sizes leave that unknown, or nothing is held. */
function groupsOf(shape: Shape, newShape: Shape): readonly Group[] | undefined {
  const groups: Group[] = [];
  let [at, made] = [0, 0];
  while (at < shape.length || made < newShape.length) {
    const from = at < shape.length ? [at++] : [];
    const to = made < newShape.length ? [made++] : [];
    const sizes = () => [product(from.map((axis) => shape[axis] as Size)), product(to.map((axis) => newShape[axis] as Size))] as const;
    for (let [a, b] = sizes(); !isSameSize(a, b); [a, b] = sizes()) {
      // Axes of one element join whatever comes next.
      const isSingle = a === 1 || b === 1;
      if (!isSingle && (isOpen(a) || isOpen(b))) return undefined;
      if (a === 0 || b === 0) return undefined;
      const isShort = isSingle ? a === 1 : a < b;
      if (isShort ? at === shape.length : made === newShape.length) return undefined;
      if (isShort) from.push(at++);
      else to.push(made++);
    }
    groups.push({ from, to });
  }
  return groups;
}

/** A picture with room around it. */
import type { I32 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import { copy, fill } from '../kernels/copy.js';
import { rowMajor } from '../kernels/loops.js';
import type { Addresses, Lowering } from './step.js';

/** Copies a picture into the step's own memory. @param value the bits of the elements around it */
export function padPicture(
  { kernels }: Lowering,
  [height, width, channels]: readonly [number, number, number],
  [top, left]: readonly [number, number],
  [paddedHeight, paddedWidth]: readonly [number, number],
  value = 0,
): (at: Addresses, from: I32) => void {
  const outer = rowMajor([paddedHeight, paddedWidth, channels]);
  const sides = [
    { first: [0, 0], sizes: [top, paddedWidth] },
    { first: [top + height, 0], sizes: [paddedHeight - top - height, paddedWidth] },
    { first: [top, 0], sizes: [height, left] },
    { first: [top, left + width], sizes: [height, paddedWidth - left - width] },
  ].filter(({ sizes }) => sizes.every((size) => size > 0));
  const offsetOf = ([row, column]: readonly number[]): number => 4 * channels * ((row as number) * paddedWidth + (column as number));
  const fills = sides.map(({ first, sizes }) => ({
    offset: offsetOf(first),
    run: fill(kernels, { sizes: [...sizes, channels], strides: [outer] }, value),
  }));
  const inner = copy(kernels, { sizes: [height, width, channels], strides: [rowMajor([height, width, channels]), outer] });
  return ({ body, scratch }, from) => {
    for (const { offset, run } of fills) body.call(run, i32.offset(scratch, offset));
    body.call(inner, from, i32.offset(scratch, offsetOf([top, left])));
  };
}

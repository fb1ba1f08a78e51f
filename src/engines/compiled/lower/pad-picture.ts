/** A picture with room around it. */
import type { I32 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import { copy } from '../kernels/copy.js';
import { rowMajor } from '../kernels/loops.js';
import { fillAround } from './fill-around.js';
import type { Addresses, Lowering } from './step.js';

/** Copies a picture into the step's own memory. @param value the bits of the elements around it */
export function padPicture(
  { kernels }: Lowering,
  [height, width, channels]: readonly [number, number, number],
  [top, left]: readonly [number, number],
  [paddedHeight, paddedWidth]: readonly [number, number],
  value = 0,
): (at: Addresses, from: I32) => void {
  const outer = [paddedHeight, paddedWidth, channels];
  const strides = rowMajor(outer);
  const around = fillAround(kernels, [height, width, channels], outer, [top, left, 0], value);
  const inner = copy(kernels, { sizes: [height, width, channels], strides: [rowMajor([height, width, channels]), strides] });
  return ({ body, scratch }, from) => {
    around(body, scratch);
    body.call(inner, from, i32.offset(scratch, 4 * channels * (top * paddedWidth + left)));
  };
}

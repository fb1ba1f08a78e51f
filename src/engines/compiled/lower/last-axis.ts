/** Copies around kernels that compute along the last axis, for ops along another one. */
import type { Callable } from '../asm/function.js';
import { copy } from '../kernels/copy.js';
import type { Kernels } from '../kernels/kernel.js';
import { rowMajor } from '../kernels/loops.js';

/** Whether the elements along an axis lie side by side. */
export const isLastAxis = (shape: readonly number[], axis: number): boolean => shape.slice(axis + 1).every((size) => size === 1);

/** Kernels that bring an axis of a tensor to the end, and back. Parameters: the addresses of the tensor and of the copy. */
export function axisCopies(
  kernels: Kernels,
  shape: readonly number[],
  axis: number,
): { readonly toLast: Callable; readonly fromLast: Callable } {
  const sizes = [...shape.toSpliced(axis, 1), shape[axis] as number];
  const strides = rowMajor(shape);
  const moved = [...strides.toSpliced(axis, 1), strides[axis] as number];
  return {
    toLast: copy(kernels, { sizes, strides: [moved, rowMajor(sizes)] }),
    fromLast: copy(kernels, { sizes, strides: [rowMajor(sizes), moved] }),
  };
}

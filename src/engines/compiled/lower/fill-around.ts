/** The elements around a tensor that lies within a larger one. */
import type { I32 } from '../asm/code.js';
import type { FunctionBuilder } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { fill } from '../kernels/copy.js';
import type { Kernels } from '../kernels/kernel.js';
import { rowMajor } from '../kernels/loops.js';

type Sizes = readonly number[];

/**
 * Sets all elements of a tensor that do not belong to a smaller one within it, each once.
 * @param beginning the place of the smaller one's first element
 * @param value the bits of each element
 */
export function fillAround(
  kernels: Kernels,
  inner: Sizes,
  outer: Sizes,
  beginning: Sizes,
  value: number,
): (body: FunctionBuilder, to: I32) => void {
  const strides = rowMajor(outer);
  // Before and behind the smaller tensor along an axis: all of the axes within it, and of those around it only its own part.
  const sides = inner.flatMap((size, axis) => {
    const before = beginning[axis] as number;
    const end = before + size;
    return [
      { first: 0, length: before },
      { first: end, length: (outer[axis] as number) - end },
    ].map(({ first, length }) => ({
      sizes: [...inner.slice(0, axis), length, ...outer.slice(axis + 1)],
      element: [...beginning.slice(0, axis), first].reduce((sum, place, index) => sum + place * (strides[index] as number), 0),
    }));
  });
  const fills = sides
    .filter(({ sizes }) => sizes.every((size) => size > 0))
    .map(({ sizes, element }) => ({ element, run: fill(kernels, { sizes, strides: [strides] }, value) }));
  return (body, to) => {
    for (const { element, run } of fills) body.call(run, i32.offset(to, 4 * element));
  };
}

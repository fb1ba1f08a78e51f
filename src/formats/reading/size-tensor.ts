/** Tensors whose elements are sizes, or are computed from sizes: the reader works them out, so that no node of the graph has to. */

import { sizeOf } from '../../base/dtype.js';
import type { DataType } from '../../graph/element-type.js';
import { product, type Size } from '../../graph/size.js';

/** A small tensor of whole numbers that are known when the model is read, but for the values of its open sizes. */
export interface SizeTensor {
  readonly dataType: Extract<DataType, 'int32' | 'int64' | 'float32' | 'bool'>;
  readonly shape: readonly number[];
  /** Row by row. */
  readonly sizes: readonly Size[];
}

/** The most elements that a tensor is worked out for. Shapes have a few; a table of numbers is no shape. */
export const MAX_SIZE_ELEMENTS = 256;

/** A list of sizes. */
export const sizeList = (sizes: readonly Size[], dataType: SizeTensor['dataType'] = 'int32'): SizeTensor => ({
  dataType,
  shape: [sizes.length],
  sizes,
});

/** One size without axes. */
export const sizeScalar = (size: Size, dataType: SizeTensor['dataType'] = 'int32'): SizeTensor => ({ dataType, shape: [], sizes: [size] });

/** A shape in which one size may be -1: it is what the number of elements leaves for it. */
export function filledShape(wanted: readonly Size[], elements: Size, quotient: (a: Size, b: Size) => Size): readonly Size[] {
  const open = wanted.indexOf(-1);
  if (open < 0) return wanted;
  return wanted.with(open, quotient(elements, product(wanted.toSpliced(open, 1))));
}

/** The elements of a tensor at places of each axis, row by row. */
export function elementsAt({ shape, sizes }: SizeTensor, places: readonly (readonly number[])[]): readonly Size[] {
  const steps = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const offsets = places.reduce<readonly number[]>(
    (found, along, axis) => found.flatMap((offset) => along.map((place) => offset + place * (steps[axis] as number))),
    [0],
  );
  return offsets.map((offset) => sizes[offset] as Size);
}

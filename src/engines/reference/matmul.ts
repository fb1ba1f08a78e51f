/** The reference of matrix products. */
import { sizeOf } from '../../base/dtype.js';
import { broadcastStrides, eachRow } from '../../base/strided.js';
import { isFloat } from '../../graph/element-type.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernel } from './kernel.js';
import { multiplyInto, packRight } from './matrix-product.js';
import { narrow, wide, wideArray } from './wide.js';

export const matmul: Kernel<'matmul'> = ({ inputs, shapes }) => {
  const [a, b] = inputs as readonly [Tensor, Tensor];
  const shape = shapes[0] as readonly number[];
  const [rows, depth, columns] = [shape.at(-2), a.shape.at(-1), shape.at(-1)] as [number, number, number];
  const batch = shape.slice(0, -2);
  const results = wideArray(a.dataType, sizeOf(shape));
  if (isFloat(a.dataType)) {
    const left = new Float64Array(a.data);
    const product = new Float64Array(rows * columns);
    let at = 0;
    eachMatrix(batch, a, b, (first, second) => {
      const right = packRight(b.data, depth, columns, { start: second * depth * columns, rowStep: columns, columnStep: 1 });
      multiplyInto(product, left.subarray(first * rows * depth, (first + 1) * rows * depth), rows, right);
      results.set(product, at);
      at += product.length;
    });
  } else multiplyWhole(a, b, batch, results, [rows, depth, columns]);
  return [{ dataType: a.dataType, shape, data: narrow(a.dataType, results) }];
};

/** Whole numbers: products and sums keep their lowest 32 bits; int64 is as exact as float64. */
function multiplyWhole(
  a: Tensor,
  b: Tensor,
  batch: readonly number[],
  results: Float32Array | Float64Array,
  sizes: readonly number[],
): void {
  const [rows, depth, columns] = sizes as readonly [number, number, number];
  const [left, right] = [wide(a.data), wide(b.data)];
  const add =
    a.dataType === 'int64'
      ? (sum: number, x: number, y: number) => sum + x * y
      : (sum: number, x: number, y: number) => (sum + Math.imul(x, y)) | 0;
  let at = 0;
  eachMatrix(batch, a, b, (first, second) => {
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let index = 0; index < depth; index++)
          sum = add(
            sum,
            left[(first * rows + row) * depth + index] as number,
            right[(second * depth + index) * columns + column] as number,
          );
        results[at++] = sum;
      }
  });
}

/** Visits the pairs of matrices, in the order of the result. @param visit gets the number of the matrix in a and in b */
function eachMatrix(batch: readonly number[], a: Tensor, b: Tensor, visit: (first: number, second: number) => void): void {
  const strides = [a, b].map(({ shape }) => broadcastStrides(shape.slice(0, -2), batch));
  eachRow(batch, strides, (starts, length, steps) => {
    for (let index = 0; index < length; index++)
      visit((starts[0] as number) + index * (steps[0] as number), (starts[1] as number) + index * (steps[1] as number));
  });
}

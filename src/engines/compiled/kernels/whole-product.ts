/** Products of matrices of whole numbers, in their lowest 32 bits: tiles of four rows and eight columns. */
import type { Callable, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import { type Axes, writeOuterLoops } from './loops.js';
import type { Reduction } from './reduce.js';

const TILE_ROWS = 4;
const TILE_COLUMNS = 8;

export interface WholeProductShape {
  /** The loops over matrices, with the elements from one to the next: of the left ones, of the right ones and of the output. */
  readonly batch: Axes;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

/** Parameters: the addresses of the left matrices, of the right ones and of the output. @param sum how products are added up */
export const wholeProduct = (kernels: Kernels, shape: WholeProductShape, sum: Reduction): Callable =>
  kernels.define(`whole product ${JSON.stringify(shape)} ${sum.name}`, ['i32', 'i32', 'i32'], undefined, (body, ...addresses) => {
    const { batch, rows, depth, columns } = shape;
    const one: Axes = { sizes: [...batch.sizes, 1], strides: batch.strides.map((each) => [...each, 0]) };
    writeOuterLoops(body, one, addresses, (pointers) => {
      const [left, right, out] = pointers.map((each) => body.let(each)) as [Local<'i32'>, Local<'i32'>, Local<'i32'>];
      const tile = (tileRows: number, tileColumns: number, column: Local<'i32'>, target: Local<'i32'>): void => {
        const [a, b] = [body.let(left), body.let(column)];
        const places = Array.from({ length: tileRows }, (_, row) => row);
        const vectors = Array.from({ length: Math.ceil(tileColumns / 4) }, (_, vector) => vector);
        const sums = places.map(() => vectors.map(() => body.let(sum.neutral)));
        body.repeat(depth, () => {
          const line = vectors.map((vector) => body.let(v128.load(b, 16 * vector)));
          for (const [row, ofRow] of sums.entries()) {
            const element = body.let(v128.load32Splat(a, 4 * row * depth));
            for (const [vector, total] of ofRow.entries())
              body.set(total, sum.combine(total, i32x4.mul(element, line[vector] as Local<'v128'>)));
          }
          body.advance(a, 4);
          body.advance(b, 4 * columns);
        });
        for (const [row, ofRow] of sums.entries())
          for (const [vector, total] of ofRow.entries()) {
            const result = body.let(sum.after?.(body, total) ?? total);
            body.storeLanes(target, result, Math.min(4, tileColumns - 4 * vector), 4 * row * columns + 16 * vector);
          }
        for (const each of [column, target]) body.advance(each, 4 * tileColumns);
      };
      const line = (tileRows: number): void => {
        const [column, target] = [body.let(right), body.let(out)];
        if (columns >= TILE_COLUMNS) body.repeat(Math.floor(columns / TILE_COLUMNS), () => tile(tileRows, TILE_COLUMNS, column, target));
        if (columns % TILE_COLUMNS > 0) tile(tileRows, columns % TILE_COLUMNS, column, target);
        body.set(left, i32.offset(left, 4 * tileRows * depth));
        body.set(out, i32.offset(out, 4 * tileRows * columns));
      };
      if (rows >= TILE_ROWS) body.repeat(Math.floor(rows / TILE_ROWS), () => line(TILE_ROWS));
      if (rows % TILE_ROWS > 0) line(rows % TILE_ROWS);
    });
  });

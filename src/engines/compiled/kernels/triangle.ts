/** Triangles of matrices: all elements on the other side of a diagonal become 0. */
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';

export interface TriangleShape {
  readonly matrices: number;
  readonly rows: number;
  readonly columns: number;
  readonly isUpper: boolean;
  /** The column of the first row that the diagonal goes through. */
  readonly diagonal: number;
}

/** Parameters: the addresses of the matrices and of the output, which may be the same. */
export const triangle = (kernels: Kernels, shape: TriangleShape): Callable =>
  kernels.define(`triangle ${JSON.stringify(shape)}`, ['i32', 'i32'], undefined, (body, from, to) => {
    const { matrices, rows, columns, isUpper, diagonal } = shape;
    const isOutside = isUpper ? i32x4.lt : i32x4.gt;
    body.repeat(matrices, () => {
      const limit = body.let(i32.const(diagonal));
      body.repeat(rows, () => {
        const column = body.let(i32x4.fromF32(v128.const([0, 1, 2, 3])));
        const four = (lanes: number): void => {
          const outside = isOutside(column, i32x4.splat(limit));
          body.storeLanes(to, body.let(v128.select(i32x4.const(0), v128.load(from), outside)), lanes);
          for (const each of [from, to]) body.advance(each, 4 * lanes);
          body.set(column, i32x4.add(column, i32x4.const(4)));
        };
        if (columns >= 4) body.repeat(Math.floor(columns / 4), () => four(4));
        if (columns % 4 > 0) four(columns % 4);
        body.advance(limit, 1);
      });
    });
  });

/** How weights are laid out when the model is loaded. These kernels serve all weights, so that sizes and places are parameters. */
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import type { Kernels } from './kernel.js';

/**
 * Lays a matrix out in blocks of columns: each block has all rows, and of each row its own columns. Columns that the last block has too
 * many stay as they are.
 * Parameters: the address of the matrix, its rows, its columns, bytes between rows, bytes between columns, columns of a block, the
 * address of the first block, bytes between blocks.
 */
export const interleave = (kernels: Kernels): Callable =>
  kernels.define(
    'interleave',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    undefined,
    (body, from, rows, columns, rowBytes, columnBytes, width, to, blockBytes) => {
      const row = body.let(i32.const(0));
      body.loop(() => {
        const column = body.let(i32.const(0));
        const source = body.let(from);
        const target = body.let(to);
        const place = body.let(i32.const(0));
        body.loop(() => {
          body.store(target, i32.load(source));
          body.advance(source, columnBytes);
          body.advance(target, 4);
          body.advance(place, 1);
          body.if(i32.eq(place, width), () => {
            body.set(place, i32.const(0));
            body.set(target, i32.add(i32.sub(target, i32.mul(width, i32.const(4))), blockBytes));
          });
          body.advance(column, 1);
          return i32.ltS(column, columns);
        });
        body.advance(from, rowBytes);
        body.advance(to, i32.mul(width, i32.const(4)));
        body.advance(row, 1);
        return i32.ltS(row, rows);
      });
    },
  );

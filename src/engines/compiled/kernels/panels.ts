/** How weights are laid out when the model is loaded. These kernels serve all weights, so that sizes and places are parameters. */
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
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

const HALF_MAGNITUDE = 0x7fff;
const HALF_SIGN = 0x8000;

/** Halves become floats, four at a time. Parameters: the address of the halves, how many turns of four there are, the address of the floats. */
export const widenHalves = (kernels: Kernels): Callable =>
  kernels.define('widenHalves', ['i32', 'i32', 'i32'], undefined, (body, from, turns, to) => {
    body.repeat(turns, () => {
      const half = body.let(v128.load16x4U(from));
      const sign = i32x4.shl(v128.and(half, i32x4.const(HALF_SIGN)), 16);
      const shifted = body.let(i32x4.shl(v128.and(half, i32x4.const(HALF_MAGNITUDE)), 13));
      // A factor moves the exponent, and makes numbers without a leading one what they are. Infinity and NaN keep the greatest exponent.
      const finite = f32x4.mul(shifted, f32x4.const(2 ** 112));
      const special = v128.or(shifted, i32x4.const(0x7f800000));
      const isSpecial = i32x4.ge(shifted, i32x4.const(0x7c00 << 13));
      body.store(to, v128.or(sign, v128.select(special, finite, isSpecial)));
      body.advance(from, 8);
      body.advance(to, 16);
    });
  });

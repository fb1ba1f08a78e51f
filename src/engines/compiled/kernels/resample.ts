/** Another height and width of a picture. Tables, made when the model is compiled, say where each row and column comes from. */
import type { I32, V128 } from '../asm/code.js';
import type { Callable, FunctionBuilder } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';

/** The bytes of one entry of a table: the offsets of two neighbours in bytes, and the weight of the second one. */
export const ENTRY_BYTES = 12;

/** Four numbers at a time, then those that are left. @param write gets how many numbers it computes */
export function eachChannel(body: FunctionBuilder, channels: number, write: (lanes: number) => void): void {
  const vectors = Math.floor(channels / 4);
  if (vectors > 0) body.repeat(vectors, () => write(4));
  if (channels % 4 > 0) write(channels % 4);
}

/**
 * Weighs the four neighbours of each place.
 * Parameters: the addresses of the picture, of the output, of the table of rows and of the table of columns.
 */
export const resampleLinear = (kernels: Kernels, height: number, width: number, channels: number): Callable =>
  kernels.define(`linear ${height} ${width} ${channels}`, ['i32', 'i32', 'i32', 'i32'], undefined, (body, picture, out, rows, columns) => {
    body.repeat(height, () => {
      const above = body.let(i32.add(picture, i32.load(rows)));
      const below = body.let(i32.add(picture, i32.load(rows, 4)));
      const down = body.let(v128.load32Splat(rows, 8));
      const column = body.let(columns);
      body.repeat(width, () => {
        const across = body.let(v128.load32Splat(column, 8));
        const corner = (line: I32, offset: number) => body.let(i32.add(line, i32.load(column, offset)));
        const [topLeft, topRight] = [corner(above, 0), corner(above, 4)];
        const [bottomLeft, bottomRight] = [corner(below, 0), corner(below, 4)];
        const between = (a: I32, b: I32): V128 => {
          const first = body.let(v128.load(a));
          return kernels.multiplyAdd(f32x4.sub(v128.load(b), first), across, first);
        };
        eachChannel(body, channels, (lanes) => {
          const top = body.let(between(topLeft, topRight));
          const bottom = between(bottomLeft, bottomRight);
          body.storeLanes(out, body.let(kernels.multiplyAdd(f32x4.sub(bottom, top), down, top)), lanes);
          for (const each of [out, topLeft, topRight, bottomLeft, bottomRight]) body.advance(each, 4 * lanes);
        });
        body.advance(column, ENTRY_BYTES);
      });
      body.advance(rows, ENTRY_BYTES);
    });
  });

/** Takes the nearest element. Parameters and tables as those of {@link resampleLinear}; only the first offset of an entry is read. */
export const resampleNearest = (kernels: Kernels, height: number, width: number, channels: number): Callable =>
  kernels.define(`nearest ${height} ${width} ${channels}`, ['i32', 'i32', 'i32', 'i32'], undefined, (body, picture, out, rows, columns) => {
    body.repeat(height, () => {
      const line = body.let(i32.add(picture, i32.load(rows)));
      const column = body.let(columns);
      body.repeat(width, () => {
        const pixel = body.let(i32.add(line, i32.load(column)));
        eachChannel(body, channels, (lanes) => {
          body.storeLanes(out, body.let(v128.load(pixel)), lanes);
          for (const each of [out, pixel]) body.advance(each, 4 * lanes);
        });
        body.advance(column, ENTRY_BYTES);
      });
      body.advance(rows, ENTRY_BYTES);
    });
  });

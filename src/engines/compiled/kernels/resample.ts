/** Another height and width of a picture. Tables, made when the model is compiled, say where each row and column comes from. */
import type { I32, V128 } from '../asm/code.js';
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, v128 } from '../asm/vector.js';
import { writeRun } from './copy.js';
import type { Kernels } from './kernel.js';

/** The bytes of one entry of a table: the offsets of two neighbours in bytes, and the weight of the second one. */
export const ENTRY_BYTES = 12;

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
        const between = (a: I32, b: I32, offset: number): V128 => {
          const first = body.let(v128.load(a, offset));
          return kernels.multiplyAdd(f32x4.sub(v128.load(b, offset), first), across, first);
        };
        writeRun(body, channels, [topLeft, topRight, bottomLeft, bottomRight, body.let(out)], (offset) => {
          const top = body.let(between(topLeft, topRight, offset));
          return kernels.multiplyAdd(f32x4.sub(between(bottomLeft, bottomRight, offset), top), down, top);
        });
        body.advance(out, 4 * channels);
        body.advance(column, ENTRY_BYTES);
      });
      body.advance(rows, ENTRY_BYTES);
    });
  });

/** The sizes of a picture that is resampled row by row. */
interface RowwiseShape {
  readonly inputWidth: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Bytes of memory for a weighed row. */
export const rowwiseScratchBytes = ({ inputWidth, channels }: RowwiseShape): number => 4 * inputWidth * channels;

/**
 * Weighs two rows for each row of the output, then two neighbours in that row for each place: two weighings of an element where
 * {@link resampleLinear} has three, as long as the output is not much narrower than the picture.
 * Parameters: those of {@link resampleLinear}, then the address of the memory for a row.
 */
export const resampleRowwise = (kernels: Kernels, shape: RowwiseShape): Callable =>
  kernels.define(
    `linear rowwise ${JSON.stringify(shape)}`,
    ['i32', 'i32', 'i32', 'i32', 'i32'],
    undefined,
    (body, picture, out, rows, columns, scratch) => {
      const { inputWidth, height, width, channels } = shape;
      const weighed = (a: I32, b: I32, weight: V128, offset: number): V128 => {
        const first = body.let(v128.load(a, offset));
        return kernels.multiplyAdd(f32x4.sub(v128.load(b, offset), first), weight, first);
      };
      body.repeat(height, () => {
        const [above, below] = [0, 4].map((offset) => body.let(i32.add(picture, i32.load(rows, offset)))) as [typeof out, typeof out];
        const down = body.let(v128.load32Splat(rows, 8));
        writeRun(body, inputWidth * channels, [above, below, body.let(scratch)], (offset) => weighed(above, below, down, offset));
        const column = body.let(columns);
        body.repeat(width, () => {
          const [left, right] = [0, 4].map((offset) => body.let(i32.add(scratch, i32.load(column, offset)))) as [typeof out, typeof out];
          const across = body.let(v128.load32Splat(column, 8));
          writeRun(body, channels, [left, right, body.let(out)], (offset) => weighed(left, right, across, offset));
          body.advance(out, 4 * channels);
          body.advance(column, ENTRY_BYTES);
        });
        body.advance(rows, ENTRY_BYTES);
      });
    },
  );

/** Takes the nearest element. Parameters and tables as those of {@link resampleLinear}; only the first offset of an entry is read. */
export const resampleNearest = (kernels: Kernels, height: number, width: number, channels: number): Callable =>
  kernels.define(`nearest ${height} ${width} ${channels}`, ['i32', 'i32', 'i32', 'i32'], undefined, (body, picture, out, rows, columns) => {
    body.repeat(height, () => {
      const line = body.let(i32.add(picture, i32.load(rows)));
      const column = body.let(columns);
      body.repeat(width, () => {
        const pixel = body.let(i32.add(line, i32.load(column)));
        writeRun(body, channels, [pixel, body.let(out)], (offset) => v128.load(pixel, offset));
        body.advance(out, 4 * channels);
        body.advance(column, ENTRY_BYTES);
      });
      body.advance(rows, ENTRY_BYTES);
    });
  });

/**
 * Parts of pictures in boxes that a model computes, each resampled to one size. Every box makes its own tables of rows and columns,
 * as {@link resampleLinear} has them; the weight of a place outside of the picture is NaN.
 */
import type { Callable, FunctionBuilder } from '../asm/function.js';
import { f32, i32 } from '../asm/scalar.js';
import { f32x4, f64x2, i32x4, v128 } from '../asm/vector.js';
import { boundedIndex } from './bounded-index.js';
import type { Kernels } from './kernel.js';
import { ENTRY_BYTES, resampleLinear, resampleNearest } from './resample.js';

const CORNER_BYTES = 4;
const BOX_BYTES = 4 * CORNER_BYTES;

export interface CropShape {
  readonly pictures: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly boxes: number;
  readonly cropHeight: number;
  readonly cropWidth: number;
  readonly mode: 'nearest' | 'linear';
  /** The number outside of the picture. */
  readonly outside: number;
}

/** Four numbers at a time, then those that are left. @param write gets how many numbers it computes */
function eachChannel(body: FunctionBuilder, channels: number, write: (lanes: number) => void): void {
  const vectors = Math.floor(channels / 4);
  if (vectors > 0) body.repeat(vectors, () => write(4));
  if (channels % 4 > 0) write(channels % 4);
}

/** Bytes of the tables of one box. */
export const cropTableBytes = ({ cropHeight, cropWidth }: CropShape): number => (cropHeight + cropWidth) * ENTRY_BYTES;

/** Parameters: the addresses of the pictures, of the boxes, of the number of each box's picture, of the output and of the tables. */
export const crop = (kernels: Kernels, shape: CropShape): Callable => {
  const { pictures, height, width, channels, boxes, cropHeight, cropWidth, mode } = shape;
  const pixelBytes = 4 * channels;
  const rowTable = table(kernels, { length: height, made: cropHeight, strideBytes: width * pixelBytes, mode });
  const columnTable = table(kernels, { length: width, made: cropWidth, strideBytes: pixelBytes, mode });
  const resample = (mode === 'linear' ? resampleLinear : resampleNearest)(kernels, cropHeight, cropWidth, channels);
  const blank = blankOutside(kernels, shape);
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return kernels.define(`crop ${JSON.stringify(shape)}`, parameters, undefined, (body, from, box, number, out, rows) => {
    const columns = body.let(i32.offset(rows, cropHeight * ENTRY_BYTES));
    body.repeat(boxes, () => {
      const picture = i32.mul(boundedIndex(body, i32.load(number), pictures), i32.const(height * width * pixelBytes));
      body.call(rowTable, box, rows);
      body.call(columnTable, i32.offset(box, CORNER_BYTES), columns);
      body.call(resample, i32.add(from, picture), out, rows, columns);
      body.call(blank, out, rows, columns);
      body.advance(box, BOX_BYTES);
      body.advance(number, 4);
      body.advance(out, cropHeight * cropWidth * pixelBytes);
    });
  });
};

interface TableShape {
  /** Elements of the picture along the axis, and of the crop. */
  readonly length: number;
  readonly made: number;
  readonly strideBytes: number;
  readonly mode: 'nearest' | 'linear';
}

/** A table along one axis, in float64: the reference's. Parameters: the addresses of the box's first corner along it, and of the table. */
const table = (kernels: Kernels, shape: TableShape): Callable =>
  kernels.define(`crop table ${JSON.stringify(shape)}`, ['i32', 'i32'], undefined, (body, corner, entry) => {
    const { length, made, strideBytes, mode } = shape;
    const whole = (value: number) => f64x2.fromLowI32(i32x4.const(value));
    const limit = body.let(whole(length - 1));
    const [from, to] = [0, 2 * CORNER_BYTES].map((offset) => body.let(f64x2.promoteLow(v128.load32Splat(corner, offset)))) as [
      typeof limit,
      typeof limit,
    ];
    const index = body.let(whole(0));
    body.repeat(made, () => {
      const middle = f64x2.div(f64x2.mul(f64x2.add(from, to), limit), whole(2));
      const moved = f64x2.div(f64x2.mul(f64x2.mul(index, f64x2.sub(to, from)), limit), whole(made - 1));
      const place = body.let(made === 1 ? middle : f64x2.add(f64x2.mul(from, limit), moved));
      const isInside = body.let(v128.and(f64x2.ge(place, whole(0)), f64x2.le(place, limit)));
      const safe = body.let(v128.and(place, isInside));
      const at = mode === 'linear' ? safe : body.let(f64x2.floor(f64x2.add(safe, f64x2.div(whole(1), whole(2)))));
      const first = body.let(f64x2.floor(at));
      for (const [neighbour, each] of [first, f64x2.ceil(at)].entries())
        body.store(entry, i32.mul(i32x4.extract(f64x2.toI32(each), 0), i32.const(strideBytes)), 4 * neighbour);
      const weight = v128.or(f32x4.demote(f64x2.sub(at, first)), v128.xor(isInside, i32x4.const(-1)));
      body.store(entry, f32x4.extract(weight, 0), 8);
      body.set(index, f64x2.add(index, whole(1)));
      body.advance(entry, ENTRY_BYTES);
    });
  });

/** Sets the places outside of the picture. Parameters: the addresses of the crop, and of the tables of rows and columns. */
const blankOutside = (kernels: Kernels, { cropHeight, cropWidth, channels, outside }: CropShape): Callable =>
  kernels.define(`blank ${[cropHeight, cropWidth, channels, outside]}`, ['i32', 'i32', 'i32'], undefined, (body, out, rows, columns) => {
    const number = body.let(f32x4.const(outside));
    const isOutside = (entry: typeof rows) => f32.ne(f32.load(entry, 8), f32.load(entry, 8));
    body.repeat(cropHeight, () => {
      const column = body.let(columns);
      body.repeat(cropWidth, () => {
        body.if(i32.or(isOutside(rows), isOutside(column)), () => {
          const place = body.let(out);
          eachChannel(body, channels, (lanes) => {
            body.storeLanes(place, number, lanes);
            body.advance(place, 4 * lanes);
          });
        });
        body.advance(column, ENTRY_BYTES);
        body.advance(out, 4 * channels);
      });
      body.advance(rows, ENTRY_BYTES);
    });
  });

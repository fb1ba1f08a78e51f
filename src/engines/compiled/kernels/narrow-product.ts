/**
 * Products with one, two or four columns. Eight columns at once would leave most lanes idle, so that here the lanes are steps of the depth:
 * each sum is a vector whose four lanes are added up at the end.
 *
 * Weights lie in one block: the bias, numbers of the epilogue, then for each four steps of the depth the weights of each column.
 */
import type { I32, V128 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, lanes, v128 } from '../asm/vector.js';
import { type Epilogue, operandParameters } from './epilogue.js';
import type { Kernels } from './kernel.js';
import { type Depth, depthOf, writeRuns } from './matrix-tile.js';

/** Steps of the depth that one vector holds. A run of elements has to be a multiple of it. */
export const NARROW_STEPS = 4;

const VECTOR_BYTES = 16;

/** Sums under way: enough to keep the machine's adders busy, and few enough for its registers. */
const SUMS = 8;

export interface NarrowShape {
  readonly columns: 1 | 2 | 4;
  readonly lines: number;
  readonly rows: number;
  readonly depth: Depth;
  readonly leftStrideBytes: number;
  readonly leftLineBytes: number;
  readonly outLineBytes: number;
  /** Bytes from the first two of four columns to the last two, if they do not lie side by side. */
  readonly halfBytes?: number;
}

/** Bytes before the weights. */
export const narrowHeadBytes = ({ channelNumbers }: Epilogue): number => VECTOR_BYTES * (1 + channelNumbers);

/** Bytes of the block. */
export const narrowBytes = (columns: number, depth: Depth, epilogue: Epilogue): number =>
  narrowHeadBytes(epilogue) + 4 * columns * depthOf(depth);

/**
 * A whole product, whose rows lie in the output one after the other.
 * Parameters: the addresses of the left matrix, of the block and of the output, then the operands of the epilogue.
 */
export function narrowProduct(kernels: Kernels, shape: NarrowShape, epilogue: Epilogue): Callable {
  const { columns, lines, rows, leftStrideBytes, halfBytes } = shape;
  const parameters = ['i32', 'i32', 'i32', ...operandParameters(epilogue)] as const;
  const name = `narrow ${JSON.stringify(shape)} ${epilogue.name}`;
  return kernels.define(name, parameters, undefined, (body, left, block, out, ...operands) => {
    const head = (index: number): V128 => {
      const numbers = v128.load(block, VECTOR_BYTES * index);
      if (columns === 1) return v128.load32Splat(block, VECTOR_BYTES * index);
      return columns === 2 ? v128.shuffle(numbers, numbers, lanes(0, 1, 0, 1)) : numbers;
    };
    const tileRows = SUMS / columns;
    const rowBytes = halfBytes === undefined ? 4 * columns : 8;
    const tile = (from: Local<'i32'>, to: Local<'i32'>, height: number): void => {
      const results = foldedSums(body, sumsOf(kernels, body, shape, from, i32.offset(block, narrowHeadBytes(epilogue)), height));
      for (const [index, result] of results.entries()) {
        const offset = index * (halfBytes === undefined ? VECTOR_BYTES : rowBytes);
        body.set(result, f32x4.add(result, head(0)));
        const operand = (number: number): V128 => v128.load(i32.add(to, operands[number] as Local<'i32'>), offset);
        body.set(result, epilogue.write(result, { body, channelNumbers: (number) => head(1 + number), operand }));
        if (halfBytes === undefined) body.storeLanes(to, result, Math.min(4, height * columns - 4 * index), offset);
        else body.storeHalves(to, result, offset, offset + halfBytes);
      }
    };
    body.repeat(lines, () => {
      const from = body.let(left);
      const to = body.let(out);
      if (rows >= tileRows)
        body.repeat(Math.floor(rows / tileRows), () => {
          tile(from, to, tileRows);
          body.advance(from, tileRows * leftStrideBytes);
          body.advance(to, tileRows * rowBytes);
        });
      if (rows % tileRows > 0) tile(from, to, rows % tileRows);
      body.advance(left, shape.leftLineBytes);
      body.advance(out, shape.outLineBytes);
    });
  });
}

/** The sums of a few rows, row by row and in a row column by column; of each the four lanes are still to be added up. */
function sumsOf(
  kernels: Kernels,
  body: FunctionBuilder,
  { columns, depth, leftStrideBytes }: NarrowShape,
  from: Local<'i32'>,
  block: I32,
  height: number,
): readonly Local<'v128'>[] {
  const sums = Array.from({ length: height * columns }, () => body.let(f32x4.const(0)));
  const element = body.let(from);
  const weights = body.let(block);
  const vectors = { ...depth, run: depth.run / NARROW_STEPS };
  writeRuns(body, vectors, { element, elementBytes: VECTOR_BYTES, weights, weightBytes: VECTOR_BYTES * columns }, (index) => {
    const right = Array.from({ length: columns }, (_, column) => body.let(v128.load(weights, VECTOR_BYTES * (index * columns + column))));
    for (let row = 0; row < height; row++) {
      const four = body.let(v128.load(element, index * VECTOR_BYTES + row * leftStrideBytes));
      for (const [column, each] of right.entries()) {
        const sum = sums[row * columns + column] as Local<'v128'>;
        body.set(sum, kernels.multiplyAdd(four, each, sum));
      }
    }
  });
  return sums;
}

/** Adds up the lanes of each vector: the sums of four vectors become the lanes of one. */
function foldedSums(body: FunctionBuilder, sums: readonly Local<'v128'>[]): Local<'v128'>[] {
  const last = sums.at(-1) as Local<'v128'>;
  const pair = (a: V128, b: V128): Local<'v128'> =>
    body.let(f32x4.add(v128.shuffle(a, b, lanes(0, 4, 1, 5)), v128.shuffle(a, b, lanes(2, 6, 3, 7))));
  return Array.from({ length: Math.ceil(sums.length / 4) }, (_, index) => {
    const [a, b, c, d] = [0, 1, 2, 3].map((lane) => sums[4 * index + lane] ?? last) as unknown as [V128, V128, V128, V128];
    const [first, second] = [pair(a, b), pair(c, d)];
    return body.let(f32x4.add(v128.shuffle(first, second, lanes(0, 1, 4, 5)), v128.shuffle(first, second, lanes(2, 3, 6, 7))));
  });
}

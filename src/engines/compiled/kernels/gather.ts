/** Takes slices of a tensor by computed indices. */
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { v128 } from '../asm/vector.js';
import { boundedIndex, moveToSlice, type RowTarget } from './bounded-index.js';
import { writeRun } from './copy.js';
import type { Kernels } from './kernel.js';

/** Copies elements that lie side by side, and moves the second address behind them. */
function copyRun(body: FunctionBuilder, from: Local<'i32'>, to: Local<'i32'>, elements: number): void {
  const [read, write] = [body.let(from), body.let(to)];
  writeRun(body, elements, [read, write], (offset) => v128.load(read, offset));
  body.advance(to, 4 * elements);
}

export interface GatherShape {
  /** How many tensors have indices of their own. */
  readonly batches: number;
  /** How many times all indices are used in each of them. */
  readonly outer: number;
  readonly length: number;
  readonly indices: number;
  /** Elements of a slice. */
  readonly inner: number;
}

/** Slices along one axis. Parameters: the addresses of the tensor, of the indices and of the output. */
export const gather = (kernels: Kernels, shape: GatherShape): Callable =>
  kernels.define(`gather ${JSON.stringify(shape)}`, ['i32', 'i32', 'i32'], undefined, (body, tensor, indices, out) => {
    const { batches, outer, length, indices: count, inner } = shape;
    body.repeat(batches, () => {
      body.repeat(outer, () => {
        const place = body.let(indices);
        body.repeat(count, () => {
          const index = boundedIndex(body, i32.load(place), length);
          copyRun(body, body.let(i32.add(tensor, i32.mul(index, i32.const(4 * inner)))), out, inner);
          body.advance(place, 4);
        });
        body.advance(tensor, 4 * length * inner);
      });
      body.advance(indices, 4 * count);
    });
  });

export interface GatherRowsShape extends RowTarget {
  readonly batches: number;
  /** Rows of indices of each batch. */
  readonly rows: number;
}

/** Slices that rows of indices name. Parameters: the addresses of the tensor, of the indices and of the output. */
export const gatherRows = (kernels: Kernels, shape: GatherRowsShape): Callable =>
  kernels.define(`gather rows ${JSON.stringify(shape)}`, ['i32', 'i32', 'i32'], undefined, (body, tensor, indices, out) => {
    const { batches, rows, lengths, inner } = shape;
    body.repeat(batches, () => {
      body.repeat(rows, () => {
        const from = body.let(tensor);
        moveToSlice(body, from, indices, shape);
        copyRun(body, from, out, inner);
        body.advance(indices, 4 * lengths.length);
      });
      body.advance(tensor, 4 * lengths.reduce((product, length) => product * length, inner));
    });
  });

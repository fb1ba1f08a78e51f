/** Takes slices of a tensor by computed indices. An index beyond the tensor is moved to its nearest end, so that no other memory is read. */
import type { I32 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import type { Kernels } from './kernel.js';

/** An index from 0 to `length - 1`. */
function bounded(body: FunctionBuilder, given: I32, length: number): Local<'i32'> {
  const index = body.let(given);
  body.if(i32.ltS(index, i32.const(0)), () => body.set(index, i32.const(0)));
  body.if(i32.gtS(index, i32.const(length - 1)), () => body.set(index, i32.const(length - 1)));
  return index;
}

/** Copies elements that lie side by side, and moves both addresses behind them. */
function copyRun(body: FunctionBuilder, from: Local<'i32'>, to: Local<'i32'>, elements: number): void {
  body.repeat(elements, () => {
    body.store(to, i32.load(from));
    body.advance(from, 4);
    body.advance(to, 4);
  });
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
          const index = bounded(body, i32.load(place), length);
          copyRun(body, body.let(i32.add(tensor, i32.mul(index, i32.const(4 * inner)))), out, inner);
          body.advance(place, 4);
        });
        body.advance(tensor, 4 * length * inner);
      });
      body.advance(indices, 4 * count);
    });
  });

export interface GatherRowsShape {
  readonly batches: number;
  /** Rows of indices of each batch. */
  readonly rows: number;
  /** The axes that a row names. */
  readonly lengths: readonly number[];
  readonly inner: number;
}

/** Slices that rows of indices name. Parameters: the addresses of the tensor, of the indices and of the output. */
export const gatherRows = (kernels: Kernels, shape: GatherRowsShape): Callable =>
  kernels.define(`gather rows ${JSON.stringify(shape)}`, ['i32', 'i32', 'i32'], undefined, (body, tensor, indices, out) => {
    const { batches, rows, lengths, inner } = shape;
    const strides = lengths.map((_, axis) => lengths.slice(axis + 1).reduce((product, length) => product * length, inner));
    body.repeat(batches, () => {
      body.repeat(rows, () => {
        const from = body.let(tensor);
        for (const [axis, length] of lengths.entries()) {
          const index = bounded(body, i32.load(indices, 4 * axis), length);
          body.advance(from, i32.mul(index, i32.const(4 * (strides[axis] as number))));
        }
        copyRun(body, from, out, inner);
        body.advance(indices, 4 * lengths.length);
      });
      body.advance(tensor, 4 * lengths.reduce((product, length) => product * length, inner));
    });
  });

/** Indices that a model computes, kept within a tensor. */
import type { I32 } from '../asm/code.js';
import type { FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';

/** An index from 0 to `length - 1`: one beyond is moved to the nearest end, so that no other memory is read or written. */
export function boundedIndex(body: FunctionBuilder, given: I32, length: number): Local<'i32'> {
  const index = body.let(given);
  body.if(i32.ltS(index, i32.const(0)), () => body.set(index, i32.const(0)));
  body.if(i32.gtS(index, i32.const(length - 1)), () => body.set(index, i32.const(length - 1)));
  return index;
}

/** The axes that a row of indices names, and the elements of the slice that the row stands for. */
export interface RowTarget {
  readonly lengths: readonly number[];
  readonly inner: number;
}

/** Moves an address to the slice that a row of indices names. @param row address of the row's first index */
export function moveToSlice(body: FunctionBuilder, address: Local<'i32'>, row: I32, { lengths, inner }: RowTarget): void {
  for (const [axis, length] of lengths.entries()) {
    const stride = lengths.slice(axis + 1).reduce((product, each) => product * each, inner);
    body.advance(address, i32.mul(boundedIndex(body, i32.load(row, 4 * axis), length), i32.const(4 * stride)));
  }
}

/** Writes ops on the bits of whole numbers. */
import { product } from '../../../graph/size.js';
import type { Call } from './call.js';
import type { WrittenTensor } from './graph-def.js';
import { repeated, reshaped } from './shape.js';

/**
 * Multiplies bit by bit, along a new axis of 32. TF.js's executor (4.22) reads the operands of BitwiseAnd under names that its own table
 * does not give them, so that the op always fails. Bit 31 counts -2^31, which makes the number one of two's complement.
 */
export function bitwiseAnd(call: Call<'bitwiseAnd'>): WrittenTensor {
  const { shape: made } = call.outputType();
  // On webgpu, a tensor has six axes at most (TF.js 4.22), of which the bits take one.
  const isInARow = made.length > 5;
  const powers = Array.from({ length: 31 }, (_, bit) => 2 ** bit);
  const bits = (index: number): WrittenTensor => {
    const { shape } = call.type(index);
    const input = isInARow ? repeated(call, call.input(index), shape, made) : call.input(index);
    const column = reshaped(call, input, isInARow ? [product(made), 1] : [...shape, 1]);
    // 2^31 is no int32: the last bit is divided by 2^30, and by 2.
    const quotients = call.add('FloorDiv', [column, call.numbers('int32', [...powers, 2 ** 30])]);
    const shifted = call.add('FloorDiv', [quotients, call.numbers('int32', [...powers.map(() => 1), 2])]);
    return call.add('FloorMod', [shifted, call.number(2, 'int32')]);
  };
  const both = call.add('Mul', [bits(0), bits(1)]);
  const weighted = call.add('Mul', [both, call.numbers('int32', [...powers, -(2 ** 31)])]);
  const joined = call.add('Sum', [weighted, call.parameters([isInARow ? 1 : made.length])]);
  return isInARow ? reshaped(call, joined, made) : joined;
}

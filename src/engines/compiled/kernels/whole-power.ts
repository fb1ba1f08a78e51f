/** Powers of whole numbers in their lowest 32 bits. */
import type { V128 } from '../asm/code.js';
import { callResult } from '../asm/function.js';
import { i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';

/** Bits of an exponent without its sign. */
const EXPONENT_BITS = 31;

/** base^exponent by squaring. A negative power is 0, but for 1 and -1. */
export const wholePower = (kernels: Kernels, base: V128, exponent: V128): V128 => {
  const callable = kernels.define('whole power', ['v128', 'v128'], 'v128', (body, x, n) => {
    const [result, square, rest] = [body.let(i32x4.const(1)), body.let(x), body.let(n)];
    body.repeat(EXPONENT_BITS, () => {
      const isOdd = i32x4.neg(v128.and(rest, i32x4.const(1)));
      body.set(result, v128.select(i32x4.mul(result, square), result, isOdd));
      body.set(square, i32x4.mul(square, square));
      body.set(rest, i32x4.shrS(rest, 1));
    });
    const isWhole = v128.or(i32x4.ge(n, i32x4.const(0)), i32x4.eq(i32x4.abs(x), i32x4.const(1)));
    body.return(v128.and(result, isWhole));
  });
  return callResult('v128', callable, base, exponent);
};

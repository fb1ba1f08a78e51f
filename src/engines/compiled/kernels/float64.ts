/** Arithmetic of whole numbers that float32 does not hold: in float64, which holds all of them. */
import type { V128 } from '../asm/code.js';
import type { FunctionBuilder } from '../asm/function.js';
import { f64x2, i32x4, lanes, v128 } from '../asm/vector.js';

/**
 * Computes four whole numbers from whole numbers; what is left behind the point is dropped.
 * @param inputs variables or constants @param compute gets two floats of 64 bits of each input
 */
export function inFloat64(body: FunctionBuilder, inputs: readonly V128[], compute: (values: readonly V128[]) => V128): V128 {
  const upper = (x: V128): V128 => v128.shuffle(x, x, lanes(2, 3, 2, 3));
  const half = (given: readonly V128[]): V128 => f64x2.toI32(compute(given.map(f64x2.fromLowI32)));
  const [first, second] = [body.let(half(inputs)), body.let(half(inputs.map(upper)))];
  return v128.shuffle(first, second, lanes(0, 1, 4, 5));
}

/** Most numbers of 32 bits whose lower halves can be added up in 32 bits. */
export const MAX_EXACT_TERMS = 32_768;

/** The upper and the lower half of whole numbers, whose sums are kept apart: x is 65,536 times the first one and the second one. */
export const upperHalf = (x: V128): V128 => i32x4.shrS(x, 16);
export const lowerHalf = (x: V128): V128 => v128.and(x, i32x4.const(0xffff));

/** The mean of numbers from the sums of their halves, rounded towards zero; of none it is 0. */
export const meanOfHalves = (body: FunctionBuilder, [upper, lower, count]: readonly V128[]): V128 =>
  inFloat64(body, [upper as V128, lower as V128, count as V128, i32x4.const(0x10000)], ([high, low, divisor, unit]) =>
    f64x2.div(f64x2.add(f64x2.mul(high as V128, unit as V128), low as V128), divisor as V128),
  );

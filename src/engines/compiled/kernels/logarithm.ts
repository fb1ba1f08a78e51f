/** The natural logarithm of four floats, and the functions made of it. */
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import { exp, type VectorFunction } from './exponential.js';

const LN2_HIGH = 0.693145751953125;
const LN2_LOW = Math.LN2 - LN2_HIGH;

/** The bits of √½, the smallest mantissa. */
const MIN_MANTISSA_BITS = 0x3f3504f3;

/** The least float that has all its digits, and the power of two that brings smaller ones above it. */
const MIN_NORMAL = 2 ** -126;
const LIFTED_BITS = 23;

/** Coefficients of the series of artanh(s) / s - 1 over s², from the highest power. On |s| ≤ 0.172 the rest is below 2e-9. */
const SERIES = [1 / 9, 1 / 7, 1 / 5, 1 / 3];

/** ln x, off by at most 2.3 units in the last place: x = m · 2^n with m from √½ to √2, and ln m = 2 · artanh((m - 1) / (m + 1)). */
export const log: VectorFunction = (kernels, body, given) => {
  const x = body.let(given);
  const isSmall = body.let(f32x4.lt(x, f32x4.const(MIN_NORMAL)));
  const bits = body.let(v128.select(f32x4.mul(x, f32x4.const(2 ** LIFTED_BITS)), x, isSmall));
  const exponent = body.let(i32x4.shrS(i32x4.sub(bits, i32x4.const(MIN_MANTISSA_BITS)), 23));
  const mantissa = body.let(i32x4.sub(bits, i32x4.shl(exponent, 23)));
  const n = body.let(f32x4.fromI32(i32x4.sub(exponent, v128.and(isSmall, i32x4.const(LIFTED_BITS)))));
  const s = body.let(f32x4.div(f32x4.sub(mantissa, f32x4.const(1)), f32x4.add(mantissa, f32x4.const(1))));
  const square = body.let(f32x4.mul(s, s));
  const series = f32x4.mul(
    SERIES.map(f32x4.const).reduce((sum, coefficient) => kernels.multiplyAdd(sum, square, coefficient)),
    square,
  );
  const twice = body.let(f32x4.add(s, s));
  const ofMantissa = body.let(kernels.multiplyAdd(twice, series, twice));
  const value = kernels.multiplyAdd(n, f32x4.const(LN2_HIGH), kernels.multiplyAdd(n, f32x4.const(LN2_LOW), ofMantissa));
  // Infinity and NaN stay, 0 gives minus infinity, and a negative number gives NaN.
  const isBelowInfinity = f32x4.lt(x, f32x4.const(Number.POSITIVE_INFINITY));
  const isPositive = f32x4.gt(x, f32x4.const(0));
  const atMostZero = v128.select(f32x4.const(Number.NEGATIVE_INFINITY), f32x4.const(Number.NaN), f32x4.eq(x, f32x4.const(0)));
  const finite = v128.select(value, atMostZero, isPositive);
  return v128.select(finite, x, isBelowInfinity);
};

/** ln(1 + x), exact near 0: ln u · x / (u - 1) with u = 1 + x, in which the roundings of u cancel (Kahan). */
export const log1p: VectorFunction = (kernels, body, given) => {
  const x = body.let(given);
  const u = body.let(f32x4.add(x, f32x4.const(1)));
  const above = body.let(f32x4.sub(u, f32x4.const(1)));
  const logarithm = body.let(log(kernels, body, u));
  const corrected = f32x4.mul(logarithm, f32x4.div(x, above));
  const near = v128.select(x, corrected, f32x4.eq(above, f32x4.const(0)));
  return v128.select(logarithm, near, f32x4.eq(u, x));
};

/** ln(1 + e^x), without an overflow in between. */
export const softplus: VectorFunction = (kernels, body, given) => {
  const x = body.let(given);
  const small = log1p(kernels, body, exp(kernels, body, f32x4.neg(f32x4.abs(x))));
  return f32x4.add(f32x4.max(x, f32x4.const(0)), small);
};

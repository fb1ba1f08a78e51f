/** e^x of four floats, and the functions made of it. Their code stands where they are used: a call would cost more than some of them. */
import type { V128 } from '../asm/code.js';
import type { FunctionBuilder } from '../asm/function.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';

/** Writes a function of four floats. */
export type VectorFunction = (kernels: Kernels, body: FunctionBuilder, x: V128) => V128;

const LN2_HIGH = 0.693145751953125;
const LN2_LOW = Math.LN2 - LN2_HIGH;

/** Beyond these, e^x is 0 or infinite as float32. */
const MIN_EXPONENT = -104;
const MAX_EXPONENT = 89;

/** Below this, e^x is less than 2^-126, the least float32 that has all its digits. */
const MIN_NORMAL_EXPONENT = -87.33;

/** 1.5 · 2^23. A float of that size has no digits behind the point: adding it rounds, and its lowest bits hold the whole number. */
const ROUNDER = 12_582_912;
const ROUNDER_BITS = 0x4b400000;

/** (e^r - 1 - r) / r², from the highest power: fitted on |r| ≤ ln 2 / 2 so that the greatest error of e^r is least, 3.1e-9. */
const POLYNOMIAL = [0.00138143199, 0.00836885134, 0.0416684011, 0.166665195, 0.499999934];

interface Reduced {
  /** The whole number n, as the lowest bits of a float. */
  readonly rounded: V128;
  /** The whole number n as a float. */
  readonly n: V128;
  /** e^r - 1, exact near 0. */
  readonly rest: V128;
}

/** x = n · ln 2 + r with a whole n, by Cody and Waite's two-part constant (Software Manual for the Elementary Functions, 1980). */
function reduced(kernels: Kernels, body: FunctionBuilder, x: V128): Reduced {
  const rounded = body.let(kernels.multiplyAdd(x, f32x4.const(Math.LOG2E), f32x4.const(ROUNDER)));
  const n = body.let(f32x4.sub(rounded, f32x4.const(ROUNDER)));
  const high = kernels.multiplyAdd(n, f32x4.const(-LN2_HIGH), x);
  const r = body.let(kernels.multiplyAdd(n, f32x4.const(-LN2_LOW), high));
  const series = POLYNOMIAL.map(f32x4.const).reduce((sum, coefficient) => kernels.multiplyAdd(sum, r, coefficient));
  return { rounded, n, rest: body.let(kernels.multiplyAdd(f32x4.mul(series, r), r, r)) };
}

/** 2^n for whole n from -126 to 127. */
const powerOfTwo = (n: V128): V128 => i32x4.shl(i32x4.add(n, i32x4.const(127)), 23);

/** e^x of what x was reduced to. */
function restored(body: FunctionBuilder, { rounded, rest }: Reduced): V128 {
  const n = body.let(i32x4.sub(rounded, i32x4.const(ROUNDER_BITS)));
  // Two factors, since 2^n itself may be too small or too large for a float.
  const half = body.let(i32x4.shrS(n, 1));
  const value = f32x4.mul(f32x4.add(f32x4.const(1), rest), powerOfTwo(half));
  return f32x4.mul(value, powerOfTwo(i32x4.sub(n, half)));
}

const bounded = (x: V128): V128 => f32x4.pmin(f32x4.pmax(x, f32x4.const(MIN_EXPONENT)), f32x4.const(MAX_EXPONENT));

/** e^x, off by at most 2e-7 of itself. */
export const exp: VectorFunction = (kernels, body, x) => restored(body, reduced(kernels, body, body.let(bounded(x))));

/**
 * e^x of x ≤ 0, in fewer steps: off by at most 2e-7 of itself, and 0 where it is less than 2^-126. NaN stays NaN.
 * A whole n of at least -126 needs one factor alone.
 */
export const expOfNegative: VectorFunction = (kernels, body, given) => {
  const x = body.let(given);
  const { rounded, rest } = reduced(kernels, body, x);
  const factor = i32x4.add(i32x4.shl(rounded, 23), i32x4.const(127 << 23));
  const value = f32x4.mul(f32x4.add(f32x4.const(1), rest), factor);
  return v128.andNot(value, f32x4.lt(x, f32x4.const(MIN_NORMAL_EXPONENT)));
};

/** e^x - 1, exact near 0. */
export const expm1: VectorFunction = (kernels, body, x) => {
  const parts = reduced(kernels, body, body.let(bounded(x)));
  const isNear = f32x4.eq(parts.n, f32x4.const(0));
  return v128.select(parts.rest, f32x4.sub(restored(body, parts), f32x4.const(1)), isNear);
};

/** 1 / (1 + e^-x). */
export const sigmoid: VectorFunction = (kernels, body, x) =>
  f32x4.div(f32x4.const(1), f32x4.add(f32x4.const(1), exp(kernels, body, f32x4.neg(x))));

/** Beyond this, tanh is 1 as float32. */
const MAX_TANH = 10;

/** The hyperbolic tangent: t / (t + 2) with t = e^2x - 1. */
export const tanh: VectorFunction = (kernels, body, given) => {
  const x = f32x4.pmin(f32x4.pmax(given, f32x4.const(-MAX_TANH)), f32x4.const(MAX_TANH));
  const t = body.let(expm1(kernels, body, f32x4.mul(x, f32x4.const(2))));
  return f32x4.div(t, f32x4.add(t, f32x4.const(2)));
};

/** The error function of four floats, and the normal distribution. */
import type { V128 } from '../asm/code.js';
import type { FunctionBuilder } from '../asm/function.js';
import { f32x4, v128 } from '../asm/vector.js';
import { exp } from './exponential.js';
import type { Kernels } from './kernel.js';

/**
 * Chebyshev's fit of ln(erfc(x) / t) + x² over t = 1 / (1 + x / 2), from the highest power: Press et al., Numerical Recipes, section 6.2.
 * The value of erfc for x ≥ 0 is off by at most 1.2e-7 of itself.
 */
const COEFFICIENTS = [
  ...[0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807],
  ...[-0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223],
];

/** Below this, 1 - erfc(x) has too few digits, and the series of erf is taken. */
const MAX_SERIES = 0.5;

/** Coefficients of erf(x) / x over x², from the highest power: 2/√π · (-1)^n / (n! (2n + 1)). */
const SERIES = [1 / 9360, -1 / 1320, 1 / 216, -1 / 42, 1 / 10, -1 / 3, 1].map((each) => (each * 2) / Math.sqrt(Math.PI));

const polynomial = (kernels: Kernels, x: V128, coefficients: readonly number[]): V128 =>
  coefficients.map(f32x4.const).reduce((sum, each) => kernels.multiplyAdd(sum, x, each));

/** erfc(x) for x ≥ 0. */
function tail(kernels: Kernels, body: FunctionBuilder, x: V128): V128 {
  const one = f32x4.const(1);
  const t = body.let(f32x4.div(one, kernels.multiplyAdd(x, f32x4.const(0.5), one)));
  const exponent = f32x4.sub(polynomial(kernels, t, COEFFICIENTS), f32x4.mul(x, x));
  return f32x4.mul(t, exp(kernels, body, exponent));
}

/** The error function, off by at most 2e-7. */
export function erf(kernels: Kernels, body: FunctionBuilder, given: V128): V128 {
  const x = body.let(f32x4.abs(given));
  const square = body.let(f32x4.mul(x, x));
  const near = f32x4.mul(x, polynomial(kernels, square, SERIES));
  const far = f32x4.sub(f32x4.const(1), tail(kernels, body, x));
  const value = v128.select(near, far, f32x4.lt(x, f32x4.const(MAX_SERIES)));
  return v128.or(value, v128.and(given, f32x4.const(-0)));
}

/**
 * The 16th root of 1 / Φ(-x) for x ≥ 0, from the highest power, fitted on [0, 6] so that the greatest error of x · Φ(-x) is least. A root
 * of this kind is that of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.19: it takes four multiplications and a
 * division where a formula with e^(-x²/2) takes thirty instructions.
 */
const ROOT = [
  ...[1.7913688e-7, -1.4030396e-6, 9.18645832e-6, 4.87817752e-5, 3.61084279e-5],
  ...[0.00342829964, 0.0220747785, 0.0520753432, 1.04427379],
];

/** Φ(x), the share of the normal distribution below x: x · Φ(x) is off by at most 4e-7 · max(1, |x · Φ(x)|). Below -6 it only tends to 0. */
export function normalShare(kernels: Kernels, body: FunctionBuilder, x: V128): V128 {
  const root = body.let(polynomial(kernels, body.let(f32x4.abs(x)), ROOT));
  for (let power = 1; power < 16; power *= 2) body.set(root, f32x4.mul(root, root));
  const below = body.let(f32x4.div(f32x4.const(1), root));
  return v128.select(below, f32x4.sub(f32x4.const(1), below), f32x4.lt(x, f32x4.const(0)));
}

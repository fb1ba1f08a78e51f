/** The error function of four floats. */
import type { V128 } from '../asm/code.js';
import type { FunctionBuilder } from '../asm/function.js';
import { f32x4, v128 } from '../asm/vector.js';
import { exp, vectorFunction } from './exponential.js';
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
  return f32x4.mul(t, exp(kernels)(exponent));
}

/** 1 - erf(x). */
export const erfc = (kernels: Kernels) =>
  vectorFunction(kernels, 'erfc', (body, x) => {
    const value = body.let(tail(kernels, body, body.let(f32x4.abs(x))));
    return v128.select(f32x4.sub(f32x4.const(2), value), value, f32x4.lt(x, f32x4.const(0)));
  });

export const erf = (kernels: Kernels) =>
  vectorFunction(kernels, 'erf', (body, given) => {
    const x = body.let(f32x4.abs(given));
    const square = body.let(f32x4.mul(x, x));
    const near = f32x4.mul(x, polynomial(kernels, square, SERIES));
    const far = f32x4.sub(f32x4.const(1), tail(kernels, body, x));
    const value = v128.select(near, far, f32x4.lt(x, f32x4.const(MAX_SERIES)));
    return v128.or(value, v128.and(given, f32x4.const(-0)));
  });

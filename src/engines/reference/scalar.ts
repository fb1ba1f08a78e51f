/** Functions of floats that JavaScript lacks, in float64. */
import { erfc } from './error-function.js';

/** The nearest whole number; halves go to the even one. */
export function roundEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** 1 / (1 + e^-x), without an overflow in between. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** ln(1 + e^x), without an overflow in between. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** x · Φ(x), where Φ is the distribution function of the normal distribution. */
export const gelu = (x: number): number => (x * erfc(-x / Math.SQRT2)) / 2;

/** The approximation of gelu by Hendrycks and Gimpel, Gaussian Error Linear Units (2016): (1 + tanh u) / 2 is sigmoid(2u). */
export const geluTanh = (x: number): number => x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));

/** Klambauer et al., Self-Normalizing Neural Networks (2017). */
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

export const selu = (x: number): number => SELU_SCALE * elu(x, SELU_ALPHA);

/** x where x ≥ 0, else alpha · (e^x - 1). */
export const elu = (x: number, alpha: number): number => (x >= 0 ? x : alpha * Math.expm1(x));

/** a^b as IEEE 754 has it: unlike in JavaScript, 1 to any power is 1, and -1 to an infinite one, too. */
export const power = (a: number, b: number): number => (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b);

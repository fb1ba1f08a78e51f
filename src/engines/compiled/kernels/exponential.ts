/** e^x of four floats, and the functions made of it. */
import type { V128 } from '../asm/code.js';
import { type Callable, callResult, type FunctionBuilder } from '../asm/function.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';

const LN2_HIGH = 0.693145751953125;
const LN2_LOW = Math.LN2 - LN2_HIGH;

/** Beyond these, e^x is 0 or infinite as float32. */
const MIN_EXPONENT = -104;
const MAX_EXPONENT = 89;

/** Coefficients of the series of e^r - 1 - r over r², from the highest power: 1/n!. On |r| ≤ ln 2 / 2 the rest is below 6e-9. */
const SERIES = [1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2];

const call = (kernel: Callable, ...given: readonly V128[]): V128 => callResult('v128', kernel, ...given);

/** A function of one vector, made once a module. */
export const vectorFunction = (kernels: Kernels, name: string, write: (body: FunctionBuilder, x: V128) => V128): ((x: V128) => V128) => {
  const callable = kernels.define(name, ['v128'], 'v128', (body, x) => body.return(write(body, x)));
  return (x) => call(callable, x);
};

/**
 * x = n · ln 2 + r with a whole n, by Cody and Waite's two-part constant (Software Manual for the Elementary Functions, 1980).
 * @returns n, and e^r - 1, exact near 0
 */
function reduced(kernels: Kernels, body: FunctionBuilder, given: V128): { readonly n: V128; readonly rest: V128 } {
  const x = body.let(f32x4.pmin(f32x4.pmax(given, f32x4.const(MIN_EXPONENT)), f32x4.const(MAX_EXPONENT)));
  const n = body.let(f32x4.nearest(f32x4.mul(x, f32x4.const(Math.LOG2E))));
  const high = kernels.multiplyAdd(n, f32x4.const(-LN2_HIGH), x);
  const r = body.let(kernels.multiplyAdd(n, f32x4.const(-LN2_LOW), high));
  const series = SERIES.map(f32x4.const).reduce((sum, coefficient) => kernels.multiplyAdd(sum, r, coefficient));
  return { n: body.let(i32x4.fromF32(n)), rest: body.let(kernels.multiplyAdd(f32x4.mul(series, r), r, r)) };
}

/** 2^n for whole n from -126 to 127. */
const powerOfTwo = (n: V128): V128 => i32x4.shl(i32x4.add(n, i32x4.const(127)), 23);

/** e^x, off by at most 2e-7 of itself. */
export const exp = (kernels: Kernels) =>
  vectorFunction(kernels, 'exp', (body, x) => {
    const { n, rest } = reduced(kernels, body, x);
    // Two factors, since 2^n itself may be too small or too large for a float.
    const half = body.let(i32x4.shrS(n, 1));
    const value = f32x4.mul(f32x4.add(f32x4.const(1), rest), powerOfTwo(half));
    return f32x4.mul(value, powerOfTwo(i32x4.sub(n, half)));
  });

/** e^x - 1, exact near 0. */
export const expm1 = (kernels: Kernels) =>
  vectorFunction(kernels, 'expm1', (body, x) => {
    const { n, rest } = reduced(kernels, body, x);
    const isNear = i32x4.eq(n, i32x4.const(0));
    return v128.select(rest, f32x4.sub(exp(kernels)(x), f32x4.const(1)), isNear);
  });

/** 1 / (1 + e^-x). */
export const sigmoid = (kernels: Kernels) =>
  vectorFunction(kernels, 'sigmoid', (_body, x) => f32x4.div(f32x4.const(1), f32x4.add(f32x4.const(1), exp(kernels)(f32x4.neg(x)))));

/** Beyond this, tanh is 1 as float32. */
const MAX_TANH = 10;

/** The hyperbolic tangent: t / (t + 2) with t = e^2x - 1. */
export const tanh = (kernels: Kernels) =>
  vectorFunction(kernels, 'tanh', (body, given) => {
    const x = f32x4.pmin(f32x4.pmax(given, f32x4.const(-MAX_TANH)), f32x4.const(MAX_TANH));
    const t = body.let(expm1(kernels)(f32x4.mul(x, f32x4.const(2))));
    return f32x4.div(t, f32x4.add(t, f32x4.const(2)));
  });

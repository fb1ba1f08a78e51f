/** Each op that computes element by element, on four elements at once. Booleans are whole numbers 0 and 1. */
import type { V128 } from '../asm/code.js';
import type { FunctionBuilder } from '../asm/function.js';
import { f32x4, f64x2, i32x4, v128 } from '../asm/vector.js';
import { erf, normalShare } from './error-function.js';
import { exp, expm1, sigmoid, tanh } from './exponential.js';
import { inFloat64 } from './float64.js';
import { hostFunction } from './host-function.js';
import type { Kernels } from './kernel.js';
import { log, log1p, softplus } from './logarithm.js';
import { wholePower } from './whole-power.js';

/** The place of a formula: its module, its function, and the numbers of its op. */
export interface FormulaCall {
  readonly kernels: Kernels;
  readonly body: FunctionBuilder;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The inputs that are one number, known when the code is written. */
  readonly numbers: readonly (number | undefined)[];
}

/** Gives four results of four elements of each input. An input is a variable or a constant, so that naming it twice costs nothing. */
export type Formula = (inputs: readonly V128[], call: FormulaCall) => V128;

const one = f32x4.const(1);
const zero = f32x4.const(0);

const unary =
  (write: (x: V128, call: FormulaCall) => V128): Formula =>
  ([x], call) =>
    write(x as V128, call);

const binary =
  (write: (a: V128, b: V128, call: FormulaCall) => V128): Formula =>
  ([a, b], call) =>
    write(a as V128, b as V128, call);

/** A question's answer as 0 or 1: all bits of a true place are ones. */
const asBool = (mask: V128): V128 => i32x4.shrU(mask, 31);

const compare = (question: (a: V128, b: V128) => V128): Formula => binary((a, b) => asBool(question(a, b)));

const number = ({ attributes }: FormulaCall, name: string): number => attributes[name] as number;

/** The nearest number within bounds; NaN stays NaN. */
const clamped = (x: V128, min: number, max: number): V128 => {
  const above = min === Number.NEGATIVE_INFINITY ? x : f32x4.pmax(x, f32x4.const(min));
  return max === Number.POSITIVE_INFINITY ? above : f32x4.pmin(above, f32x4.const(max));
};

/** a where x ≥ 0 or is NaN, else b. */
const bySign = (x: V128, a: V128, b: V128): V128 => v128.select(b, a, f32x4.lt(x, zero));

/** Constants of Klambauer et al., Self-Normalizing Neural Networks (2017). */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** √(2/π) and the cubic's factor in the tanh formula of Hendrycks and Gimpel, Gaussian Error Linear Units (2016). */
const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** √x, where that of minus infinity is infinity and that of -0 is 0, as powers have it. */
const root = (x: V128): V128 => {
  const isLeast = f32x4.eq(x, f32x4.const(Number.NEGATIVE_INFINITY));
  return v128.select(f32x4.const(Number.POSITIVE_INFINITY), f32x4.add(f32x4.sqrt(x), zero), isLeast);
};

/** Powers that are a few instructions, by their exponents. */
const POWERS: readonly (readonly [exponent: number, write: (x: V128) => V128])[] = [
  [1, (x) => x],
  [2, (x) => f32x4.mul(x, x)],
  [3, (x) => f32x4.mul(f32x4.mul(x, x), x)],
  [0.5, root],
  [-0.5, (x) => f32x4.div(one, root(x))],
  [-1, (x) => f32x4.div(one, x)],
  [-2, (x) => f32x4.div(one, f32x4.mul(x, x))],
];

/** Formulas of floats. */
export const FLOAT_FORMULAS: Readonly<Record<string, Formula>> = {
  identity: unary((x) => x),
  abs: unary(f32x4.abs),
  neg: unary(f32x4.neg),
  relu: unary((x) => f32x4.pmax(x, zero)),
  ceil: unary(f32x4.ceil),
  floor: unary(f32x4.floor),
  roundEven: unary(f32x4.nearest),
  sqrt: unary(f32x4.sqrt),
  ...Object.fromEntries(
    (['sin', 'cos', 'tan', 'sinh', 'cosh', 'asin', 'acos', 'atan', 'asinh', 'acosh', 'atanh'] as const).map((name) => [
      name,
      unary((x, { kernels }) => hostFunction(kernels, name, x)),
    ]),
  ),
  rsqrt: unary((x) => f32x4.div(one, f32x4.sqrt(x))),
  reciprocal: unary((x) => f32x4.div(one, x)),
  sign: unary((x) => {
    const side = v128.or(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), f32x4.const(-1)));
    return v128.select(x, side, f32x4.ne(x, x));
  }),
  exp: unary((x, { kernels, body }) => exp(kernels, body, x)),
  expm1: unary((x, { kernels, body }) => expm1(kernels, body, x)),
  sigmoid: unary((x, { kernels, body }) => sigmoid(kernels, body, x)),
  tanh: unary((x, { kernels, body }) => tanh(kernels, body, x)),
  erf: unary((x, { kernels, body }) => erf(kernels, body, x)),
  log: unary((x, { kernels, body }) => log(kernels, body, x)),
  log1p: unary((x, { kernels, body }) => log1p(kernels, body, x)),
  softplus: unary((x, { kernels, body }) => softplus(kernels, body, x)),
  softsign: unary((x) => f32x4.div(x, f32x4.add(one, f32x4.abs(x)))),
  hardSwish: unary((x) => f32x4.mul(x, f32x4.mul(clamped(f32x4.add(x, f32x4.const(3)), 0, 6), f32x4.const(1 / 6)))),
  hardSigmoid: unary((x, call) => clamped(linear(x, call), 0, 1)),
  linear: unary((x, call) => linear(x, call)),
  clamp: unary((x, call) => clamped(x, number(call, 'min'), number(call, 'max'))),
  leakyRelu: unary((x, call) => bySign(x, x, f32x4.mul(x, f32x4.const(number(call, 'alpha'))))),
  elu: unary((x, call) => bySign(x, x, f32x4.mul(f32x4.const(number(call, 'alpha')), expm1(call.kernels, call.body, x)))),
  selu: unary((x, { kernels, body }) =>
    f32x4.mul(f32x4.const(SELU_SCALE), bySign(x, x, f32x4.mul(f32x4.const(SELU_ALPHA), expm1(kernels, body, x)))),
  ),
  gelu: unary((x, { kernels, body, attributes }) => {
    if (attributes['approximation'] === 'none') return f32x4.mul(x, normalShare(kernels, body, x));
    const half = f32x4.mul(x, f32x4.const(0.5));
    const cubic = kernels.multiplyAdd(f32x4.mul(f32x4.mul(x, x), x), f32x4.const(GELU_CUBIC), x);
    return f32x4.mul(half, f32x4.add(one, tanh(kernels, body, f32x4.mul(cubic, f32x4.const(GELU_SCALE)))));
  }),
  isNaN: unary((x) => asBool(f32x4.ne(x, x))),
  isInfinite: unary((x) => asBool(f32x4.eq(f32x4.abs(x), f32x4.const(Number.POSITIVE_INFINITY)))),
  add: binary(f32x4.add),
  sub: binary(f32x4.sub),
  mul: binary(f32x4.mul),
  div: binary(f32x4.div),
  floorDiv: binary((a, b) => f32x4.floor(f32x4.div(a, b))),
  max: binary(f32x4.max),
  min: binary(f32x4.min),
  pow: binary((a, b, { kernels, body, numbers }) => {
    const power = POWERS.find(([exponent]) => exponent === numbers[1]);
    return power === undefined ? hostFunction(kernels, 'pow', a, b) : power[1](body.let(a));
  }),
  atan2: binary((a, b, { kernels }) => hostFunction(kernels, 'atan2', a, b)),
  mod: binary((a, b, { kernels, body }) => {
    const rest = body.let(kernels.multiplyAdd(f32x4.floor(f32x4.div(a, b)), f32x4.neg(b), a));
    // A rest of 0 has the sign of the divisor, too.
    return v128.or(rest, v128.and(v128.and(b, f32x4.const(-0)), f32x4.eq(rest, zero)));
  }),
  squaredDifference: binary((a, b, { body }) => {
    const difference = body.let(f32x4.sub(a, b));
    return f32x4.mul(difference, difference);
  }),
  prelu: binary((x, slope) => bySign(x, x, f32x4.mul(x, slope))),
  equal: compare(f32x4.eq),
  notEqual: compare(f32x4.ne),
  greater: compare(f32x4.gt),
  greaterOrEqual: compare(f32x4.ge),
  lesser: compare(f32x4.lt),
  lesserOrEqual: compare(f32x4.le),
};

const linear = (x: V128, call: FormulaCall): V128 =>
  call.kernels.multiplyAdd(x, f32x4.const(number(call, 'alpha')), f32x4.const(number(call, 'beta')));

/** The quotients of whole numbers, rounded in float64, in which each of them is exact enough. A division by 0 gives any number. */
const quotient = (a: V128, b: V128, { body }: FormulaCall, round: (x: V128) => V128): V128 =>
  inFloat64(body, [a, b], ([x, y]) => round(f64x2.div(x as V128, y as V128)));

/** Formulas of whole numbers of 32 bits, and of booleans. */
export const WHOLE_FORMULAS: Readonly<Record<string, Formula>> = {
  identity: unary((x) => x),
  abs: unary(i32x4.abs),
  neg: unary(i32x4.neg),
  relu: unary((x) => i32x4.max(x, i32x4.const(0))),
  add: binary(i32x4.add),
  sub: binary(i32x4.sub),
  mul: binary(i32x4.mul),
  div: binary((a, b, call) => quotient(a, b, call, f64x2.trunc)),
  floorDiv: binary((a, b, call) => quotient(a, b, call, f64x2.floor)),
  mod: binary((a, b, call) => i32x4.sub(a, i32x4.mul(b, quotient(a, b, call, f64x2.floor)))),
  pow: binary((a, b, { kernels }) => wholePower(kernels, a, b)),
  squaredDifference: binary((a, b, { body }) => {
    const difference = body.let(i32x4.sub(a, b));
    return i32x4.mul(difference, difference);
  }),
  sign: unary((x) => i32x4.sub(i32x4.shrS(x, 31), i32x4.gt(x, i32x4.const(0)))),
  max: binary(i32x4.max),
  min: binary(i32x4.min),
  bitwiseAnd: binary(v128.and),
  // 2^(shift - 31) is the float32 that has this exponent and no further digits.
  requantize: ([sums, multiplier, shift], call) => {
    const power = i32x4.shl(i32x4.add(shift as V128, i32x4.const(127 - 31)), 23);
    const factor = f32x4.mul(f32x4.fromI32(multiplier as V128), power);
    const rounded = f32x4.nearest(f32x4.mul(f32x4.fromI32(sums as V128), factor));
    const moved = f32x4.add(rounded, f32x4.const(number(call, 'zeroPoint')));
    return i32x4.fromF32(clamped(moved, number(call, 'min'), number(call, 'max')));
  },
  clamp: unary((x, call) => {
    const bound = (name: string) => i32x4.const(Math.min(Math.max(number(call, name), -(2 ** 31)), 2 ** 31 - 1));
    return i32x4.min(i32x4.max(x, bound('min')), bound('max'));
  }),
  equal: compare(i32x4.eq),
  notEqual: compare(i32x4.ne),
  greater: compare(i32x4.gt),
  greaterOrEqual: compare(i32x4.ge),
  lesser: compare(i32x4.lt),
  lesserOrEqual: compare(i32x4.le),
  logicalNot: unary((x) => v128.xor(x, i32x4.const(1))),
  logicalAnd: binary(v128.and),
  logicalOr: binary(v128.or),
  logicalXor: binary(v128.xor),
};

/** Elements of a where the condition is 1, else of b, whatever their type. */
export const where: Formula = ([condition, a, b]) => v128.select(a as V128, b as V128, i32x4.neg(condition as V128));

/** The reference of the ops that compute each element by itself. */
import { sizeOf } from '../../base/dtype.js';
import { broadcastStrides, eachRow, stridesOf } from '../../base/strided.js';
import { type DataType, INTEGER_RANGE, isFloat } from '../../graph/element-type.js';
import type { ELEMENTWISE_OPS } from '../../graph/ops/elementwise.js';
import type { Tensor } from '../../graph/tensor.js';
import { erf } from './error-function.js';
import type { Kernels } from './kernel.js';
import { elu, gelu, geluTanh, power, roundEven, selu, sigmoid, softplus } from './scalar.js';
import * as whole from './whole-numbers.js';
import { narrow, wide, wideArray } from './wide.js';

type Unary = (x: number) => number;
type Binary = (a: number, b: number) => number;

/** A call of the kernels below, which have no attributes. */
interface Call {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly shapes: readonly (readonly number[] | undefined)[];
}

/** A function of each element of one tensor. */
function mapped(f: Unary, input: Tensor, gives: DataType = input.dataType): [Tensor] {
  const values = wide(input.data);
  const results = wideArray(gives, values.length);
  for (let index = 0; index < values.length; index++) results[index] = f(values[index] as number);
  return [{ dataType: gives, shape: input.shape, data: narrow(gives, results) }];
}

/** A function of each two elements that meet when both tensors are broadcast to a shape. */
function zipped(f: Binary, a: Tensor, b: Tensor, shape: readonly number[], gives: DataType = a.dataType): [Tensor] {
  const strides = [stridesOf(shape), broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
  const [left, right] = [wide(a.data), wide(b.data)];
  const results = wideArray(gives, sizeOf(shape));
  eachRow(shape, strides, (starts, length, steps) => {
    const [start, startA, startB] = starts as readonly [number, number, number];
    const [, stepA, stepB] = steps as readonly [number, number, number];
    for (let index = 0; index < length; index++)
      results[start + index] = f(left[startA + index * stepA] as number, right[startB + index * stepB] as number);
  });
  return [{ dataType: gives, shape, data: narrow(gives, results) }];
}

const unary =
  (f: Unary, gives?: DataType) =>
  ({ inputs: [input] }: Call): [Tensor] =>
    mapped(f, input as Tensor, gives);

/** Functions of one meaning for the kinds of numbers; that of whole numbers computes their lowest 32 bits. */
interface Arithmetic {
  readonly float: Binary;
  readonly whole: Binary;
  readonly int64: Binary;
}

const binary =
  ({ float, whole, int64 }: Arithmetic) =>
  ({ inputs, shapes: [shape] }: Call): [Tensor] => {
    const [a, b] = inputs as [Tensor, Tensor];
    return zipped(isFloat(a.dataType) ? float : a.dataType === 'int64' ? int64 : whole, a, b, shape as readonly number[]);
  };

/** One function for all types. */
const sameFor = (f: Binary): Arithmetic => ({ float: f, whole: f, int64: f });

/** A question about two elements. */
const asked =
  (f: (a: number, b: number) => boolean) =>
  ({ inputs, shapes: [shape] }: Call): [Tensor] => {
    const [a, b] = inputs as [Tensor, Tensor];
    return zipped((x, y) => Number(f(x, y)), a, b, shape as readonly number[], 'bool');
  };

/** The function that turns an element of one type into one of another; storing it drops the bits that a smaller type lacks. */
function casting(from: DataType, to: DataType): Unary {
  if (to === 'bool') return (x) => Number(x !== 0);
  const [min, max] = INTEGER_RANGE[to] ?? [];
  if (!isFloat(from) || min === undefined || max === undefined) return (x) => x;
  return (x) => (Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), min), max));
}

/** For each element, a where the condition holds, else b. */
function chosen([condition, a, b]: readonly [Tensor, Tensor, Tensor], shape: readonly number[]): [Tensor] {
  const strides = [stridesOf(shape), ...[condition, a, b].map((each) => broadcastStrides(each.shape, shape))];
  const [holds, left, right] = [wide(condition.data), wide(a.data), wide(b.data)];
  const results = wideArray(a.dataType, sizeOf(shape));
  eachRow(shape, strides, (starts, length, steps) => {
    const [start, startC, startA, startB] = starts as readonly [number, number, number, number];
    const [, stepC, stepA, stepB] = steps as readonly [number, number, number, number];
    for (let index = 0; index < length; index++) {
      const taken = holds[startC + index * stepC] === 0 ? right[startB + index * stepB] : left[startA + index * stepA];
      results[start + index] = taken as number;
    }
  });
  return [{ dataType: a.dataType, shape, data: narrow(a.dataType, results) }];
}

export const ELEMENTWISE_KERNELS: Kernels<keyof typeof ELEMENTWISE_OPS> = {
  identity: ({ inputs: [input] }) => [input as Tensor],
  abs: unary(Math.abs),
  neg: unary((x) => -x),
  sign: unary(Math.sign),
  relu: unary((x) => Math.max(x, 0)),
  ceil: unary(Math.ceil),
  floor: unary(Math.floor),
  roundEven: unary(roundEven),
  exp: unary(Math.exp),
  expm1: unary(Math.expm1),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  sqrt: unary(Math.sqrt),
  rsqrt: unary((x) => 1 / Math.sqrt(x)),
  reciprocal: unary((x) => 1 / x),
  erf: unary(erf),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tan: unary(Math.tan),
  sinh: unary(Math.sinh),
  cosh: unary(Math.cosh),
  tanh: unary(Math.tanh),
  asin: unary(Math.asin),
  acos: unary(Math.acos),
  atan: unary(Math.atan),
  asinh: unary(Math.asinh),
  acosh: unary(Math.acosh),
  atanh: unary(Math.atanh),
  sigmoid: unary(sigmoid),
  softplus: unary(softplus),
  softsign: unary((x) => x / (1 + Math.abs(x))),
  hardSwish: unary((x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6),
  selu: unary(selu),
  logicalNot: unary((x) => 1 - x),
  isNaN: unary((x) => Number(Number.isNaN(x)), 'bool'),
  isInfinite: unary((x) => Number(Math.abs(x) === Number.POSITIVE_INFINITY), 'bool'),
  elu: ({ inputs: [input], attributes: { alpha } }) => mapped((x) => elu(x, alpha), input as Tensor),
  leakyRelu: ({ inputs: [input], attributes: { alpha } }) => mapped((x) => (x >= 0 ? x : alpha * x), input as Tensor),
  hardSigmoid: ({ inputs: [input], attributes: { alpha, beta } }) =>
    mapped((x) => Math.min(Math.max(alpha * x + beta, 0), 1), input as Tensor),
  linear: ({ inputs: [input], attributes: { alpha, beta } }) => mapped((x) => alpha * x + beta, input as Tensor),
  gelu: ({ inputs: [input], attributes: { approximation } }) => mapped(approximation === 'tanh' ? geluTanh : gelu, input as Tensor),
  clamp: ({ inputs: [input], attributes: { min, max } }) => {
    const isWhole = !isFloat((input as Tensor).dataType);
    const [least, greatest] = isWhole ? [Math.ceil(min), Math.floor(max)] : [min, max];
    return mapped((x) => Math.min(Math.max(x, least), greatest), input as Tensor);
  },
  cast: ({ inputs: [given], attributes: { to } }) => {
    const input = given as Tensor;
    return input.dataType === to ? [input] : mapped(casting(input.dataType, to), input, to);
  },
  add: binary(sameFor((a, b) => a + b)),
  sub: binary(sameFor((a, b) => a - b)),
  mul: binary({ float: (a, b) => a * b, whole: Math.imul, int64: (a, b) => a * b }),
  div: binary({ float: (a, b) => a / b, whole: whole.divide, int64: whole.divide }),
  floorDiv: binary({ float: (a, b) => Math.floor(a / b), whole: whole.floorDivide, int64: whole.floorDivide }),
  mod: binary({ float: whole.floorModulo, whole: whole.modulo, int64: whole.modulo }),
  max: binary(sameFor(Math.max)),
  min: binary(sameFor(Math.min)),
  pow: binary({ float: power, whole: whole.power, int64: whole.power64 }),
  squaredDifference: binary({ float: (a, b) => (a - b) ** 2, whole: whole.squaredDifference, int64: (a, b) => (a - b) ** 2 }),
  atan2: binary(sameFor(Math.atan2)),
  bitwiseAnd: binary({ ...sameFor((a, b) => a & b), int64: whole.bitwiseAnd64 }),
  equal: asked((a, b) => a === b),
  notEqual: asked((a, b) => a !== b),
  greater: asked((a, b) => a > b),
  greaterOrEqual: asked((a, b) => a >= b),
  lesser: asked((a, b) => a < b),
  lesserOrEqual: asked((a, b) => a <= b),
  logicalAnd: binary(sameFor((a, b) => a & b)),
  logicalOr: binary(sameFor((a, b) => a | b)),
  logicalXor: binary(sameFor((a, b) => a ^ b)),
  prelu: ({ inputs, shapes: [shape] }) => {
    const [input, slope] = inputs as [Tensor, Tensor];
    return zipped((x, factor) => (x >= 0 ? x : factor * x), input, slope, shape as readonly number[]);
  },
  where: ({ inputs, shapes: [shape] }) => chosen(inputs as unknown as readonly [Tensor, Tensor, Tensor], shape as readonly number[]),
};

/** Writes ops that compute each element by itself. */
import { type DataType, INTEGER_RANGE, isFloat, isInteger } from '../../../graph/element-type.js';
import type { ELEMENTWISE_OPS } from '../../../graph/ops/elementwise.js';
import { isSameSize, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { attr, dtypeOf } from './attributes.js';
import type { Call, NodeWriter, WriteOps } from './call.js';
import type { WrittenTensor } from './graph-def.js';
import { chosen, type Shaped } from './shape.js';

/** An op that TF.js has under another name. */
export const sameAs =
  (op: string) =>
  (call: NodeWriter): WrittenTensor =>
    call.add(op, call.inputs);

/** An op whose whole numbers may leave a small type's range, and then keep their lowest bits. */
const wrapping =
  (op: string) =>
  (call: NodeWriter): WrittenTensor =>
    wrapped(call, call.add(op, call.inputs), call.type().dataType);

/** The lowest bits of whole numbers, as a type of 8 or 16 bits keeps them: TF.js computes with 32 bits. */
export function wrapped(call: NodeWriter, tensor: WrittenTensor, dataType: DataType): WrittenTensor {
  if (dataType === 'int32' || dataType === 'int64' || !isInteger(dataType)) return tensor;
  const [min, max] = INTEGER_RANGE[dataType] as readonly [number, number];
  const bits = (input: WrittenTensor) => call.add('FloorMod', [input, call.number(max - min + 1, 'int32')]);
  if (min === 0) return bits(tensor);
  const offset = call.number(-min, 'int32');
  return call.add('Sub', [bits(call.add('AddV2', [tensor, offset])), offset]);
}

export const negated = (call: NodeWriter, tensor: WrittenTensor, dataType: DataType): WrittenTensor =>
  // On wasm, Neg takes whole numbers through float32 (TF.js 4.22).
  isFloat(dataType) ? call.add('Neg', [tensor]) : call.add('Sub', [call.number(0, 'int32'), tensor]);

export const absolute = (call: NodeWriter, tensor: WrittenTensor, dataType: DataType): WrittenTensor =>
  isFloat(dataType) ? call.add('Abs', [tensor]) : call.add('Maximum', [tensor, negated(call, tensor, dataType)]);

/** `factor · x + offset`. */
const scaled = (call: NodeWriter, tensor: WrittenTensor, factor: number, offset: number): WrittenTensor => {
  const product = factor === 1 ? tensor : call.add('Mul', [tensor, call.number(factor)]);
  return offset === 0 ? product : call.add('AddV2', [product, call.number(offset)]);
};

/** Bounds that do not stand there are infinite. */
export function clamped(call: NodeWriter, tensor: WrittenTensor, dataType: DataType, min: number, max: number): WrittenTensor {
  if (isFloat(dataType)) {
    if (min === 0 && max === 6) return call.add('Relu6', [tensor]);
    if (min === 0 && max === Number.POSITIVE_INFINITY) return call.add('Relu', [tensor]);
    if (Number.isFinite(min) && Number.isFinite(max) && min < max)
      return call.add('ClipByValue', [tensor, call.parameter(min, 'float32'), call.parameter(max, 'float32')]);
  }
  const dtype = dtypeOf(dataType);
  const [least, greatest] = INTEGER_RANGE.int32 as readonly [number, number];
  const [low, high] = dtype === 'int32' ? [Math.max(Math.ceil(min), least), Math.min(Math.floor(max), greatest)] : [min, max];
  // The tensor stands first, since wasm's kernels return the first of two if one of them is NaN (TF.js 4.22).
  const raised = min === Number.NEGATIVE_INFINITY ? tensor : call.add('Maximum', [tensor, call.number(low, dtype)]);
  return max === Number.POSITIVE_INFINITY ? raised : call.add('Minimum', [raised, call.number(high, dtype)]);
}

/** A cast to one of our types. */
function cast(call: Call<'cast'>): WrittenTensor {
  const { to } = call.attributes;
  const from = call.type().dataType;
  const input = call.input(0);
  // On wasm, Cast to bool keeps the lowest 8 bits (TF.js 4.22).
  if (to === 'bool') return from === 'bool' ? input : call.add('NotEqual', [input, call.number(0)]);
  if (isFloat(to)) return isFloat(from) ? input : converted(call, input, to);
  if (isFloat(from)) return saturated(call, input, to);
  if (from === 'bool') return converted(call, input, to);
  return isWithin(from, to) ? input : wrapped(call, input, to);
}

const isWithin = (from: DataType, to: DataType): boolean => {
  const [[min, max], [low, high]] = [INTEGER_RANGE[from], INTEGER_RANGE[to]] as [readonly [number, number], readonly [number, number]];
  return low <= min && max <= high;
};

export const converted = (call: NodeWriter, input: WrittenTensor, to: DataType): WrittenTensor =>
  call.add('Cast', [input], { DstT: attr.type(dtypeOf(to)) });

/** Floats as whole numbers. What lies beyond the range takes the nearest bound, where TF.js on cpu and wasm keeps the lowest bits. */
function saturated(call: NodeWriter, input: WrittenTensor, to: DataType): WrittenTensor {
  const [min, max] = INTEGER_RANGE[to === 'int64' ? 'int32' : to] as readonly [number, number];
  const limit = (high: number) => clamped(call, input, 'float32', min, high);
  if (to !== 'int32' && to !== 'int64') return converted(call, limit(max), to);
  // The greatest int32 is no float32.
  const below = converted(call, limit(2 ** 31 - 128), to);
  const isBeyond = call.add('GreaterEqual', [input, call.number(2 ** 31, 'float32')]);
  const { shape } = call.type();
  const bound = { tensor: call.number(max, 'int32'), shape: [] };
  return chosen(call, { tensor: isBeyond, shape }, bound, { tensor: below, shape }, shape);
}

/** Whole numbers divided towards zero: one more than the floor where that is below 0 and leaves a remainder. */
function div(call: Call<'div'>): WrittenTensor {
  const [a, b] = [call.input(0), call.input(1)];
  if (isFloat(call.type().dataType)) return call.add('RealDiv', [a, b]);
  const floor = call.add('FloorDiv', [a, b]);
  const hasRemainder = call.add('NotEqual', [call.add('Mul', [floor, b]), a]);
  const isBelow = call.add('Less', [floor, call.number(0, 'int32')]);
  return call.add('AddV2', [floor, converted(call, call.add('LogicalAnd', [isBelow, hasRemainder]), 'int32')]);
}

/** x · Φ(x): by the error function, or by the tanh formula, as √(2/π)'s tanh is a sigmoid of twice its argument. */
function gelu(call: Call<'gelu'>): WrittenTensor {
  const x = call.input(0);
  if (call.attributes.approximation === 'none') {
    const erf = call.add('Erf', [scaled(call, x, Math.SQRT1_2, 0)]);
    return call.add('Mul', [scaled(call, x, 0.5, 0), scaled(call, erf, 1, 1)]);
  }
  const factor = 2 * Math.sqrt(2 / Math.PI);
  const polynomial = scaled(call, call.add('Square', [x]), 0.044715 * factor, factor);
  return call.add('Mul', [x, call.add('Sigmoid', [call.add('Mul', [x, polynomial])])]);
}

/** -1, 0 or 1 by comparisons: on wasm, Sign takes numbers near 0 for 0, and on every backend NaN (TF.js 4.22). */
function sign(call: Call<'sign'>): WrittenTensor {
  const x = call.input(0);
  if (!isFloat(call.type().dataType)) return call.add('Sign', [x]);
  const { shape } = call.type();
  const either = (comparison: string, value: number, rest: WrittenTensor) => {
    const isBeyond = call.add(comparison, [x, call.number(0)]);
    return chosen(call, { tensor: isBeyond, shape }, { tensor: call.number(value), shape: [] }, { tensor: rest, shape }, shape);
  };
  return either('Greater', 1, either('Less', -1, x));
}

function where(call: Call<'where'>): WrittenTensor {
  const [condition, a, b] = [0, 1, 2].map((index) => ({ tensor: call.input(index), shape: call.type(index).shape })) as [
    Shaped,
    Shaped,
    Shaped,
  ];
  return selected(call, call.type(1).dataType, condition, a, b, call.outputType().shape);
}

/**
 * Elements of a where the condition holds, else of b, of any element type: on wasm, Select reads 4 bytes for each boolean (TF.js 4.22).
 * @param shape to which all three are broadcast
 */
export function selected(call: NodeWriter, dataType: DataType, condition: Shaped, a: Shaped, b: Shaped, shape: Shape): WrittenTensor {
  if (dataType !== 'bool') return chosen(call, condition, a, b, shape);
  const isOther = call.add('LogicalNot', [condition.tensor]);
  return call.add('LogicalOr', [call.add('LogicalAnd', [condition.tensor, a.tensor]), call.add('LogicalAnd', [isOther, b.tensor])]);
}

/** Where the slope runs along inner axes but not all of them, TF.js on wasm takes wrong slopes (4.22). */
function prelu(call: Call<'prelu'>): WrittenTensor {
  const [x, slope] = [call.input(0), call.input(1)];
  const [own, whole] = [call.type(1).shape, call.type().shape];
  const first = own.findIndex((size) => size !== 1);
  const isTail = own.every((size, axis) => axis < first || isSameSize(size, whole[whole.length - own.length + axis] as Size));
  if (isTail) return call.add('Prelu', [x, slope]);
  const below = call.add('Minimum', [x, call.number(0)]);
  return call.add('AddV2', [call.add('Relu', [x]), call.add('Mul', [below, slope])]);
}

export const ELEMENTWISE_WRITERS: WriteOps<Exclude<keyof typeof ELEMENTWISE_OPS, 'identity' | 'bitwiseAnd'>> = {
  abs: (call) => wrapped(call, absolute(call, call.input(0), call.type().dataType), call.type().dataType),
  neg: (call) => wrapped(call, negated(call, call.input(0), call.type().dataType), call.type().dataType),
  sign,
  relu: (call) => clamped(call, call.input(0), call.type().dataType, 0, Number.POSITIVE_INFINITY),
  ceil: sameAs('Ceil'),
  floor: sameAs('Floor'),
  roundEven: sameAs('Round'),
  exp: sameAs('Exp'),
  expm1: sameAs('Expm1'),
  log: sameAs('Log'),
  log1p: sameAs('Log1p'),
  sqrt: sameAs('Sqrt'),
  rsqrt: sameAs('Rsqrt'),
  reciprocal: sameAs('Reciprocal'),
  erf: sameAs('Erf'),
  sin: sameAs('Sin'),
  cos: sameAs('Cos'),
  tan: sameAs('Tan'),
  sinh: sameAs('Sinh'),
  cosh: sameAs('Cosh'),
  tanh: sameAs('Tanh'),
  asin: sameAs('Asin'),
  acos: sameAs('Acos'),
  atan: sameAs('Atan'),
  asinh: sameAs('Asinh'),
  acosh: sameAs('Acosh'),
  atanh: sameAs('Atanh'),
  sigmoid: sameAs('Sigmoid'),
  softplus: sameAs('Softplus'),
  softsign: (call) => call.add('RealDiv', [call.input(0), scaled(call, call.add('Abs', [call.input(0)]), 1, 1)]),
  hardSwish: (call) => {
    const x = call.input(0);
    return scaled(call, call.add('Mul', [x, call.add('Relu6', [scaled(call, x, 1, 3)])]), 1 / 6, 0);
  },
  selu: sameAs('Selu'),
  logicalNot: sameAs('LogicalNot'),
  isNaN: sameAs('IsNan'),
  isInfinite: sameAs('IsInf'),
  // Where e^x - 1 is below 0, so is x.
  elu: (call) => {
    const elu = call.add('Elu', [call.input(0)]);
    return call.attributes.alpha === 1 ? elu : call.add('LeakyRelu', [elu], { alpha: attr.number(call.attributes.alpha) });
  },
  leakyRelu: (call) => call.add('LeakyRelu', [call.input(0)], { alpha: attr.number(call.attributes.alpha) }),
  hardSigmoid: (call) => {
    const { alpha, beta } = call.attributes;
    return clamped(call, scaled(call, call.input(0), alpha, beta), 'float32', 0, 1);
  },
  linear: (call) => scaled(call, call.input(0), call.attributes.alpha, call.attributes.beta),
  gelu,
  clamp: (call) => clamped(call, call.input(0), call.type().dataType, call.attributes.min, call.attributes.max),
  cast,
  add: wrapping('AddV2'),
  sub: wrapping('Sub'),
  mul: wrapping('Mul'),
  div,
  floorDiv: (call) =>
    // TF.js gives int32 for floats, too.
    isFloat(call.type().dataType) ? call.add('Floor', [call.add('RealDiv', call.inputs)]) : call.add('FloorDiv', call.inputs),
  mod: sameAs('FloorMod'),
  max: sameAs('Maximum'),
  min: sameAs('Minimum'),
  pow: wrapping('Pow'),
  squaredDifference: wrapping('SquaredDifference'),
  atan2: sameAs('Atan2'),
  equal: sameAs('Equal'),
  notEqual: sameAs('NotEqual'),
  greater: sameAs('Greater'),
  greaterOrEqual: sameAs('GreaterEqual'),
  lesser: sameAs('Less'),
  lesserOrEqual: sameAs('LessEqual'),
  logicalAnd: sameAs('LogicalAnd'),
  logicalOr: sameAs('LogicalOr'),
  // TF.js's graphs have no LogicalXor.
  logicalXor: sameAs('NotEqual'),
  prelu,
  where,
};

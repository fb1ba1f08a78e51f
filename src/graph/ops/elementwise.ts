/**
 * Ops that compute each element by itself. Inputs of one op are broadcast as NumPy does. Whole numbers beyond their type keep their
 * lowest bits; int64 beyond 2^53, which float64 does not hold exactly, is an error in the reference.
 */
import { choice, dataType, real } from '../attribute.js';
import { INTEGER_RANGE, isFloat } from '../element-type.js';
import { broadcast, checkClass, checkSameDataType, type DataTypeClass, defineOp, refused } from '../op.js';
import { shapeText, type TensorType } from '../tensor.js';

const NONE = {};

/** An op of one input whose output has the input's type. */
const unary = <const Name extends string>(name: Name, takes: DataTypeClass) =>
  defineOp({
    name,
    inputs: ['input'],
    attributes: NONE,
    infer: ([input]) => {
      checkClass(input as TensorType, takes);
      return [input as TensorType];
    },
  });

/** An op of one float input with numbers that shape its curve. */
const curve = <const Name extends string, const Kinds extends Readonly<Record<string, typeof real>>>(name: Name, attributes: Kinds) =>
  defineOp({
    name,
    inputs: ['input'],
    attributes,
    infer: ([input]) => {
      checkClass(input as TensorType, 'float');
      return [input as TensorType];
    },
  });

/** An op of two inputs of one element type. */
const binary = <const Name extends string>(name: Name, takes: DataTypeClass, gives: 'same' | 'bool' = 'same') =>
  defineOp({
    name,
    inputs: ['a', 'b'],
    attributes: NONE,
    infer: (inputs) => {
      const [a, b] = inputs as [TensorType, TensorType];
      checkClass(a, takes, 'a');
      checkSameDataType(a, b);
      return [{ dataType: gives === 'bool' ? 'bool' : a.dataType, shape: broadcast(a.shape, b.shape) }];
    },
  });

/** An op that answers a question about each float. */
const question = <const Name extends string>(name: Name) =>
  defineOp({
    name,
    inputs: ['input'],
    attributes: NONE,
    infer: ([input]) => {
      checkClass(input as TensorType, 'float');
      return [{ dataType: 'bool', shape: (input as TensorType).shape }];
    },
  });

export const ELEMENTWISE_OPS = {
  identity: unary('identity', 'any'),
  abs: unary('abs', 'number'),
  neg: unary('neg', 'number'),
  /** -1, 0 or 1; NaN stays NaN. */
  sign: unary('sign', 'number'),
  relu: unary('relu', 'number'),
  ceil: unary('ceil', 'float'),
  floor: unary('floor', 'float'),
  /** Rounds to the nearest whole number, and halves to the even one. */
  roundEven: unary('roundEven', 'float'),
  exp: unary('exp', 'float'),
  /** e^x - 1, exact near 0. Not in WebNN. */
  expm1: unary('expm1', 'float'),
  log: unary('log', 'float'),
  /** ln(1 + x), exact near 0. Not in WebNN. */
  log1p: unary('log1p', 'float'),
  sqrt: unary('sqrt', 'float'),
  /** 1 / √x. Not in WebNN. */
  rsqrt: unary('rsqrt', 'float'),
  reciprocal: unary('reciprocal', 'float'),
  /** The error function. */
  erf: unary('erf', 'float'),
  sin: unary('sin', 'float'),
  cos: unary('cos', 'float'),
  tan: unary('tan', 'float'),
  sinh: unary('sinh', 'float'),
  cosh: unary('cosh', 'float'),
  tanh: unary('tanh', 'float'),
  asin: unary('asin', 'float'),
  acos: unary('acos', 'float'),
  atan: unary('atan', 'float'),
  asinh: unary('asinh', 'float'),
  acosh: unary('acosh', 'float'),
  atanh: unary('atanh', 'float'),
  sigmoid: unary('sigmoid', 'float'),
  /** ln(1 + e^x). */
  softplus: unary('softplus', 'float'),
  /** x / (1 + |x|). */
  softsign: unary('softsign', 'float'),
  /** x · min(max(x + 3, 0), 6) / 6. */
  hardSwish: unary('hardSwish', 'float'),
  /** The scaled ELU with the constants of Klambauer et al., Self-Normalizing Neural Networks (2017). Not in WebNN. */
  selu: unary('selu', 'float'),
  logicalNot: unary('logicalNot', 'bool'),
  isNaN: question('isNaN'),
  isInfinite: question('isInfinite'),

  /** x where x ≥ 0, else alpha · (e^x - 1). */
  elu: curve('elu', { alpha: real }),
  /** x where x ≥ 0, else alpha · x. */
  leakyRelu: curve('leakyRelu', { alpha: real }),
  /** min(max(alpha · x + beta, 0), 1). */
  hardSigmoid: curve('hardSigmoid', { alpha: real, beta: real }),
  /** alpha · x + beta. */
  linear: curve('linear', { alpha: real, beta: real }),
  /** x · Φ(x), with the normal distribution's Φ exact or by the tanh formula. WebNN has the exact one alone. */
  gelu: defineOp({
    name: 'gelu',
    inputs: ['input'],
    attributes: { approximation: choice('none', 'tanh') },
    infer: ([input]) => {
      checkClass(input as TensorType, 'float');
      return [input as TensorType];
    },
  }),
  /** The nearest number in [min, max], for whole numbers the nearest whole one. NaN stays NaN. A bound may be infinite. */
  clamp: defineOp({
    name: 'clamp',
    inputs: ['input'],
    attributes: { min: real, max: real },
    infer: ([input], { min, max }) => {
      checkClass(input as TensorType, 'number');
      if (min > max) throw refused(`has the bounds ${min} and ${max}, of which the first is greater`);
      const { dataType } = input as TensorType;
      const [least, greatest] = INTEGER_RANGE[dataType] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      if (!isFloat(dataType) && Math.max(Math.ceil(min), least) > Math.min(Math.floor(max), greatest))
        throw refused(`has the bounds ${min} and ${max}, between which ${dataType} has no number`);
      return [input as TensorType];
    },
  }),
  /**
   * Another element type. A float becomes a whole number towards zero; what lies beyond its range takes the nearest bound; NaN
   * becomes 0, for which an engine may give any number. Whole numbers beyond a smaller type keep their lowest bits. To bool: 0 becomes 0, all else 1, NaN too.
   */
  cast: defineOp({
    name: 'cast',
    inputs: ['input'],
    attributes: { to: dataType },
    infer: ([input], { to }) => [{ dataType: to, shape: (input as TensorType).shape }],
  }),

  add: binary('add', 'number'),
  sub: binary('sub', 'number'),
  mul: binary('mul', 'number'),
  /** Whole numbers are divided towards zero, as in C; a division of whole numbers by 0 is an error. */
  div: binary('div', 'number'),
  /** The quotient, rounded towards minus infinity, as Python's `//`; of whole numbers by 0, an error. Not in WebNN. */
  floorDiv: binary('floorDiv', 'number'),
  /** The remainder with the sign of b, as Python's `%`; of whole numbers by 0, an error. Not in WebNN. */
  mod: binary('mod', 'number'),
  /** The greater one, or NaN if either is. */
  /** NaN if one of both is, for which an engine may give the other one, as IEEE 754's maxNum does. So does `min`. */
  max: binary('max', 'number'),
  /** The lesser one, or NaN if either is. */
  min: binary('min', 'number'),
  /** A whole number to a negative power is 0, but for 1 and -1. As in IEEE 754, 1 to any power is 1, and -1 to an infinite one, too. */
  pow: binary('pow', 'number'),
  /** (a - b)². Not in WebNN. */
  squaredDifference: binary('squaredDifference', 'number'),
  /** The angle of the point (b, a). Not in WebNN. */
  atan2: binary('atan2', 'float'),
  /** Not in WebNN. */
  bitwiseAnd: binary('bitwiseAnd', 'integer'),
  equal: binary('equal', 'any', 'bool'),
  notEqual: binary('notEqual', 'any', 'bool'),
  greater: binary('greater', 'number', 'bool'),
  greaterOrEqual: binary('greaterOrEqual', 'number', 'bool'),
  lesser: binary('lesser', 'number', 'bool'),
  lesserOrEqual: binary('lesserOrEqual', 'number', 'bool'),
  logicalAnd: binary('logicalAnd', 'bool'),
  logicalOr: binary('logicalOr', 'bool'),
  logicalXor: binary('logicalXor', 'bool'),
  /** x where x ≥ 0, else slope · x. The slope broadcasts to the input's shape. */
  prelu: defineOp({
    name: 'prelu',
    inputs: ['input', 'slope'],
    attributes: NONE,
    infer: (inputs) => {
      const [input, slope] = inputs as [TensorType, TensorType];
      checkClass(input, 'float');
      checkSameDataType(input, slope);
      const shape = broadcast(input.shape, slope.shape);
      if (shapeText(shape) !== shapeText(input.shape))
        throw refused(`takes a slope that broadcasts to ${shapeText(input.shape)}, but got ${shapeText(slope.shape)}`);
      return [input];
    },
  }),
  /** Elements of a where the condition holds, else of b. */
  where: defineOp({
    name: 'where',
    inputs: ['condition', 'a', 'b'],
    attributes: NONE,
    infer: (inputs) => {
      const [condition, a, b] = inputs as [TensorType, TensorType, TensorType];
      checkClass(condition, 'bool', 'condition');
      checkSameDataType(a, b);
      return [{ dataType: a.dataType, shape: broadcast(condition.shape, broadcast(a.shape, b.shape)) }];
    },
  }),
} as const;

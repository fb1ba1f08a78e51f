/** Reads ops that compute each element by itself. */
import type { DataType } from '../../../graph/element-type.js';
import { isFloat } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { rounding, sameAs } from '../../reading/plain-ops.js';
import type { Call, Importer, Importers } from './call.js';

/** A number that a graph gives as a constant without axes. */
const scalar = (call: Call, index: number): number | undefined => {
  const constant = call.constant(index);
  return constant?.data.length === 1 ? constant.data[0] : undefined;
};

function clip(call: Call): TypedValue {
  const [min, max] = [scalar(call, 1), scalar(call, 2)];
  if (min !== undefined && max !== undefined && min <= max) return call.add('clamp', [call.value()], { min, max });
  return call.add('min', [call.step('max', [call.value(), call.value(1)], {}), call.value(2)], {});
}

/** NaN is not below infinity. */
const notInfinite: Importer = (call) =>
  call.add('lesser', [call.step('abs', [call.value()], {}), call.number(Number.POSITIVE_INFINITY)], {});

/** TensorFlow's Mod has the sign of the dividend, as in C. */
function truncatedMod(call: Call): TypedValue {
  const [a, b] = [call.value(0), call.value(1)];
  const remainder = call.step('mod', [call.step('abs', [a], {}), call.step('abs', [b], {})], {});
  return call.add('mul', [call.step('sign', [a], {}), remainder], {});
}

/** The quotient, or 0 where the divisor is 0. */
function divNoNan(call: Call): TypedValue {
  const [a, b] = [call.value(0), call.value(1)];
  const isZero = call.step('equal', [b, call.number(0)], {});
  return call.add('where', [isZero, call.number(0), call.step('div', [a, b], {})], {});
}

function addN(call: Call): TypedValue {
  const others = call.values(1);
  return others.reduce((sum, each, index) => call[index === others.length - 1 ? 'add' : 'step']('add', [sum, each], {}), call.value(0));
}

/** Channels are the last axis, or the second one. */
function biasAdd(call: Call): TypedValue {
  const [input, bias] = [call.value(0), call.value(1)];
  const { shape } = input.type;
  if (!call.attributes.text('data_format', 'NHWC').startsWith('NC') || shape.length < 3) return call.add('add', [input, bias], {});
  const newShape = [bias.type.shape[0] as number, ...Array<number>(shape.length - 2).fill(1)];
  return call.add('add', [input, call.step('reshape', [bias], { newShape })], {});
}

/** A condition of one axis belongs to the first axis of the others, in the older of both ops. */
function select(call: Call): TypedValue {
  const [condition, a, b] = [call.value(0), call.value(1), call.value(2)];
  const { shape } = condition.type;
  const missing = a.type.shape.length - shape.length;
  if (shape.length !== 1 || missing <= 0) return call.add('where', [condition, a, b], {});
  const rows = call.step('reshape', [condition], { newShape: [...shape, ...Array<number>(missing).fill(1)] });
  return call.add('where', [rows, a, b], {});
}

/** Types of 8 and 16 bits are whole numbers of 32 bits in TF.js: the cast keeps the lowest bits, and the number is int32 again. */
function cast(call: Call): TypedValue {
  const input = call.value();
  const to = call.attributes.dataType('DstT');
  if (call.attributes.flag('Truncate') && isFloat(to)) throw cannotExpress('rounds floats towards zero');
  const kept = (type: DataType): boolean => type === 'float32' || type === 'int32' || type === 'bool';
  if (to === input.type.dataType) return input;
  if (kept(to)) return call.add('cast', [input], { to });
  return call.add('cast', [call.step('cast', [input], { to })], { to: 'int32' });
}

/**
 * Quantises and back, as training does that prepares for whole numbers of few bits: the bounds are moved so that 0 is one of the
 * steps (TensorFlow, fake_quant_ops_functor.h).
 */
export function fakeQuant(call: Call, min: number, max: number): TypedValue {
  if (min > max) throw call.broken(`has the bounds ${min} and ${max}, of which the first is greater`);
  if (min === 0 && max === 0) return call.add('mul', [call.value(), call.number(0)], {});
  const least = call.attributes.flag('narrow_range') ? 1 : 0;
  const greatest = 2 ** call.attributes.whole('num_bits', 8) - 1;
  const scale = Math.fround((max - min) / (greatest - least));
  const zero = Math.min(Math.max(Math.round(least - min / scale), least), greatest);
  const bounds = { min: Math.fround((least - zero) * scale), max: Math.fround((greatest - zero) * scale) };
  const above = call.step('sub', [call.step('clamp', [call.value()], bounds), call.number(bounds.min)], {});
  const steps = call.step('add', [call.step('mul', [above, call.number(Math.fround(1 / scale))], {}), call.number(0.5)], {});
  const rounded = call.step('mul', [call.step('floor', [steps], {}), call.number(scale)], {});
  return call.add('add', [rounded, call.number(bounds.min)], {});
}

function fakeQuantWithVars(call: Call): TypedValue {
  const [min, max] = [scalar(call, 1), scalar(call, 2)];
  if (min === undefined || max === undefined) throw cannotExpress('takes bounds that are computed while the model runs');
  return fakeQuant(call, min, max);
}

export const ELEMENTWISE_IMPORTERS: Importers = {
  ...{ Abs: sameAs('abs'), Neg: sameAs('neg'), Sign: sameAs('sign'), Relu: sameAs('relu'), Exp: sameAs('exp'), Expm1: sameAs('expm1') },
  ...{ Ceil: rounding('ceil'), Floor: rounding('floor'), Round: rounding('roundEven') },
  ...{ Log: sameAs('log'), Log1p: sameAs('log1p'), Sqrt: sameAs('sqrt'), Rsqrt: sameAs('rsqrt'), Reciprocal: sameAs('reciprocal') },
  ...{ Erf: sameAs('erf'), Sin: sameAs('sin'), Cos: sameAs('cos'), Tan: sameAs('tan'), Sinh: sameAs('sinh'), Cosh: sameAs('cosh') },
  ...{ Tanh: sameAs('tanh'), Asin: sameAs('asin'), Acos: sameAs('acos'), Atan: sameAs('atan'), Asinh: sameAs('asinh') },
  ...{ Acosh: sameAs('acosh'), Atanh: sameAs('atanh'), Sigmoid: sameAs('sigmoid'), Softplus: sameAs('softplus') },
  ...{ Selu: sameAs('selu'), LogicalNot: sameAs('logicalNot'), IsNan: sameAs('isNaN'), IsInf: sameAs('isInfinite') },
  IsFinite: notInfinite,
  Elu: (call) => call.add('elu', [call.value()], { alpha: 1 }),
  Relu6: (call) => call.add('clamp', [call.value()], { min: 0, max: 6 }),
  LeakyRelu: (call) => call.add('leakyRelu', [call.value()], { alpha: call.attributes.number('alpha', Math.fround(0.2)) }),
  Prelu: (call) => call.add('prelu', [call.value(0), call.value(1)], {}),
  ClipByValue: clip,
  Square: (call) => call.add('mul', [call.value(), call.value()], {}),
  Cast: cast,
  FakeQuantWithMinMaxVars: fakeQuantWithVars,
  ...{ Add: sameAs('add'), AddV2: sameAs('add'), AddN: addN, BiasAdd: biasAdd, Sub: sameAs('sub'), Mul: sameAs('mul') },
  ...{ Div: sameAs('div'), RealDiv: sameAs('div'), DivNoNan: divNoNan, FloorDiv: sameAs('floorDiv'), FloorMod: sameAs('mod') },
  Mod: truncatedMod,
  ...{ Maximum: sameAs('max'), Minimum: sameAs('min'), Pow: sameAs('pow'), SquaredDifference: sameAs('squaredDifference') },
  ...{ Atan2: sameAs('atan2'), BitwiseAnd: sameAs('bitwiseAnd'), Equal: sameAs('equal'), NotEqual: sameAs('notEqual') },
  ...{ Greater: sameAs('greater'), GreaterEqual: sameAs('greaterOrEqual'), Less: sameAs('lesser'), LessEqual: sameAs('lesserOrEqual') },
  ...{ LogicalAnd: sameAs('logicalAnd'), LogicalOr: sameAs('logicalOr'), Select: select },
  SelectV2: (call) => call.add('where', call.values(), {}),
};

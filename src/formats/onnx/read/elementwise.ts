/** Reads ops that compute each element by itself. */
import { INTEGER_RANGE, isFloat } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { rounding, sameAs } from '../../reading/plain-ops.js';
import type { Call, Importer, Importers } from './call.js';

/** An op of any number of inputs, which combines two at a time. */
const combining =
  (op: 'add' | 'max' | 'min'): Importer =>
  (call) =>
    call.values(1).reduce((combined, each) => call.apply(op, combined, each), call.value(0));

function mean(call: Call): TypedValue {
  const sum = call.values(1).reduce((combined, each) => call.apply('add', combined, each), call.value(0));
  return call.apply('div', sum, call.number(call.count));
}

/** Python's remainder, or that of C, which has the sign of the dividend. */
function mod(call: Call): TypedValue {
  const [a, b] = [call.value(0), call.value(1)];
  if (!call.attributes.flag('fmod')) return call.apply('mod', a, b);
  const remainder = call.apply('mod', call.apply('abs', a), call.apply('abs', b));
  return call.apply('mul', call.apply('sign', a), remainder);
}

/** The result has the type of the base. */
function pow(call: Call): TypedValue {
  const [base, exponent] = [call.value(0), call.value(1)];
  const { dataType } = base.type;
  if (isFloat(dataType) || !isFloat(exponent.type.dataType)) return call.apply('pow', base, call.cast(exponent, dataType));
  const power = call.apply('pow', call.cast(base, 'float32'), call.cast(exponent, 'float32'));
  return call.cast(power, dataType);
}

/** Bounds are attributes before opset 11. */
function clip(call: Call): TypedValue {
  const { attributes } = call;
  const input = call.value();
  const isOld = call.opset < 11;
  const min = isOld || !call.has(1) ? attributes.number('min', Number.NEGATIVE_INFINITY) : call.scalar(1);
  const max = isOld || !call.has(2) ? attributes.number('max', Number.POSITIVE_INFINITY) : call.scalar(2);
  if (min !== undefined && max !== undefined && min <= max) return call.add('clamp', [input], { min, max });
  const [least, greatest] = [isOld ? undefined : call.optional(1), isOld ? undefined : call.optional(2)];
  const raised = least === undefined ? input : call.apply('max', input, least);
  return greatest === undefined ? raised : call.apply('min', raised, greatest);
}

function isInf(call: Call): TypedValue {
  const [above, below] = [call.attributes.flag('detect_positive', true), call.attributes.flag('detect_negative', true)];
  const input = call.value();
  if (above && below) return call.apply('isInfinite', input);
  if (!above && !below) return call.apply('notEqual', input, input);
  return call.apply('equal', input, call.number(above ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY));
}

/** Whole numbers keep their lowest bits here, so that sums of them say what bits do. */
const bitwise =
  (common: number): Importer =>
  (call) => {
    const [a, b] = [call.value(0), call.value(1)];
    const both = call.apply('bitwiseAnd', a, b);
    return call.apply('sub', call.apply('add', a, b), common === 1 ? both : call.apply('mul', both, call.number(common)));
  };

/** All bits turned: -1 - x, and the greatest number less x where there is no sign. */
function bitwiseNot(call: Call): TypedValue {
  const [least = 0, greatest = 0] = INTEGER_RANGE[call.type().dataType] ?? [];
  return call.apply('sub', call.number(least < 0 ? -1 : greatest), call.value());
}

/** Shifts bytes as int32, which holds all that a shift of up to 8 places makes of them. */
function bitShift(call: Call): TypedValue {
  const [input, by] = [call.value(0), call.value(1)];
  const { dataType } = input.type;
  if (dataType !== 'uint8') throw cannotExpress(`shifts ${dataType}`);
  const places = call.step('clamp', [call.cast(by, 'int32')], { min: 0, max: 8 });
  const factor = call.apply('pow', call.number(2, 'int32'), places);
  const shifted = call.apply(call.attributes.text('direction', 'LEFT') === 'RIGHT' ? 'floorDiv' : 'mul', call.cast(input, 'int32'), factor);
  return call.cast(shifted, dataType);
}

function cast(call: Call): TypedValue {
  call.keepClassNames();
  return call.cast(call.value(), call.dataType('to'));
}

export const ELEMENTWISE_IMPORTERS: Importers = {
  ...{ Abs: sameAs('abs'), Neg: sameAs('neg'), Sign: sameAs('sign'), Exp: sameAs('exp'), Log: sameAs('log'), Sqrt: sameAs('sqrt') },
  ...{ Ceil: rounding('ceil'), Floor: rounding('floor'), Round: rounding('roundEven'), Reciprocal: sameAs('reciprocal') },
  ...{ Erf: sameAs('erf'), Sin: sameAs('sin'), Cos: sameAs('cos'), Tan: sameAs('tan'), Sinh: sameAs('sinh'), Cosh: sameAs('cosh') },
  ...{ Asin: sameAs('asin'), Acos: sameAs('acos'), Atan: sameAs('atan'), Asinh: sameAs('asinh'), Acosh: sameAs('acosh') },
  ...{ Atanh: sameAs('atanh'), Not: sameAs('logicalNot'), IsNaN: sameAs('isNaN'), IsInf: isInf },
  ...{ Add: sameAs('add'), Sub: sameAs('sub'), Mul: sameAs('mul'), Div: sameAs('div'), Mod: mod, Pow: pow },
  ...{ Sum: combining('add'), Max: combining('max'), Min: combining('min'), Mean: mean, Clip: clip },
  ...{ And: sameAs('logicalAnd'), Or: sameAs('logicalOr'), Xor: sameAs('logicalXor'), Equal: sameAs('equal') },
  ...{ Greater: sameAs('greater'), GreaterOrEqual: sameAs('greaterOrEqual'), Less: sameAs('lesser'), LessOrEqual: sameAs('lesserOrEqual') },
  ...{ BitwiseAnd: sameAs('bitwiseAnd'), BitwiseOr: bitwise(1), BitwiseXor: bitwise(2), BitwiseNot: bitwiseNot, BitShift: bitShift },
  Where: (call) => call.add('where', call.values(0, 3), {}),
  Cast: cast,
  CastLike: (call) => call.cast(call.value(), call.type(1).dataType),
};

/**
 * Reads ops of whole numbers that stand for floats: scale · (number - zero point). Products of them are exact in float32 up to 2^24,
 * which 258 products of bytes cannot exceed.
 */
import { type DataType, INTEGER_RANGE } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import { exactQuotient, isOpen, multiply, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call, Importers } from './call.js';
import { matrixProduct } from './network.js';
import { filterOf, inItsLayout, picture, spatialRank, windowOf } from './window.js';

/** A scale or zero point in a shape that broadcasts to an input's: one number, one for each place along an axis, or one for each block. */
function spread(call: Call, value: TypedValue, shape: Shape, axis: number): TypedValue {
  const own = value.type.shape;
  if (own.length === 0 || shape.length === 0) return call.reshaped(value, []);
  if (own.length === 1 && own[0] === 1) return call.reshaped(value, []);
  if (own.length === 1)
    return call.reshaped(
      value,
      shape.map((_, place) => (place === axis ? (own[0] as Size) : 1)),
    );
  return blockwise(call, value, shape, axis);
}

/** One number for each block along an axis, repeated over the block. */
function blockwise(call: Call, value: TypedValue, shape: Shape, axis: number): TypedValue {
  const own = value.type.shape;
  const block = exactQuotient(shape[axis] as Size, own[axis] as Size);
  if (block === undefined || own.length !== shape.length) throw cannotExpress('has blocks of different lengths');
  const split = (sizes: Shape, each: Size) => sizes.flatMap((size, place) => (place === axis ? [size, each] : [size]));
  const repeated = call.step('expand', [call.reshaped(value, split(own, 1))], { newShape: split(own, block) });
  return call.reshaped(
    repeated,
    own.map((size, place) => (place === axis ? multiply(size, block) : size)),
  );
}

const axisFor = (call: Call, rank: number): number => (rank === 0 ? 0 : call.axisAt(rank, Math.min(1, rank - 1)));

/** The number for a float: rounded to the nearest, halves to the even one, within the range of the type. */
function quantized(call: Call, value: TypedValue, scale: TypedValue, zero: TypedValue | undefined, to: DataType): TypedValue {
  const [min, max] = INTEGER_RANGE[to] ?? [0, 0];
  if (min === max) throw cannotExpress(`quantises to ${to}`);
  const { dataType } = value.type;
  const rounded = call.apply('roundEven', call.apply('div', value, call.cast(scale, dataType)));
  const moved = zero === undefined ? rounded : call.apply('add', rounded, call.cast(zero, dataType));
  return call.cast(call.step('clamp', [moved], { min, max }), to);
}

function quantizeLinear(call: Call): TypedValue {
  const input = call.value();
  const { shape, dataType } = input.type;
  const axis = axisFor(call, shape.length);
  const zero = call.optional(2);
  const named = call.attributes.has('output_dtype') && call.attributes.whole('output_dtype') !== 0;
  const to = zero?.type.dataType ?? (named ? call.dataType('output_dtype') : 'uint8');
  const floats = call.cast(input, dataType === 'float16' ? 'float16' : 'float32');
  return quantized(call, floats, spread(call, call.value(1), shape, axis), zero && spread(call, zero, shape, axis), to);
}

function dequantizeLinear(call: Call): TypedValue {
  const [input, scale] = [call.value(0), call.value(1)];
  const { shape } = input.type;
  const axis = axisFor(call, shape.length);
  return dequantized(call, input, spread(call, scale, shape, axis), call.has(2) ? spread(call, call.value(2), shape, axis) : undefined);
}

/** scale · (number - zero point), as the type of the scale. */
function dequantized(call: Call, input: TypedValue, scale: TypedValue, zero: TypedValue | undefined): TypedValue {
  const { dataType } = scale.type;
  const numbers = call.cast(input, dataType);
  return call.apply('mul', zero === undefined ? numbers : call.apply('sub', numbers, call.cast(zero, dataType)), scale);
}

/** The scale and the zero point that bring the least and the greatest number of a tensor, and 0, to 0 to 255. */
function dynamicQuantizeLinear(call: Call): readonly TypedValue[] {
  const input = call.value();
  const axes = input.type.shape.map((_, axis) => axis);
  const bound = (op: 'reduceMax' | 'reduceMin', bounded: 'max' | 'min') =>
    call.apply(bounded, call.step(op, [input], { axes, keepDimensions: false }), call.number(0));
  const [greatest, least] = [bound('reduceMax', 'max'), bound('reduceMin', 'min')];
  const scale = call.apply('div', call.apply('sub', greatest, least), call.number(255));
  const place = call.apply('roundEven', call.step('clamp', [call.apply('div', call.apply('neg', least), scale)], { min: 0, max: 255 }));
  const zero = call.cast(place, 'uint8');
  return [quantized(call, input, scale, zero, 'uint8'), scale, zero];
}

/** Numbers less their zero point, as int32. A list has one zero point for each row, or for each column. */
function centred(call: Call, index: number, zeroIndex: number, side: 'rows' | 'columns'): TypedValue {
  const input = call.cast(call.value(index), 'int32');
  const given = call.optional(zeroIndex);
  if (given === undefined) return input;
  return call.apply('sub', input, call.cast(alongMatrix(call, given, side), 'int32'));
}

const alongMatrix = (call: Call, value: TypedValue, side: 'rows' | 'columns'): TypedValue => {
  const { shape } = value.type;
  return side === 'rows' && shape.length === 1 && shape[0] !== 1 ? call.reshaped(value, [...shape, 1]) : value;
};

const matMulInteger = (call: Call): TypedValue => matrixProduct(call, centred(call, 0, 2, 'rows'), centred(call, 1, 3, 'columns'));

/** Inputs: a, its scale and zero point, b with both, scale and zero point of the result. */
function qLinearMatMul(call: Call): TypedValue {
  const made = call.cast(matrixProduct(call, centred(call, 0, 2, 'rows'), centred(call, 3, 5, 'columns')), 'float32');
  const scaleOf = (index: number, side: 'rows' | 'columns') => call.cast(alongMatrix(call, call.value(index), side), 'float32');
  const scale = call.apply('div', call.apply('mul', scaleOf(1, 'rows'), scaleOf(4, 'columns')), scaleOf(6, 'rows'));
  const zero = alongMatrix(call, call.value(7), 'rows');
  return quantizedProduct(call, made, scale, zero);
}

/** Whole products times a scale, rounded, and moved to the zero point. */
function quantizedProduct(call: Call, made: TypedValue, scale: TypedValue, zero: TypedValue): TypedValue {
  const to = zero.type.dataType;
  const [min, max] = INTEGER_RANGE[to] ?? [0, 0];
  const moved = call.apply('add', call.apply('roundEven', call.apply('mul', made, scale)), call.cast(zero, 'float32'));
  return call.cast(call.step('clamp', [moved], { min, max }), to);
}

/** A convolution of whole numbers, less their zero points, in float32. Of a filter, each channel may have its own. */
function convolved(call: Call, filterIndex: number, zeroIndex: number, filterZeroIndex: number): TypedValue {
  spatialRank(call);
  const floats = (value: TypedValue) => call.cast(value, 'float32');
  const filter = filterOf(call, filterIndex);
  const channels = filter.type.shape[3] as Size;
  const taken = filter.type.shape.slice(0, 3);
  if (isOpen(channels) || taken.some(isOpen)) throw cannotExpress('has a filter whose size is not known');
  const [zero, filterZero] = [call.optional(zeroIndex), call.optional(filterZeroIndex)];
  const input = floats(picture(call, call.value()));
  const moved = zero === undefined ? input : call.apply('sub', input, floats(call.reshaped(zero, [])));
  const weights = filterZero === undefined ? floats(filter) : call.apply('sub', floats(filter), floats(filterZero));
  return call.step('conv2d', [moved, weights, null], { ...windowOf(call), groups: call.attributes.whole('group', 1) });
}

const convInteger = (call: Call): TypedValue => call.cast(inItsLayout(call, convolved(call, 1, 2, 3)), 'int32');

/** Inputs: the picture, its scale and zero point, the filter with both, scale and zero point of the result, and a bias of int32. */
function qLinearConv(call: Call): TypedValue {
  const made = convolved(call, 3, 2, 5);
  const bias = call.optional(8);
  const sum = bias === undefined ? made : call.apply('add', made, call.cast(bias, 'float32'));
  const scale = call.apply('div', call.apply('mul', call.value(1), call.value(4)), call.value(6));
  return inItsLayout(call, quantizedProduct(call, sum, scale, call.value(7)));
}

export const QUANTIZATION_IMPORTERS: Importers = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  MatMulInteger: matMulInteger,
  QLinearMatMul: qLinearMatMul,
  ConvInteger: convInteger,
  QLinearConv: qLinearConv,
};

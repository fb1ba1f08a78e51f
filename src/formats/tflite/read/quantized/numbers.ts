/** The numbers that a quantised tensor's whole numbers stand for, and back: scale · (number - zero point). */
import { type DataType, INTEGER_RANGE, isInteger } from '../../../../graph/element-type.js';
import type { TypedValue } from '../../../../graph/graph.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import { dataTypeOf } from '../../element-types.js';
import type { TfliteTensor } from '../../model.js';
import type { Call } from '../call.js';
import { type FixedPoint, rescaled } from './fixed-point.js';

/** How the numbers of an activation are to be read: it has one scale and one zero point. */
export interface Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** The scale of a tensor. @throws {CannotExpress} if it has several, or none */
export function scaleOf(call: Call, tensor: TfliteTensor | undefined): Scale {
  const { scales = [], zeroPoints = [] } = tensor?.quantization ?? {};
  const [scale, ...others] = scales;
  if (scale === undefined || others.length > 0)
    throw cannotExpress(`has "${tensor?.name}" with ${scales.length} scales; one is wanted, so quantise activations by tensor`);
  if (!(scale > 0 && Number.isFinite(scale)))
    throw call.broken(`has "${tensor?.name}" with the scale ${scale}; a positive number is wanted`);
  return { scale, zeroPoint: zeroPoints[0] ?? 0 };
}

/** The scale of an input that the operator must have. */
export function inputScale(call: Call, index = 0): Scale {
  call.type(index);
  return scaleOf(call, call.tensors.inputs[index]);
}

export const outputScale = (call: Call, index = 0): Scale => scaleOf(call, call.tensors.outputs[index]);

/** Whether two tensors' numbers mean the same. */
export const isSameScale = (a: Scale, b: Scale): boolean => a.scale === b.scale && a.zeroPoint === b.zeroPoint;

/** An input of whole numbers less its zero point. */
export function centred(call: Call, index = 0, wide: 'int32' | 'int64' = 'int32'): TypedValue {
  return less(call, call.cast(call.value(index), wide), inputScale(call, index).zeroPoint);
}

const less = (call: Call, numbers: TypedValue, zeroPoint: number): TypedValue =>
  zeroPoint === 0 ? numbers : call.apply('sub', numbers, call.number(zeroPoint, numbers.type.dataType));

/** The floats that whole numbers stand for. */
export function dequantized(call: Call, value: TypedValue, { scale, zeroPoint }: Scale): TypedValue {
  const numbers = less(call, call.cast(value, 'float32'), zeroPoint);
  return scale === 1 ? numbers : call.apply('mul', numbers, call.number(scale, 'float32'));
}

/** The whole numbers for floats: TensorFlow Lite rounds a quotient to the nearest, halves away from zero. */
export function quantized(call: Call, floats: TypedValue, output: TfliteTensor): TypedValue {
  const { scale, zeroPoint } = scaleOf(call, output);
  const to = quantizedType(output);
  const rounded = roundedAway(call, call.apply('div', floats, call.number(scale, 'float32')));
  return inRange(call, rounded, zeroPoint, to, rangeOf(to));
}

/** The nearest whole numbers; halves go away from zero. */
export function roundedAway(call: Call, floats: TypedValue): TypedValue {
  const size = call.apply('floor', call.apply('add', call.apply('abs', floats), call.number(0.5, 'float32')));
  return call.apply('mul', call.apply('sign', floats), size);
}

/** Whole floats plus a zero point, within bounds, as another type. */
export function inRange(call: Call, whole: TypedValue, zeroPoint: number, to: DataType, [min, max]: readonly [number, number]): TypedValue {
  const bounded = call.step('clamp', [whole], { min: min - zeroPoint, max: max - zeroPoint });
  const moved = zeroPoint === 0 ? bounded : call.apply('add', bounded, call.number(zeroPoint, 'float32'));
  return call.cast(moved, to);
}

/** The type of a tensor whose whole numbers stand for floats. */
function quantizedType({ name, elementType, quantization }: TfliteTensor): DataType {
  const dataType = dataTypeOf(elementType);
  if (dataType === undefined || quantization === undefined || !isInteger(dataType))
    throw cannotExpress(`gives "${name}", which is not quantised`);
  return dataType;
}

export const rangeOf = (dataType: DataType): readonly [number, number] => INTEGER_RANGE[dataType] ?? [0, 0];

/** The numbers that an output may have behind an activation, by default the one that is fused into the operator. */
export function activationRange(
  call: Call,
  { scale, zeroPoint }: Scale,
  dataType: DataType,
  activation = call.attributes.text('activation', 'NONE'),
): readonly [number, number] {
  const [least, greatest] = rangeOf(dataType);
  const numberOf = (float: number) => zeroPoint + Math.sign(float) * Math.floor(Math.abs(float / scale) + 0.5);
  const within = (min: number, max: number) => [Math.max(least, numberOf(min)), Math.min(greatest, numberOf(max))] as const;
  switch (activation) {
    case 'NONE':
      return [least, greatest];
    case 'RELU':
      return [Math.max(least, zeroPoint), greatest];
    case 'RELU6':
      return within(0, 6);
    case 'RELU_N1_TO_1':
      return within(-1, 1);
    default:
      throw cannotExpress(`has the activation ${activation} fused into whole numbers`);
  }
}

/**
 * Sums as the numbers of the operator's output.
 * @param factors of the sums: one, or one for each channel
 * @param bounds of the numbers; default those of the activation that is fused into the operator
 */
export function requantized(
  call: Call,
  sums: TypedValue,
  factors: readonly FixedPoint[],
  bounds?: readonly [min: number, max: number],
): TypedValue {
  const output = call.tensors.outputs[0] as TfliteTensor;
  const to = quantizedType(output);
  const scale = scaleOf(call, output);
  const [min, max] = bounds ?? activationRange(call, scale, to);
  if (min > max) throw call.broken(`gives numbers from ${min} to ${max}`);
  return rescaled(call, sums, factors, { zeroPoint: scale.zeroPoint, min, max, to });
}

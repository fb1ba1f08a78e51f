/** Operators whose result is known when the file is read, since they only say how a weight is stored: DENSIFY and DEQUANTIZE. */
import { isFloat } from '../../../graph/element-type.js';
import type { Constant } from '../../../graph/graph.js';
import { dataTypeOf } from '../element-types.js';
import type { TfliteTensor } from '../model.js';
import { dequantized, widened } from './constant.js';

/** Whether a tensor's whole numbers stand for floats. */
export function isQuantized({ elementType, quantization }: TfliteTensor): boolean {
  const dataType = dataTypeOf(elementType);
  return quantization !== undefined && (dataType === 'int8' || dataType === 'uint8' || dataType === 'int16');
}

/**
 * The constant that an operator makes of another one; undefined for other operators.
 * @param tensor the operator's first input as the file describes it
 * @param name of the output
 */
export function constantsMade(
  op: string,
  constant: Constant | undefined,
  tensor: TfliteTensor | undefined,
  name: string,
): Constant | undefined {
  if (constant === undefined || tensor === undefined) return undefined;
  if (op === 'DENSIFY') return { ...constant, value: { ...constant.value, name } };
  if (op !== 'DEQUANTIZE') return undefined;
  if (constant.value.type.dataType === 'float16') return widened(constant, name);
  return tensor.quantization && dequantized(constant, tensor.quantization, name);
}

/** Whether an operator takes the floats of a constant: it computes with floats alone, and the constant's whole numbers stand for some. */
export const isFloatWeight = (tensor: TfliteTensor, outputs: readonly TfliteTensor[]): boolean =>
  isQuantized(tensor) && outputs.every(({ elementType }) => isFloat(dataTypeOf(elementType) ?? 'bool'));

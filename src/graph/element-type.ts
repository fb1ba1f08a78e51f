/** The element types of the graph's tensors. */

import type { DType } from '../base/dtype.js';

/**
 * The element types that a graph's tensor can have, by the names that WebNN and ONNX share. float16 and int64 are kept
 * in a wider array: JavaScript has no array of float16 everywhere, and whole numbers up to 2^53 are exact as float64.
 */
export const DATA_TYPES = {
  float32: Float32Array,
  float16: Float32Array,
  int32: Int32Array,
  int64: Float64Array,
  int16: Int16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** The element type of a tensor in the graph. `bool` holds 0 or 1. */
export type DataType = keyof typeof DATA_TYPES;

/** The values of a tensor, row by row. */
export type TensorData = InstanceType<(typeof DATA_TYPES)[DataType]>;

export const isDataType = (value: unknown): value is DataType => typeof value === 'string' && Object.hasOwn(DATA_TYPES, value);

export const isFloat = (dataType: DataType): boolean => dataType === 'float32' || dataType === 'float16';

/** Whether a type holds whole numbers; `bool` does not. */
export const isInteger = (dataType: DataType): boolean => !isFloat(dataType) && dataType !== 'bool';

/** The element type that an app sees where the graph has this one: 64 and 16 bits are 32. */
export function faceTypeOf(dataType: DataType): DType {
  switch (dataType) {
    case 'float16':
      return 'float32';
    case 'int64':
    case 'int16':
      return 'int32';
    default:
      return dataType;
  }
}

/** The least and the greatest value of each type of whole numbers; those of int64 are the ones that float64 holds exactly. */
export const INTEGER_RANGE: Readonly<Partial<Record<DataType, readonly [min: number, max: number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint8: [0, 255],
  int8: [-128, 127],
};

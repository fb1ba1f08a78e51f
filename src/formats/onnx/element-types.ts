/** The element types of ONNX tensors, by their numbers in the file (TensorProto.DataType of onnx.proto). */
import type { DataType } from '../../graph/element-type.js';

/** Those that our graph has. */
const DATA_TYPES: ReadonlyMap<number, DataType> = new Map([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
]);

/** The names of the others, for messages. */
const OTHER_NAMES: ReadonlyMap<number, string> = new Map([
  [4, 'uint16'],
  [8, 'string'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [14, 'complex64'],
  [15, 'complex128'],
  [16, 'bfloat16'],
  [17, 'float8e4m3fn'],
  [18, 'float8e4m3fnuz'],
  [19, 'float8e5m2'],
  [20, 'float8e5m2fnuz'],
  [21, 'uint4'],
  [22, 'int4'],
  [23, 'float4e2m1'],
  [24, 'float8e8m0'],
  [25, 'uint2'],
  [26, 'int2'],
]);

/** The number of texts, of which the graph has their places in a list. */
export const TEXT_TYPE = 8;

/** The element type of a number; undefined where our graph has none. */
export const dataTypeOf = (elementType: number): DataType | undefined => DATA_TYPES.get(elementType);

/** The name of an element type, for messages. */
export const elementTypeName = (elementType: number): string =>
  DATA_TYPES.get(elementType) ?? OTHER_NAMES.get(elementType) ?? `the element type ${elementType}`;

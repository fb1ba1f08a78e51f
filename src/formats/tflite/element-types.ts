/** The element types of TensorFlow Lite's tensors, by their numbers in the file (TensorType of schema.fbs). */
import type { DataType } from '../../graph/element-type.js';

const NAMES = [
  ...['float32', 'float16', 'int32', 'uint8', 'int64', 'string', 'bool', 'int16', 'complex64', 'int8'],
  ...['float64', 'complex128', 'uint64', 'resource', 'variant', 'uint32', 'uint16', 'int4', 'bfloat16'],
] as const;

/** The number of float32. */
export const FLOAT32 = 0;

/** Those that our graph has. */
const KNOWN: ReadonlySet<string> = new Set<DataType>(['float32', 'float16', 'int32', 'int64', 'int16', 'uint8', 'int8', 'bool']);

/** The name of an element type. */
export const elementTypeName = (elementType: number): string => NAMES[elementType] ?? `the element type ${elementType}`;

/** The element type of a number; undefined where our graph has none. */
export function dataTypeOf(elementType: number): DataType | undefined {
  const name = NAMES[elementType] ?? '';
  return KNOWN.has(name) ? (name as DataType) : undefined;
}

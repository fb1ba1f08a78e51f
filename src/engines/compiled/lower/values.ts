/** Values of a graph without open sizes. In the memory of a module each element takes four bytes, whatever its type. */
import { sizeOf } from '../../../base/dtype.js';
import { type DataType, INTEGER_RANGE, isFloat } from '../../../graph/element-type.js';
import type { Value } from '../../../graph/graph.js';

export const ELEMENT_BYTES = 4;

/** Room behind a tensor, so that vectors may be read and written over its end. */
const SLACK_BYTES = 16;

export const shapeOf = ({ type }: Value): readonly number[] => type?.shape as readonly number[];

export const elementCount = (value: Value): number => sizeOf(shapeOf(value));

export const isSameShape = (a: Value, b: Value): boolean => String(shapeOf(a)) === String(shapeOf(b));

/** Bytes that a value takes in memory: a multiple of 16. */
export const memoryBytes = (value: Value): number => roomFor(elementCount(value) * ELEMENT_BYTES);

export const roomFor = (bytes: number): number => Math.ceil(bytes / 16) * 16 + SLACK_BYTES;

/** A number as the four bytes that stand for it in memory. A whole number beyond 32 bits becomes the nearest one. */
export function bitsOf(dataType: DataType, value: number): number {
  if (isFloat(dataType)) return new Int32Array(new Float32Array([value]).buffer)[0] as number;
  const [least, greatest] = INTEGER_RANGE['int32'] as readonly [number, number];
  return Math.min(Math.max(value, least), greatest);
}

/**
 * Arrays to compute with. A loop that meets arrays of many classes is ten times as slow in JavaScript engines as one that meets two,
 * so kernels compute with float32 and float64, which hold the values of all types.
 */
import { DATA_TYPES, type DataType, isFloat, type TensorData } from '../../graph/element-type.js';

export type WideArray = InstanceType<typeof Float32Array> | InstanceType<typeof Float64Array>;

/** The values of a tensor to read: the tensor's own array, or a copy. */
export const wide = (data: TensorData): WideArray =>
  data instanceof Float32Array || data instanceof Float64Array ? data : new Float64Array(data);

/** An array to compute the values of a tensor in. {@link narrow} stores it. */
export const wideArray = (dataType: DataType, length: number): WideArray => new (isFloat(dataType) ? Float32Array : Float64Array)(length);

/** Values in the array of their type; whole numbers beyond the type keep their lowest bits. */
export function narrow(dataType: DataType, values: WideArray): TensorData {
  return values instanceof DATA_TYPES[dataType] ? values : new DATA_TYPES[dataType](values);
}

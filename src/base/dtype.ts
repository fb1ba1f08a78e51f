/** The element types that a tensor can have, and the array class that holds each. */
export const DTYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** `float32`, `int32` or `bool` (one byte each, 0 or 1). */
export type DType = keyof typeof DTYPES;

/**
 * Arrays that callers may pass for a dtype, over any kind of buffer. An int32 tensor also takes bytes, which is how pictures come,
 * and int64, which is how tokenizers give indices: each value must be one of int32.
 */
export type GivenArray<D extends DType = DType> = D extends 'int32'
  ? Int32Array | BigInt64Array | Uint8Array | Uint8ClampedArray
  : D extends 'float32'
    ? Float32Array
    : Uint8Array;

/** Arrays that predict returns for a dtype. Nothing else holds their memory, so that the caller may transfer it. */
export type OwnedArray<D extends DType = DType> = InstanceType<(typeof DTYPES)[D]>;

/** Bytes that one element takes. */
export const bytesPerElement = (dtype: DType): number => DTYPES[dtype].BYTES_PER_ELEMENT;

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);

/** A shape such as `[1, ?, ?, 3]`; open sizes are `?`. */
export const shapeText = (shape: readonly (number | null)[] | null): string =>
  shape === null ? 'any rank' : `[${shape.map((size) => size ?? '?').join(', ')}]`;

/** A tensor whose values lie in memory that nothing else holds. */
export interface RawTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: OwnedArray;
}

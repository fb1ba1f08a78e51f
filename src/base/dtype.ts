/** The element types a tensor can have, and the array class that holds each. Everything else derives from this table. */
export const DTYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** `float32`, `int32` or `bool` (one byte each, 0 or 1). */
export type DType = keyof typeof DTYPES;

/** What callers may pass for a dtype: any backing memory; int32 also takes bytes, as pictures have them. */
export type GivenArray<D extends DType = DType> = D extends 'int32'
  ? Int32Array | Uint8Array | Uint8ClampedArray
  : D extends 'float32'
    ? Float32Array
    : Uint8Array;

/** What predict returns for a dtype: memory that nobody else holds, so that the caller may transfer it. */
export type OwnedArray<D extends DType = DType> = InstanceType<(typeof DTYPES)[D]>;

/** Bytes that one element takes. */
export const bytesPerElement = (dtype: DType): number => DTYPES[dtype].BYTES_PER_ELEMENT;

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);

/** A tensor whose values lie in memory that nothing else holds. */
export interface RawTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: OwnedArray;
}

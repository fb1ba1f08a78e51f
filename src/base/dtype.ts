/** The element types of TF.js's tensors and of weights, and the array class that holds each. Whole numbers of 8 bits are int32 there. */
export const WIDE_DTYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** `float32`, `int32` or `bool` (one byte each, 0 or 1). */
export type WideDType = keyof typeof WIDE_DTYPES;

/** The element types that an input or output can have, and the array class that holds each. */
export const DTYPES = { ...WIDE_DTYPES, uint8: Uint8Array, int8: Int8Array } as const;

/** `float32`, `int32`, `uint8`, `int8` or `bool` (one byte each, 0 or 1). */
export type DType = keyof typeof DTYPES;

/** The element type that TF.js has for one of an input or output. */
export const widened = (dtype: DType): WideDType => (dtype === 'uint8' || dtype === 'int8' ? 'int32' : dtype);

/**
 * Arrays that callers may pass for a dtype, over any kind of buffer. An int32 tensor also takes bytes, which is how pictures come,
 * and int64, which is how tokenizers give indices: each value must be one of int32.
 */
export type GivenArray<D extends DType = DType> = D extends 'int32'
  ? Int32Array | BigInt64Array | Uint8Array | Uint8ClampedArray
  : D extends 'float32'
    ? Float32Array
    : D extends 'uint8'
      ? Uint8Array | Uint8ClampedArray
      : D extends 'int8'
        ? Int8Array
        : Uint8Array;

/** Arrays that predict returns for a dtype. Nothing else holds their memory, so that the caller may transfer it. */
export type OwnedArray<D extends DType = DType> = D extends 'float32'
  ? Float32Array<ArrayBuffer>
  : D extends 'int32'
    ? Int32Array<ArrayBuffer>
    : D extends 'int8'
      ? Int8Array<ArrayBuffer>
      : Uint8Array<ArrayBuffer>;

/** Bytes that one element takes. */
export const bytesPerElement = (dtype: DType): number => DTYPES[dtype].BYTES_PER_ELEMENT;

/** Whether a number is a value of the dtype; float32 takes every number. */
export function holds(dtype: DType, value: number): boolean {
  switch (dtype) {
    case 'float32':
      return true;
    case 'int32':
      return (value | 0) === value;
    case 'uint8':
      return (value & 0xff) === value;
    case 'int8':
      return (value << 24) >> 24 === value;
    case 'bool':
      return value === 0 || value === 1;
  }
}

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

/** Constants of the graph as the weights of TF.js: the stored bytes stay as they are wherever TF.js can read them. */
import { channelOrder } from '../../../graph/constant.js';
import type { Constant } from '../../../graph/graph.js';
import { broken } from '../../file-fields.js';
import type { Quantization, Weight } from '../weights.js';
import { dtypeOf } from './attributes.js';

/** A weight that has no name yet. */
export type StoredWeight = Omit<Weight, 'name'>;

/**
 * The weight that a constant becomes.
 * @param shape of as many elements, if it differs from the constant's own
 * @throws {PannierError} `model-format` for an int64 that int32 does not hold
 */
export function storedWeight(constant: Constant, shape: readonly number[]): StoredWeight {
  const { value, bytes, storage } = constant;
  const dtype = dtypeOf(value.type.dataType);
  const quantized = (quantization: Quantization, stored = bytes): StoredWeight => ({ shape, dtype, quantization, bytes: stored });
  if (storage.kind === 'float16' || value.type.dataType === 'float16') return quantized({ dtype: 'float16', original_dtype: 'float32' });
  if (storage.kind === 'int8') {
    const order = channelOrder(value.type.shape as readonly number[], storage.axis);
    return quantized({ dtype: 'int8', ...order, original_dtype: 'float32' });
  }
  if (storage.kind !== 'plain') {
    const { kind, scale, min } = storage;
    return quantized({ dtype: kind, scale, min, original_dtype: dtype === 'float32' ? 'float32' : 'int32' });
  }
  // Whole numbers of 8 and 16 bits stay as small as they are: TF.js reads them as `stored × 1 + min`.
  const small = (kind: 'uint8' | 'uint16', min: number, stored: Uint8Array): StoredWeight =>
    quantized({ dtype: kind, scale: 1, min, original_dtype: 'int32' }, stored);
  switch (value.type.dataType) {
    case 'uint8':
      return small('uint8', 0, bytes);
    case 'int8':
      return small('uint8', -128, withFlippedSigns(bytes, 1));
    case 'int16':
      return small('uint16', -32_768, withFlippedSigns(bytes, 2));
    case 'int64':
      return { shape, dtype, bytes: narrowed(constant) };
    default:
      return { shape, dtype, bytes };
  }
}

/** The numbers plus half their range, as numbers without a sign: flips the highest bit of each. */
function withFlippedSigns(bytes: Uint8Array, bytesEach: number): Uint8Array {
  const flipped = bytes.slice();
  for (let at = bytesEach - 1; at < flipped.length; at += bytesEach) flipped[at] = (flipped[at] as number) ^ 0x80;
  return flipped;
}

/** int64, which is stored as float64, as int32. */
function narrowed({ value, bytes }: Constant): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = Int32Array.from({ length: bytes.length / 8 }, (_, index) => {
    const number = view.getFloat64(8 * index, true);
    if (number !== (number | 0)) throw broken(`Constant "${value.name}" holds ${number}; TF.js has whole numbers of 32 bits alone.`);
    return number;
  });
  return new Uint8Array(numbers.buffer);
}

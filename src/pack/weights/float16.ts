/** Stores float32 weights as float16: half the bytes in download and cache, float32 again in memory. */
import { float16Bits } from '../../base/float16-bits.js';
import type { Weight } from '../../formats/tfjs/weights.js';

/** Largest finite float16. */
const LARGEST = 65504;

/**
 * Infinities stay infinite.
 * @param values the values of `weight`
 * @returns undefined if a finite value would overflow
 */
export function toFloat16({ name, shape }: Weight, values: Float32Array): Weight | undefined {
  const bytes = new Uint8Array(values.length * 2);
  const to = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) {
    if (Math.abs(value) > LARGEST && Number.isFinite(value)) return undefined;
    to.setUint16(index * 2, float16Bits(value), true);
  }
  return { name, shape, dtype: 'float32', quantization: { dtype: 'float16', original_dtype: 'float32' }, bytes };
}

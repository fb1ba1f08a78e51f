/** Stores float32 weights as float16: half the bytes in download and cache, float32 again in memory. */
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

const float = new Float32Array(1);
const bitsOf = new Uint32Array(float.buffer);

/** IEEE 754 binary16, rounded to nearest, ties to even. */
export function float16Bits(value: number): number {
  float[0] = value;
  const bits = bitsOf[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent >= 1) return sign | roundEven(((exponent << 23) | mantissa) >>> 0, 13);
  if (exponent < -10) return sign;
  return sign | roundEven(mantissa | 0x800000, 14 - exponent);
}

/** Drops `shift` low bits. A carry into the exponent gives the next larger float, which is right. */
function roundEven(bits: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const kept = Math.floor(bits / (half * 2));
  const rest = bits - kept * half * 2;
  return kept + (rest > half || (rest === half && kept % 2 === 1) ? 1 : 0);
}

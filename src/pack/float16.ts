/** float32 weights as float16: half the bytes on the way, float32 again in memory. */
import type { Weight } from './weights.js';

/** Largest finite float16. */
const LARGEST = 65504;

/** Stores every plain float32 weight as float16, except those that would overflow. */
export const toFloat16 = (weights: readonly Weight[]): Weight[] => weights.map((weight) => convert(weight) ?? weight);

function convert({ name, shape, dtype, quantization, bytes }: Weight): Weight | undefined {
  if (dtype !== 'float32' || quantization !== undefined) return undefined;
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed = new Uint8Array(bytes.length / 2);
  const to = new DataView(packed.buffer);
  for (let index = 0; index < bytes.length / 4; index++) {
    const value = from.getFloat32(index * 4, true);
    if (Math.abs(value) > LARGEST) return undefined;
    to.setUint16(index * 2, float16Bits(value), true);
  }
  return { name, shape, dtype, quantization: { dtype: 'float16', original_dtype: 'float32' }, bytes: packed };
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

/** Drops `shift` low bits. A carry into the exponent is right: the next float is one up. */
function roundEven(bits: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const kept = Math.floor(bits / (half * 2));
  const rest = bits - kept * half * 2;
  return kept + (rest > half || (rest === half && kept % 2 === 1) ? 1 : 0);
}

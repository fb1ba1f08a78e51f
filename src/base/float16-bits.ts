/** The bits of half-precision floats, for what writes them. */

const float = new Float32Array(1);
const bitsOf = new Uint32Array(float.buffer);

/** The bits of the nearest float16; ties go to the even one, and NaN stays NaN. */
export function float16Bits(value: number): number {
  float[0] = value;
  const bits = bitsOf[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  if (Number.isNaN(value)) return 0x7e00;
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

/** Half-precision floats, which JavaScript has no array for everywhere. */

const EXPONENT = 0x7c00;

/**
 * float16 to float32. The bits are moved into place, which leaves an exponent that is 112 too small, and a multiplication
 * corrects it, exactly and for subnormal numbers, too. Infinity and NaN keep their exponent.
 */
export function widen(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(halves.length);
  widenInto(values, halves);
  return values;
}

/** Like {@link widen}, into an array of the same length. */
export function widenInto(values: Float32Array, halves: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let index = 0; index < halves.length; index++) {
    const half = halves[index] as number;
    bits[index] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
    if ((half & EXPONENT) === EXPONENT) bits[index] = ((half & 0x8000) << 16) | 0x7f800000 | ((half & 0x3ff) << 13);
    else values[index] = (values[index] as number) * 2 ** 112;
  }
}

const MIN_NORMAL = 2 ** -14;
/** float32 numbers from 0.5 to 1 lie 2^-24 apart, as float16's numbers below its normal ones do. */
const SUBNORMAL_SHIFT = 0.5;

/**
 * Rounds float32 numbers, in place, to the nearest ones that float16 has; halves go to the even one, and numbers from 65,520 on
 * become infinite. NaN stays NaN.
 */
export function roundToHalf(values: Float32Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const size = Math.abs(value);
    if (size >= 65_520) values[index] = value > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    else if (size < MIN_NORMAL) {
      const rounded = Math.fround(size + SUBNORMAL_SHIFT) - SUBNORMAL_SHIFT;
      values[index] = value < 0 || Object.is(value, -0) ? -rounded : rounded;
    } else if (!Number.isNaN(size)) {
      const bit = bits[index] as number;
      bits[index] = (bit + 0xfff + ((bit >>> 13) & 1)) & ~0x1fff;
    }
  }
}

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

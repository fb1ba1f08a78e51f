/** Stores float32 weights as bytes, as TF.js reads them: `value = stored × scale + min`, with one scale for each weight. */
import type { Weight } from '../../formats/tfjs/weights.js';

/** Largest range; beyond it, one step more than the range could exceed float32. */
const LARGEST = 1e38;

/**
 * Spreads 256 values evenly from the smallest to the largest, so that each weight is off by half a step at most.
 * The range always includes zero, and zero is exactly one of the values, since many weights and all padding are zero.
 * @param values the values of `weight`
 * @returns undefined if the range is too large, or infinite
 */
export function toUint8({ name, shape }: Weight, values: Float32Array): Weight | undefined {
  let low = 0;
  let high = 0;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high > LARGEST || low < -LARGEST) return undefined;
  const scale = (high - low) / 255 || 1;
  const zero = Math.round(-low / scale);
  // Rounding `zero` may push values beyond the ends, so they are clamped.
  const bytes = Uint8ClampedArray.from(values, (value) => value / scale + zero);
  const min = zero === 0 ? 0 : -zero * scale;
  return {
    name,
    shape,
    dtype: 'float32',
    quantization: { dtype: 'uint8', min, scale, original_dtype: 'float32' },
    bytes: new Uint8Array(bytes.buffer),
  };
}

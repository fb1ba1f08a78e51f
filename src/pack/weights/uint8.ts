/** float32 weights as bytes: `value = stored × scale + min`, one scale for each weight, as TF.js reads them. */
import type { Weight } from '../files/weights.js';

/** Beyond it, a step more than the range could leave float32. */
const LARGEST = 1e38;

/**
 * The 256 values lie evenly from the smallest to the largest, so that each weight is off by half a step at
 * most. The range always holds zero, and zero is one of the values exactly: many weights are, and padding is.
 * @param values of `weight`
 * @returns `undefined` where the range is too large
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
  // Clamping takes what rounding `zero` may push beyond the ends.
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

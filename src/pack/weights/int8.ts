/** Stores float32 weights as whole numbers of 8 bits with a scale for each channel: `value = stored × scale`. */
import { type ChannelOrder, scaleBytes } from '../../base/per-channel.js';
import type { Weight } from '../../formats/tfjs/weights.js';
import { channelOrder } from '../../graph/constant.js';

/** The stored numbers reach as far below zero as above it, so that −128 is none of them. */
const MAX_STORED = 127;

/**
 * Spreads 255 values evenly about zero, from minus to plus the largest size of each channel, so that each weight is off by half a
 * step of its channel at most. Zero is exactly one of the values, since many weights are zero.
 * @param values the values of `weight`
 * @param axis the one that counts the channels
 * @returns undefined if a value is infinite, or if the scales take as many bytes as the values save
 */
export function toInt8(weight: Weight, values: Float32Array, axis: number): Weight | undefined {
  const { name, shape } = weight;
  const order = channelOrder(shape, axis);
  const bytes = new Uint8Array(scaleBytes(order) + values.length);
  if (bytes.length >= weight.bytes.length) return undefined;
  const scales = scalesOf(values, order);
  if (!scales.every((scale) => Number.isFinite(scale))) return undefined;
  new Float32Array(bytes.buffer, 0, order.channels).set(scales);
  const stored = new Int8Array(bytes.buffer, scaleBytes(order));
  for (const [index, value] of values.entries()) {
    const steps = Math.round(value / (scales[channelAt(index, order)] as number));
    // A scale that float32 rounds down would push the largest value one step too far.
    stored[index] = Math.max(-MAX_STORED, Math.min(MAX_STORED, steps));
  }
  return { name, shape, dtype: 'float32', quantization: { dtype: 'int8', ...order, original_dtype: 'float32' }, bytes };
}

/** The scale of each channel; 1 where all values are zero. */
function scalesOf(values: Float32Array, order: ChannelOrder): Float32Array {
  const largest = new Float32Array(order.channels);
  for (const [index, value] of values.entries()) {
    const channel = channelAt(index, order);
    const size = Math.abs(value);
    if (size > (largest[channel] as number)) largest[channel] = size;
  }
  return largest.map((size) => size / MAX_STORED || 1);
}

const channelAt = (index: number, { channels, consecutive }: ChannelOrder): number => Math.floor(index / consecutive) % channels;

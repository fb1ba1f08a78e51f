/** Weights of TF.js as constants of the graph. */
import type { ChannelOrder } from '../../../base/per-channel.js';
import { axisOfChannels } from '../../../graph/constant.js';
import type { Constant, Storage } from '../../../graph/graph.js';
import type { Weight } from '../weights.js';

/** A weight as a constant of the graph. Its stored bytes stay as they are. */
export const constantOf = (weight: Weight): Constant => ({
  value: { name: weight.name, type: { dataType: weight.dtype, shape: weight.shape } },
  bytes: weight.bytes,
  storage: storageOf(weight),
});

/** How a weight's bytes are stored. */
export function storageOf({ shape, quantization }: Pick<Weight, 'shape' | 'quantization'>): Storage {
  if (quantization === undefined) return { kind: 'plain' };
  if (quantization.dtype === 'float16') return { kind: 'float16' };
  if (quantization.dtype === 'int8') return { kind: 'int8', axis: axisOf(shape, quantization) };
  return { kind: quantization.dtype, scale: quantization.scale, min: quantization.min };
}

/** The axis along which channels lie in this order. */
function axisOf(shape: readonly number[], order: ChannelOrder): number {
  const axis = axisOfChannels(shape, order);
  if (axis < 0)
    throw new Error(
      `A tensor of [${shape.join(', ')}] has no axis of ${order.channels} channels, ${order.consecutive} values each in a row.`,
    );
  return axis;
}

/** Weights that are multiplied by a number for each channel, without taking more bytes than before. */
import { sizeOf } from '../base/dtype.js';
import { channelOrder, constantOf } from '../graph/constant.js';
import type { Constant, Value } from '../graph/graph.js';
import type { Tensor } from '../graph/tensor.js';
import { asFloats, type ChannelNumbers } from './channels.js';
import { MAX_GROWTH_BYTES } from './fold-constants.js';
import type { GraphView } from './pass.js';

/**
 * Multiplies the elements of a weight.
 *
 * A weight that is stored as float16 or as 8 or 16 bits would take two or four times the bytes if each channel had its own factor, since
 * the products are none of the numbers that its storage has. So it is left alone unless it is small, as most filters of depthwise
 * convolutions are, or unless the factors go into the scale or the scales that it is stored with. A weight that another node takes, too,
 * is left alone as well: it would be stored twice.
 * @param channelOf the channel of an element, by its place in the weight
 * @returns undefined if the weight is left alone, or a product is beyond float32
 */
export function scaledWeights(
  value: Value,
  factors: ChannelNumbers,
  channelOf: (index: number) => number,
  graph: GraphView,
): Constant | undefined {
  const constant = graph.constantOf(value);
  if (constant?.value.type.dataType !== 'float32' || graph.usersOf(value).length !== 1 || graph.isOutput(value)) return undefined;
  const rescaled = withScaledSteps(constant, factors, channelOf);
  if (rescaled !== undefined) return rescaled;
  if (growthAsFloats(constant) > MAX_GROWTH_BYTES) return undefined;
  const { shape, data } = graph.tensorOf(value) as Tensor;
  const products = asFloats(Float64Array.from(data, (element, index) => element * (factors[channelOf(index)] as number)));
  return products && constantOf(value.name, { dataType: 'float32', shape, data: products });
}

/** A constant of the same stored numbers, whose scale or scales are multiplied; undefined if each would need several factors. */
function withScaledSteps(constant: Constant, factors: ChannelNumbers, channelOf: (index: number) => number): Constant | undefined {
  const { value, bytes, storage } = constant;
  if (storage.kind === 'uint8' || storage.kind === 'uint16') {
    const [factor, ...others] = new Set(factors);
    if (factor === undefined || others.length > 0) return undefined;
    return { ...constant, storage: { ...storage, scale: storage.scale * factor, min: storage.min * factor } };
  }
  if (storage.kind !== 'int8') return undefined;
  const shape = value.type.shape as readonly number[];
  const { channels, consecutive } = channelOrder(shape, storage.axis);
  const ofScale = new Map<number, number>();
  for (let index = 0; index < sizeOf(shape); index++) {
    const [scale, factor] = [Math.floor(index / consecutive) % channels, factors[channelOf(index)] as number];
    if ((ofScale.get(scale) ?? factor) !== factor) return undefined;
    ofScale.set(scale, factor);
  }
  const copy = new Uint8Array(bytes);
  const scales = new Float32Array(copy.buffer, 0, channels);
  for (const [scale, factor] of ofScale) scales[scale] = (scales[scale] as number) * factor;
  return scales.every(Number.isFinite) ? { ...constant, bytes: copy } : undefined;
}

/** How many bytes more a constant takes if it is stored as float32. */
export const growthAsFloats = ({ value, bytes }: Constant): number =>
  sizeOf(value.type.shape as readonly number[]) * Float32Array.BYTES_PER_ELEMENT - bytes.length;

/** Numbers that belong to the channels of a tensor, which are its last axis. */
import { sizeOf } from '../base/dtype.js';
import type { TypedValue, Value } from '../graph/graph.js';
import { isClosed, type TensorType } from '../graph/tensor.js';
import type { GraphView } from './pass.js';

/** One number for each channel, as exact as JavaScript's numbers are. */
export type ChannelNumbers = Float64Array;

/**
 * The numbers that a constant has for the channels of a float32 tensor.
 * @param type of the tensor that the constant is broadcast to
 * @returns undefined if the value is no constant, differs along another axis, or widens the tensor
 */
export function channelNumbers(value: Value | null | undefined, type: TensorType, graph: GraphView): ChannelNumbers | undefined {
  const channels = channelsOf(type);
  if (channels === undefined || type.dataType !== 'float32' || graph.constantOf(value) === undefined) return undefined;
  const { shape } = (value as TypedValue).type as { readonly shape: readonly number[] };
  const count = sizeOf(shape);
  if (shape.length > type.shape.length || (count !== 1 && (count !== channels || shape.at(-1) !== channels))) return undefined;
  const data = graph.tensorOf(value)?.data as Float32Array;
  return Float64Array.from({ length: channels }, (_, index) => data[count === 1 ? 0 : index] as number);
}

/** The number that a float32 constant of one number holds, if it is neither NaN nor infinite. */
export function scalarOf(value: Value | null | undefined, graph: GraphView): number | undefined {
  const shape = graph.constantOf(value)?.value.type;
  if (shape?.dataType !== 'float32' || !isClosed(shape.shape) || sizeOf(shape.shape) !== 1) return undefined;
  const number = graph.tensorOf(value)?.data[0] as number;
  return Number.isFinite(number) ? number : undefined;
}

/** The number of channels of a tensor, if it has channels and their number is known. */
export function channelsOf({ shape }: TensorType): number | undefined {
  const channels = shape.at(-1);
  return typeof channels === 'number' && channels > 0 ? channels : undefined;
}

/** Numbers as a float32 list; undefined if one is beyond float32. */
export function asFloats(numbers: ArrayLike<number>): Float32Array<ArrayBuffer> | undefined {
  const floats = Float32Array.from(numbers);
  return floats.every(Number.isFinite) ? floats : undefined;
}

/** Constants in another shape. */
import { channelOrder } from '../graph/constant.js';
import type { Constant, Storage } from '../graph/graph.js';

/**
 * A constant of as many elements in another shape, whose bytes stay as they are stored.
 * @returns undefined if the shape has no axis for the channels that scales are stored for
 */
export function withShape(constant: Constant, shape: readonly number[]): Constant | undefined {
  const { value, storage } = constant;
  const other = storage.kind === 'int8' ? alongAxis(storage.axis, value.type.shape as readonly number[], shape) : storage;
  return other && { ...constant, storage: other, value: { ...value, type: { ...value.type, shape } } };
}

/** The storage with scales along the axis of a shape that counts the same channels as an axis of another shape. */
function alongAxis(axis: number, before: readonly number[], shape: readonly number[]): Storage | undefined {
  const { channels, consecutive } = channelOrder(before, axis);
  const found = shape.findIndex((size, each) => size === channels && channelOrder(shape, each).consecutive === consecutive);
  return found < 0 ? undefined : { kind: 'int8', axis: found };
}

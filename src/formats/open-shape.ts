/** Names for the open sizes of a model's inputs, which reach the types that apps see. */
import { openSize } from '../graph/size.js';
import type { Shape } from '../graph/tensor.js';
import type { Dim } from '../manifest/signature.js';

/** Names by rank and axis. */
const AXIS_NAMES: Readonly<Record<number, readonly string[]>> = { 3: ['batch', 'length'], 4: ['batch', 'height', 'width', 'channels'] };

/**
 * A shape with a name for each open size. The first axis is the batch, and all inputs share it.
 * @param take gives a name that no other open size of the model has, for a wanted one
 */
export const openShape = (shape: readonly Dim[], take: (wanted: string) => string): Shape =>
  shape.map((size, axis) => size ?? openSize(axis === 0 ? 'batch' : take(AXIS_NAMES[shape.length]?.[axis] ?? 'size')));

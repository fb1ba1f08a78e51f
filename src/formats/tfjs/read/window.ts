/** The windows of convolutions and pools: TensorFlow gives strides, dilations and paddings for all four axes of a picture. */
import type { TypedValue } from '../../../graph/graph.js';
import { isOpen, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call } from './call.js';

/** The attributes that our ops with windows share. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly autoPad: 'explicit' | 'sameUpper';
  readonly padding: readonly number[];
}

/** Reads the window of a node. */
export function windowOf(call: Call): Window {
  const { attributes } = call;
  const strides = spatial(call, attributes.wholes('strides', [1, 1, 1, 1]), 'strides');
  const dilations = spatial(call, attributes.wholes('dilations', [1, 1, 1, 1]), 'dilations');
  const kind = attributes.text('padding', '');
  if (kind === 'SAME') return { strides, dilations, autoPad: 'sameUpper', padding: [0, 0, 0, 0] };
  if (kind === 'VALID') return { strides, dilations, autoPad: 'explicit', padding: [0, 0, 0, 0] };
  if (kind !== 'EXPLICIT') throw call.broken(`has the padding "${kind}", which should be SAME, VALID or EXPLICIT`);
  const sides = attributes.wholes('explicit_paddings');
  if (sides.length !== 8) throw call.broken(`has ${sides.length} explicit paddings, which should be 8`);
  const along = (axis: number) => sides.slice(2 * axis, 2 * axis + 2);
  const [height, width] = isChannelsFirst(call) ? [2, 3] : [1, 2];
  return { strides, dilations, autoPad: 'explicit', padding: [...along(height), ...along(width)] };
}

/** Whether pictures are [batch, channels, height, width]. */
export const isChannelsFirst = (call: Call): boolean => call.attributes.text('data_format', 'NHWC') === 'NCHW';

/** The numbers for height and width, of a list for all axes of a picture. */
export function spatial(call: Call, numbers: readonly number[], what: string): readonly [number, number] {
  // Two numbers, or one, come from files that were not made by TensorFlow; TF.js takes them, too.
  if (numbers.length === 2) return numbers as readonly [number, number];
  if (numbers.length !== 4) throw call.broken(`has ${numbers.length} ${what}, which should be 4`);
  const [batch, height, width, channels] = isChannelsFirst(call)
    ? [numbers[0], numbers[2], numbers[3], numbers[1]]
    : [numbers[0], numbers[1], numbers[2], numbers[3]];
  if (batch !== 1 || channels !== 1) throw cannotExpress(`has ${what} along the batch or the channels`);
  return [height as number, width as number];
}

const TO_NHWC = [0, 2, 3, 1];
const TO_NCHW = [0, 3, 1, 2];

/** An input as a picture whose channels come last. */
export const picture = (call: Call, index = 0): TypedValue =>
  isChannelsFirst(call) ? call.step('transpose', [call.ofRank(4, index)], { permutation: TO_NHWC }) : call.ofRank(4, index);

/**
 * Gives a node's output in the layout of the node.
 * @param make adds the op, by the function that it gets
 */
export function inItsLayout(call: Call, make: (add: Call['add']) => TypedValue): TypedValue {
  if (!isChannelsFirst(call)) return make(call.add.bind(call));
  return call.add('transpose', [make(call.step.bind(call))], { permutation: TO_NCHW });
}

/** A shape of a picture as [batch, height, width, channels]. */
export const inNhwc = (call: Call, shape: Shape): Shape => (isChannelsFirst(call) ? TO_NHWC.map((axis) => shape[axis] as Size) : shape);

/** A size that must be known. */
export function closed(size: Size, what: string): number {
  if (isOpen(size)) throw cannotExpress(`has ${what} of the open size ${size.text}`);
  return size;
}

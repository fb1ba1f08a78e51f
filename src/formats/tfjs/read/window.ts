/** The windows of convolutions and pools: TensorFlow gives strides, dilations and paddings for all four axes of a picture. */
import type { TypedValue } from '../../../graph/graph.js';
import type { OpAttributes } from '../../../graph/ops/index.js';
import { add, isOpen, multiply, type Size, subtract } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { NodeCall } from '../../reading/node-call.js';
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

/**
 * The window of a transposed convolution that makes pictures [batch, height, width, channels] of a known size, which says how the input
 * was padded.
 * @param input shape of the picture that it takes; `filter` begins with height and width
 * @param isCropped whether an output may be smaller than what the input and filter make: its rest is cut off behind
 */
export function transposedWindow(
  call: NodeCall,
  input: Shape,
  filter: Shape,
  output: Shape,
  { strides, dilations, autoPad, padding }: Window,
  isCropped = false,
): Pick<OpAttributes['convTranspose2d'], 'strides' | 'dilations' | 'padding' | 'outputPadding'> {
  const sides = [0, 1].map((axis) => {
    const extent = (closed(filter[axis] as Size, 'a filter') - 1) * (dilations[axis] as number) + 1;
    const reached = add(multiply(subtract(input[axis + 1] as Size, 1), strides[axis] as number), extent);
    const beyond = closed(subtract(reached, output[axis + 1] as Size), 'an output');
    const [before, behind] =
      autoPad === 'explicit'
        ? [padding[2 * axis] as number, padding[2 * axis + 1] as number]
        : [Math.floor(Math.max(beyond, 0) / 2), Math.ceil(Math.max(beyond, 0) / 2)];
    const more = before + behind - beyond;
    return isCropped && more < 0 ? { before, behind: behind - more, more: 0 } : { before, behind, more };
  });
  if (sides.some(({ more }) => more < 0)) throw call.broken('has an output that its input, strides and padding do not make');
  return {
    ...{ strides, dilations },
    padding: sides.flatMap(({ before, behind }) => [before, behind]),
    outputPadding: sides.map(({ more }) => more),
  };
}

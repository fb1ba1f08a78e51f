/** Windows that move over height and width, as TF.js's nodes have them. */
import type { Fields } from '../../../base/fields.js';
import type { Size } from '../../../graph/size.js';
import { paddingOf, type WindowAttributes } from '../../../graph/window.js';
import { attr } from './attributes.js';
import type { NodeWriter } from './call.js';
import type { WrittenTensor } from './graph-def.js';

/** Numbers for height and width, with the 1 that TensorFlow has for batch and channels. */
export const ofPicture = (values: readonly number[]): Fields => attr.wholes([1, ...values, 1]);

/** The padding at the top, bottom, left and right of the picture that a node takes. */
export function sidesOf(call: NodeWriter, windowSize: readonly number[], attributes: WindowAttributes): readonly Size[] {
  const [, height, width] = call.type().shape as unknown as [Size, Size, Size];
  return [...paddingOf(height, windowSize[0] as number, 0, attributes), ...paddingOf(width, windowSize[1] as number, 1, attributes)];
}

/** How a node is padded. */
export const PADDING = {
  same: { padding: attr.text('SAME'), data_format: attr.text('NHWC') },
  valid: { padding: attr.text('VALID'), data_format: attr.text('NHWC') },
  explicit: { padding: attr.text('EXPLICIT'), data_format: attr.text('NHWC') },
} as const;

export const isNothing = (sides: readonly Size[]): boolean => sides.every((side) => side === 0);

/** Padding of height and width as padding of a picture's four axes. */
export const ofAxes = (sides: readonly Size[]): readonly Size[] => [0, 0, ...sides, 0, 0];

/** Every place that strides lead to. */
export function everyPlace(call: NodeWriter, tensor: WrittenTensor, strides: readonly number[]): WrittenTensor {
  const [none, steps] = [call.parameters([0, 0, 0, 0]), call.parameters([1, ...strides, 1])];
  const all = attr.whole(0b1111);
  return call.add('StridedSlice', [tensor, none, none, steps], { begin_mask: all, end_mask: all });
}

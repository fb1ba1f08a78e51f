/**
 * The windows of convolutions and pools. ONNX has the channels in front and any number of spatial axes; our ops have them last, and two
 * spatial axes. Of one axis a second one of one element is made.
 */
import type { TypedValue } from '../../../graph/graph.js';
import { isOpen, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call } from './call.js';

/** The attributes that our ops with windows share. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly autoPad: 'explicit' | 'sameUpper' | 'sameLower';
  /** Top, bottom, left, right. */
  readonly padding: readonly number[];
}

const AUTO_PADS = { NOTSET: 'explicit', VALID: 'explicit', SAME_UPPER: 'sameUpper', SAME_LOWER: 'sameLower', '': 'explicit' } as const;

/** The number of spatial axes of an input, which is 1 or 2. */
export function spatialRank(call: Call, index = 0): 1 | 2 {
  const rank = call.type(index).shape.length - 2;
  if (rank !== 1 && rank !== 2) throw cannotExpress(`has ${rank} spatial axes, of which our graph has 1 or 2`);
  return rank;
}

/** Numbers for height and width, of a list for each spatial axis, or of the number for a list that is absent. */
export function spatial(call: Call, given: readonly number[] | undefined, absent: number, what: string): readonly [number, number] {
  const rank = spatialRank(call);
  const numbers = given ?? Array<number>(rank).fill(absent);
  if (numbers.length !== rank) throw call.broken(`has ${numbers.length} ${what} for ${rank} spatial axes`);
  return (rank === 1 ? [absent, ...numbers] : numbers) as readonly number[] as readonly [number, number];
}

/** Reads the window of a node. */
export function windowOf(call: Call): Window {
  const { attributes } = call;
  const kind = attributes.text('auto_pad', 'NOTSET');
  const autoPad = Object.hasOwn(AUTO_PADS, kind) ? AUTO_PADS[kind as keyof typeof AUTO_PADS] : undefined;
  if (autoPad === undefined) throw call.broken(`has the padding "${kind}"`);
  const padding = kind === 'NOTSET' || kind === '' ? paddingOf(call) : [0, 0, 0, 0];
  return {
    strides: spatial(call, attributes.wholes('strides'), 1, 'strides'),
    dilations: spatial(call, attributes.wholes('dilations'), 1, 'dilations'),
    autoPad,
    padding,
  };
}

/** ONNX has all beginnings, then all ends. */
function paddingOf(call: Call): readonly number[] {
  const rank = spatialRank(call);
  const pads = call.attributes.wholes('pads') ?? Array<number>(2 * rank).fill(0);
  if (pads.length !== 2 * rank) throw call.broken(`has ${pads.length} paddings for ${rank} spatial axes`);
  if (rank === 1) return [0, 0, pads[0] as number, pads[1] as number];
  return [pads[0] as number, pads[2] as number, pads[1] as number, pads[3] as number];
}

/** A picture whose channels come last. A line of elements becomes a picture of height 1. */
export function picture(call: Call, value: TypedValue): TypedValue {
  const { shape } = value.type;
  if (shape.length === 4) return call.transposed(value, [0, 2, 3, 1]);
  const [batch, channels, length] = shape as readonly [Size, Size, Size];
  return call.reshaped(call.transposed(value, [0, 2, 1]), [batch, 1, length, channels]);
}

/** A picture in the layout of ONNX again, with as many spatial axes as the node's input has. */
export function inItsLayout(call: Call, made: TypedValue): TypedValue {
  if (spatialRank(call) === 2) return call.transposed(made, [0, 3, 1, 2]);
  const [batch, , length, channels] = made.type.shape as readonly [Size, Size, Size, Size];
  return call.transposed(call.reshaped(made, [batch, length, channels]), [0, 2, 1]);
}

/** Weights [a, b, …spatial] as [height, width, b, a]. */
export function filterOf(call: Call, index: number): TypedValue {
  const { shape } = call.type(index);
  if (shape.length === 4) return call.valueTransposed(index, [2, 3, 1, 0]);
  const moved = call.valueTransposed(index, [2, 1, 0]);
  return call.reshaped(moved, [1, ...moved.type.shape]);
}

/** A size that must be known. */
export function closed(size: Size | undefined, what: string): number {
  if (size === undefined || isOpen(size))
    throw cannotExpress(`has ${what} whose size is not known; where it is that of an input, --shape NAME=1,512 says it`);
  return size;
}

/** The axes of a shape behind the batch and the channels. */
export const spatialAxes = (shape: Shape): readonly number[] => shape.map((_, axis) => axis).slice(2);

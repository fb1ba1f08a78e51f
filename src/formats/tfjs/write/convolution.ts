/** Writes convolutions and their transposes. */
import type { Fields } from '../../../base/fields.js';
import { isFloat } from '../../../graph/element-type.js';
import { isOpen, type Size } from '../../../graph/size.js';
import { extent } from '../../../graph/window.js';
import { attr } from './attributes.js';
import type { Call, NodeWriter, WriteOps } from './call.js';
import { fused, isOneKernel } from './fuse.js';
import type { WrittenTensor } from './graph-def.js';
import { padded } from './pad.js';
import { reshaped } from './shape.js';
import { everyPlace, isNothing, ofAxes, ofPicture, PADDING, sidesOf } from './window.js';

/** Height, width, and two numbers of channels. */
type FilterShape = readonly [rows: number, columns: number, number, number];

const filterShapeOf = (call: NodeWriter): FilterShape => call.type(1).shape as unknown as FilterShape;

function conv2d(call: Call<'conv2d'>): WrittenTensor {
  const { groups, strides, dilations } = call.attributes;
  if (!isFloat(call.type().dataType)) throw call.refused('adds products of whole numbers, for which TF.js has no kernel');
  const [rows, columns, taken, made] = filterShapeOf(call);
  const isDepthwise = groups > 1 && taken === 1;
  // TF.js (4.22) takes strides or dilations above 1, not both.
  const isThinned = Math.max(...strides) > 1 && Math.max(...dilations) > 1;
  const { input, padding } = paddedInput(call, isThinned ? sidesOf(call, [rows, columns], call.attributes) : undefined);
  const attributes = { strides: ofPicture(isThinned ? [1, 1] : strides), dilations: ofPicture(dilations), ...padding };
  const filter = isDepthwise ? call.inputAs(1, [rows, columns, groups, made / groups]) : call.input(1);
  const bias = call.optionalInput(2);
  if (bias !== undefined && isOneKernel(call.attributes, taken))
    return fused(call, isDepthwise ? 'FusedDepthwiseConv2dNative' : '_FusedConv2D', [input, filter], bias, made, attributes);
  const op = isDepthwise ? 'DepthwiseConv2dNative' : 'Conv2D';
  const sums = grouped(call, isDepthwise ? 1 : groups, input, filter, (...both) => call.add(op, both, attributes));
  const result = isThinned ? everyPlace(call, sums, strides) : sums;
  return bias === undefined ? result : call.add('AddV2', [result, bias]);
}

/** The input, and the attributes that say how it is padded. @param sides if the padding is not that of the node's own strides */
function paddedInput(call: Call<'conv2d'>, sides?: readonly Size[]): { readonly input: WrittenTensor; readonly padding: Fields } {
  const input = call.input();
  if (sides === undefined && isSame(call)) return { input, padding: PADDING.same };
  const all = sides ?? sidesOf(call, filterShapeOf(call), call.attributes);
  if (all.some(isOpen)) return { input: padded(call, input, ofAxes(all), 0), padding: PADDING.valid };
  return { input, padding: explicit(call, all as readonly number[]) };
}

/**
 * Whether a node is padded as TensorFlow's SAME. XNNPACK, which computes this padding by itself on wasm, takes a negative one for a
 * huge one where a window is shorter than its stride, and gives zeros (TF.js 4.22).
 */
function isSame(call: Call<'conv2d'>): boolean {
  const { autoPad, strides, dilations } = call.attributes;
  const reaches = [0, 1].map((axis) => extent(filterShapeOf(call)[axis] as number, dilations[axis] as number));
  return autoPad === 'sameUpper' && reaches.every((reach, axis) => reach >= (strides[axis] as number));
}

function explicit(call: NodeWriter, sides: readonly number[]): Fields {
  if (sides.some((side) => side < 0)) throw call.refused(`has the padding [${sides.join(', ')}], which cuts the picture`);
  if (isNothing(sides)) return PADDING.valid;
  return { ...PADDING.explicit, explicit_paddings: attr.wholes(ofAxes(sides) as readonly number[]) };
}

/** The results of some channels each, side by side. */
function grouped(
  call: NodeWriter,
  groups: number,
  input: WrittenTensor,
  filter: WrittenTensor,
  write: (input: WrittenTensor, filter: WrittenTensor) => WrittenTensor,
): WrittenTensor {
  if (groups === 1) return write(input, filter);
  const parts = (tensor: WrittenTensor) => call.addMany('Split', [call.parameter(3), tensor], { num_split: attr.whole(groups) }, groups);
  const filters = parts(filter);
  const results = parts(input).map((part, group) => write(part, filters[group] as WrittenTensor));
  return call.add('ConcatV2', [...results, call.parameter(3)], { N: attr.whole(groups) });
}

function convTranspose2d(call: Call<'convTranspose2d'>): WrittenTensor {
  const { strides, dilations, padding, outputPadding, groups } = call.attributes;
  const [rows, columns, made, taken] = filterShapeOf(call);
  if (outputPadding.some((added, axis) => added >= (strides[axis] as number)))
    throw call.refused(`adds [${outputPadding.join(', ')}] rows and columns, as many as its strides [${strides.join(', ')}]`);
  const filter = dilated(call, [rows, columns, made, taken], dilations);
  const [batch, height, width] = call.outputType().shape as unknown as [Size, Size, Size];
  const attributes = { strides: ofPicture(strides), dilations: ofPicture([1, 1]), ...explicit(call, padding) };
  const sums = grouped(call, groups, call.input(), filter, (input, part) =>
    call.add('Conv2DBackpropInput', [call.sizes([batch, height, width, made]), part, input], attributes),
  );
  const bias = call.optionalInput(2);
  return bias === undefined ? sums : call.add('AddV2', [sums, bias]);
}

/** A filter with zeros between its elements: TF.js (4.22) does not read the dilations of a Conv2DBackpropInput. */
function dilated(call: NodeWriter, [rows, columns, ...channels]: FilterShape, dilations: readonly number[]): WrittenTensor {
  const filter = call.input(1);
  const [down, across] = dilations as readonly [number, number];
  if (down === 1 && across === 1) return filter;
  const [height, width] = [(rows - 1) * down + 1, (columns - 1) * across + 1];
  const each = channels[0] * channels[1];
  const between = (tensor: WrittenTensor, behind: number) => padded(call, tensor, [0, 0, 0, behind, 0, 0], 0);
  const inColumns = between(reshaped(call, filter, [rows * columns, 1, each]), across - 1);
  const inRows = between(reshaped(call, inColumns, [rows, 1, columns * across * each]), down - 1);
  const whole = reshaped(call, inRows, [rows * down, columns * across, ...channels]);
  return call.add('Slice', [whole, call.parameters([0, 0, 0, 0]), call.parameters([height, width, ...channels])]);
}

export const CONVOLUTION_WRITERS: WriteOps<'conv2d' | 'convTranspose2d'> = { conv2d, convTranspose2d };

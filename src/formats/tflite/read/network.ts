/** Reads convolutions, pools, matrix products and normalisations. Pictures are NHWC; filters have the channels out in front. */
import type { TypedValue } from '../../../graph/graph.js';
import { floorDivide, isOpen, product, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { closed, transposedWindow, type Window } from '../../tfjs/read/window.js';
import { type Give, withActivation } from './activation.js';
import type { Call, Importer, Importers } from './call.js';

/** The window of an operator, whose padding is SAME or VALID. */
export function windowOf({ attributes }: Call): Window {
  return {
    strides: [attributes.whole('stride_h'), attributes.whole('stride_w')],
    dilations: [attributes.whole('dilation_h', 1), attributes.whole('dilation_w', 1)],
    autoPad: attributes.text('padding') === 'SAME' ? 'sameUpper' : 'explicit',
    padding: [0, 0, 0, 0],
  };
}

/** A filter [out, height, width, in / groups]. As many groups as the filter's channels go into the picture's. */
function convolution(call: Call): TypedValue {
  const input = call.ofRank(4);
  const filter = filterOf(call, [1, 2, 3, 0]);
  const [channels, taken] = [closed(input.type.shape[3] as Size, 'channels'), closed(filter.type.shape[2] as Size, 'a filter')];
  if (channels % taken !== 0) throw call.broken(`takes ${channels} channels with a filter for ${taken}`);
  return withActivation(call, (give) => give('conv2d', [input, filter, call.optional(2)], { ...windowOf(call), groups: channels / taken }));
}

/** Input 1, a filter of rank 4, in the order of our ops' axes. */
export function filterOf(call: Call, permutation: readonly number[]): TypedValue {
  if (call.type(1).shape.length !== 4) throw call.broken(`takes a filter of ${call.type(1).shape.length} dimensions, which should be 4`);
  return call.valueTransposed(1, permutation);
}

/** A filter [1, height, width, channels · multiplier] is one of as many groups as the picture has channels. */
function depthwise(call: Call): TypedValue {
  const input = call.ofRank(4);
  const groups = closed(input.type.shape[3] as Size, 'channels');
  const [, rows, columns, made] = call.ofRank(4, 1).type.shape.map((size) => closed(size, 'a filter')) as [number, number, number, number];
  const filter = call.valueAs(1, [rows, columns, 1, made]);
  return withActivation(call, (give) => give('conv2d', [input, filter, call.optional(2)], { ...windowOf(call), groups }));
}

/** Inputs: the output's shape, a filter [out, height, width, in], the picture, and a bias. */
function transposedConvolution(call: Call): TypedValue {
  const output = call.sizes(0, 'sizes');
  if (output.length !== 4) throw call.broken(`has ${output.length} sizes, which should be 4`);
  return withActivation(call, (give) => transposed(call, call.ofRank(4, 2), output, windowOf(call), call.optional(3), give));
}

/** @param filter input 1 of the call */
function transposed(call: Call, input: TypedValue, output: Shape, window: Window, bias: TypedValue | null, give: Give): TypedValue {
  const filter = filterOf(call, [1, 2, 0, 3]);
  // The reference kernel leaves out what lies beyond its output (tensorflow/lite/kernels/internal/reference/reference_ops.h).
  const attributes = transposedWindow(call, input.type.shape, filter.type.shape, output, window, true);
  return give('convTranspose2d', [input, filter, bias], { ...attributes, groups: 1 });
}

/** TfLitePadding of c/builtin_op_data.h, which custom options have. */
const CUSTOM_PADDINGS = ['', 'SAME', 'VALID'] as const;

/**
 * MediaPipe's transposed convolution with a bias (mediapipe/util/tflite/operations/transpose_conv_bias.cc): its options are the padding
 * and both strides as int32, and its output's size is that of the input times the stride, or what the filter reaches.
 */
function transposedConvolutionWithBias(call: Call): TypedValue {
  const options = call.customOptions;
  if (options.length < 12) throw call.broken(`has ${options.length} bytes of options, which should be 12`);
  const view = new DataView(options.buffer, options.byteOffset, options.byteLength);
  const [padding, strideW, strideH] = [0, 4, 8].map((at) => view.getInt32(at, true)) as [number, number, number];
  const kind = CUSTOM_PADDINGS[padding];
  if (!kind || strideW < 1 || strideH < 1) throw call.broken(`has the padding ${padding} and the strides ${strideH} and ${strideW}`);
  const [input, filter] = [call.ofRank(4), call.ofRank(4, 1)];
  const sizes = [strideH, strideW].map((stride, axis) => {
    const [length, reach] = [input.type.shape[axis + 1], filter.type.shape[axis + 1]].map((size) => closed(size as Size, 'a size'));
    return kind === 'SAME' ? (length as number) * stride : ((length as number) - 1) * stride + (reach as number);
  });
  const output = [input.type.shape[0] as Size, ...sizes, filter.type.shape[0] as Size];
  const autoPad = kind === 'SAME' ? 'sameUpper' : 'explicit';
  const window: Window = { strides: [strideH, strideW], dilations: [1, 1], autoPad, padding: [0, 0, 0, 0] };
  return transposed(call, input, output, window, call.optional(2), call.add.bind(call));
}

/**
 * Rows of the input times weights [units, inputs]. Axes in front of the last one are one, unless an option keeps them: then an input
 * without such axes gives an output without them.
 */
function fullyConnected(call: Call): TypedValue {
  if (call.attributes.text('format') !== 'DEFAULT') throw cannotExpress('has weights in a shuffled order');
  const input = call.value();
  const weights = call.ofRank(2, 1);
  const taken = weights.type.shape[1] as Size;
  const matrix = call.valueTransposed(1, [1, 0]);
  if (isOpen(taken)) throw cannotExpress('has weights whose size is not known');
  const rows = rowsOf(call, input, taken);
  const bias = call.optional(2);
  const made = withActivation(call, (give) => {
    if (bias === null) return give('matmul', [rows, matrix], {});
    return give('add', [call.step('matmul', [rows, matrix], {}), bias], {});
  });
  return withoutRow(call, made);
}

const keepsAxes = (call: Call): boolean => call.attributes.flag('keep_num_dims');

/** The input of a matrix product as rows of so many numbers. */
export function rowsOf(call: Call, input: TypedValue, taken: number): TypedValue {
  const { shape } = input.type;
  return keepsAxes(call) && shape.length > 1 ? input : call.reshaped(input, [floorDivide(product(shape), taken), taken]);
}

/** The products [1, units] as [units], where the axes of an input of one axis are kept. */
export const withoutRow = (call: Call, products: TypedValue): TypedValue =>
  keepsAxes(call) && call.type().shape.length === 1 ? call.reshaped(products, products.type.shape.slice(1)) : products;

export function poolWindow(call: Call) {
  const windowDimensions = [call.attributes.whole('filter_h'), call.attributes.whole('filter_w')];
  return { ...windowOf(call), windowDimensions, outputRounding: 'floor', countPadding: false } as const;
}

const pool =
  (op: 'averagePool2d' | 'maxPool2d'): Importer =>
  (call) =>
    withActivation(call, (give) => give(op, [call.ofRank(4)], poolWindow(call)));

/** The root of the mean square: TensorFlow Lite divides by the number of elements, as WebNN's does not. */
function rootMeanSquarePool(call: Call): TypedValue {
  const input = call.ofRank(4);
  const mean = call.step('averagePool2d', [call.apply('mul', input, input)], poolWindow(call));
  return withActivation(call, (give) => give('sqrt', [mean], {}));
}

/** Inputs are divided by their length along the last axis, and by 1e-6 where that is shorter (reference/l2normalization.h). */
function l2Normalization(call: Call): TypedValue {
  const input = call.value();
  const length = call.step('reduceL2', [input], { axes: [input.type.shape.length - 1], keepDimensions: true });
  const bounded = call.step('clamp', [length], { min: 1e-6, max: Number.POSITIVE_INFINITY });
  return withActivation(call, (give) => give('div', [input, bounded], {}));
}

function softmax(call: Call): TypedValue {
  const input = call.value();
  const beta = call.attributes.number('beta');
  const scaled = beta === 1 ? input : call.apply('mul', input, call.number(beta));
  return call.add('softmax', [scaled], { axis: input.type.shape.length - 1 });
}

export const NETWORK_IMPORTERS: Importers = {
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: depthwise,
  TRANSPOSE_CONV: transposedConvolution,
  Convolution2DTransposeBias: transposedConvolutionWithBias,
  FULLY_CONNECTED: fullyConnected,
  AVERAGE_POOL_2D: pool('averagePool2d'),
  MAX_POOL_2D: pool('maxPool2d'),
  L2_POOL_2D: rootMeanSquarePool,
  L2_NORMALIZATION: l2Normalization,
  SOFTMAX: softmax,
};

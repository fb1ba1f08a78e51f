/**
 * Reads convolutions and matrix products of whole numbers: products are added in 32 bits (64, for activations of 16), the bias has the
 * scale of the products, and the sum is multiplied by the quotient of the scales (TensorFlow Lite's 8-bit quantisation specification).
 */
import type { TypedValue } from '../../../../graph/graph.js';
import { isOpen, type Size } from '../../../../graph/size.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import { closed } from '../../../tfjs/read/window.js';
import type { Quantization } from '../../model.js';
import type { Call, Importers } from '../call.js';
import { filterOf, rowsOf, windowOf, withoutRow } from '../network.js';
import { type FixedPoint, fixedPoint } from './fixed-point.js';
import { centred, inputScale, outputScale, requantized } from './numbers.js';

type Wide = 'int32' | 'int64';

/** Activations of 16 bits are added in 64, unless their bias has 32. */
function widthOf(call: Call): Wide {
  const bias = call.has(2) ? call.type(2).dataType : undefined;
  return call.type(0).dataType === 'int16' && bias !== 'int32' ? 'int64' : 'int32';
}

function weightQuantization(call: Call): Quantization {
  const quantization = call.tensors.inputs[1]?.quantization;
  if (quantization === undefined) throw cannotExpress('has weights without a scale');
  return quantization;
}

/** Weights as wide numbers, less their zero point. */
function wideWeights(call: Call, weights: TypedValue, wide: Wide): TypedValue {
  const { zeroPoints } = weightQuantization(call);
  const [zero = 0] = zeroPoints;
  if (zeroPoints.some((each) => each !== zero)) throw cannotExpress('has weights with several zero points');
  const numbers = call.cast(weights, wide);
  return zero === 0 ? numbers : call.apply('sub', numbers, call.number(zero, wide));
}

/** The factor of each channel, or of all: the scales of input and weights over that of the output. */
function factorsOf(call: Call, channels: number): readonly FixedPoint[] {
  const { scales } = weightQuantization(call);
  if (scales.length !== 1 && scales.length !== channels) throw call.broken(`has ${scales.length} scales for ${channels} channels`);
  const [input, output] = [inputScale(call).scale, outputScale(call).scale];
  return scales.map((scale) => fixedPoint((input * scale) / output));
}

const biasOf = (call: Call, wide: Wide): TypedValue | null => (call.has(2) ? call.cast(call.value(2), wide) : null);

function convolution(call: Call): TypedValue {
  const filter = filterOf(call, [1, 2, 3, 0]);
  const [channels, taken] = [closed(call.ofRank(4).type.shape[3] as Size, 'channels'), closed(filter.type.shape[2] as Size, 'a filter')];
  if (channels % taken !== 0) throw call.broken(`takes ${channels} channels with a filter for ${taken}`);
  return convolved(call, filter, channels / taken);
}

function depthwise(call: Call): TypedValue {
  const groups = closed(call.ofRank(4).type.shape[3] as Size, 'channels');
  const [, rows, columns, made] = call.ofRank(4, 1).type.shape.map((size) => closed(size, 'a filter')) as [number, number, number, number];
  return convolved(call, call.valueAs(1, [rows, columns, 1, made]), groups);
}

/** Padding is zeros, which the zero point stands for. */
function convolved(call: Call, filter: TypedValue, groups: number): TypedValue {
  const wide = widthOf(call);
  const inputs = [centred(call, 0, wide), wideWeights(call, filter, wide), biasOf(call, wide)];
  const sums = call.step('conv2d', inputs, { ...windowOf(call), groups });
  return requantized(call, sums, factorsOf(call, filter.type.shape[3] as number));
}

function fullyConnected(call: Call): TypedValue {
  if (call.attributes.text('format') !== 'DEFAULT') throw cannotExpress('has weights in a shuffled order');
  const [made, taken] = call.ofRank(2, 1).type.shape as readonly [Size, Size];
  if (isOpen(taken) || isOpen(made)) throw cannotExpress('has weights whose size is not known');
  const wide = widthOf(call);
  const matrix = wideWeights(call, call.valueTransposed(1, [1, 0]), wide);
  const rows = rowsOf(call, centred(call, 0, wide), taken);
  const products = call.step('matmul', [rows, matrix], {});
  const bias = biasOf(call, wide);
  return withoutRow(call, requantized(call, bias === null ? products : call.apply('add', products, bias), factorsOf(call, made)));
}

export const PRODUCT_IMPORTERS: Importers = {
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: depthwise,
  FULLY_CONNECTED: fullyConnected,
};

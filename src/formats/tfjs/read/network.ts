/** Reads convolutions, pools, matrix products, normalisations and resizing. */
import { isFloat } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import type { Size } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { einsum } from '../../reading/einsum.js';
import type { Call, Importer, Importers } from './call.js';
import { withFusedOps } from './fused.js';
import { closed, inItsLayout, inNhwc, isChannelsFirst, picture, spatial, transposedWindow, windowOf } from './window.js';

/** A convolution; as many groups as the filter's channels go into the picture's. */
function convolution(call: Call, bias: TypedValue | null, give: Call['add']): TypedValue {
  const [input, filter] = [picture(call), call.ofRank(4, 1)];
  const [channels, taken] = [closed(input.type.shape[3] as Size, 'channels'), closed(filter.type.shape[2] as Size, 'a filter')];
  if (channels % taken !== 0) throw call.broken(`takes ${channels} channels with a filter for ${taken}`);
  return give('conv2d', [input, filter, bias], { ...windowOf(call), groups: channels / taken });
}

/** A filter [height, width, channels, multiplier] of a depthwise convolution is one of as many groups as channels. */
function depthwise(call: Call, bias: TypedValue | null, give: Call['add']): TypedValue {
  const { shape } = call.ofRank(4, 1).type;
  const [rows, columns, channels, multiplier] = shape.map((size) => closed(size, 'a filter')) as [number, number, number, number];
  const filter = call.valueAs(1, [rows, columns, 1, channels * multiplier]);
  return give('conv2d', [picture(call), filter, bias], { ...windowOf(call), groups: channels });
}

/** The gradient of a convolution's input, which is a transposed convolution. The output's size says how the input was padded. */
function transposedConvolution(call: Call): TypedValue {
  const output = inNhwc(call, call.sizes(0, 'sizes'));
  if (output.length !== 4) throw call.broken(`has ${output.length} sizes, which should be 4`);
  const { shape } = call.ofRank(4, 1).type;
  const input = picture(call, 2);
  const attributes = transposedWindow(call, input.type.shape, shape, output, windowOf(call));
  return inItsLayout(call, (give) => give('convTranspose2d', [input, call.value(1), null], { ...attributes, groups: 1 }));
}

const pool =
  (op: 'averagePool2d' | 'maxPool2d'): Importer =>
  (call) => {
    const windowDimensions = spatial(call, call.attributes.wholes('ksize'), 'window sizes');
    return inItsLayout(call, (give) =>
      give(op, [picture(call)], { ...windowOf(call), windowDimensions, outputRounding: 'floor', countPadding: false }),
    );
  };

/** The places of the greatest elements are for training: what runs a model seldom takes them. */
function maxPoolWithoutArgmax(call: Call): ReturnType<Importer> {
  if (call.wants(1)) throw cannotExpress('gives the places of the greatest elements');
  return pool('maxPool2d')(call);
}

/** Its other outputs are the mean and the variance that it takes. */
function fusedBatchNorm(call: Call): readonly TypedValue[] {
  if (call.attributes.flag('is_training', true)) throw cannotExpress('is in training');
  const [scale, bias, mean, variance] = call.values(1, 5) as [TypedValue, TypedValue, TypedValue, TypedValue];
  const axis = isChannelsFirst(call) ? 1 : 3;
  const attributes = { axis, epsilon: call.attributes.number('epsilon', 1e-4) };
  return [call.add('batchNormalization', [call.value(), mean, variance, scale, bias], attributes), mean, variance];
}

/** TensorFlow gives float32, whatever it takes. */
function resizeBilinear(call: Call): TypedValue {
  const input = call.value();
  const floats = isFloat(input.type.dataType) ? input : call.step('cast', [input], { to: 'float32' });
  return call.add('resample2d', [floats], { ...resizeOf(call), mode: 'linear', rounding: undefined });
}

/** Half pixels: ⌊(x + 0.5) · scale⌋ is the place (x + 0.5) · scale - 0.5, of which a half is rounded up. */
function resizeNearest(call: Call): TypedValue {
  const resize = resizeOf(call);
  const rounding = resize.coordinates === 'asymmetric' ? 'floor' : 'halfUp';
  return call.add('resample2d', [call.value()], { ...resize, mode: 'nearest', rounding });
}

function resizeOf(call: Call) {
  const sizes = call.sizes(1, 'sizes');
  if (call.attributes.flag('align_corners')) return { sizes, coordinates: 'alignCorners' } as const;
  return { sizes, coordinates: call.attributes.flag('half_pixel_centers') ? 'halfPixel' : 'asymmetric' } as const;
}

/** An input of a matrix product, whose last two axes change places where an attribute says so. */
function matrix(call: Call, index: number, isTransposed: boolean): TypedValue {
  const input = call.value(index);
  if (!isTransposed) return input;
  const rank = input.type.shape.length;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return call.step('transpose', [input], { permutation: [...axes.slice(0, -2), rank - 1, rank - 2] });
}

function matmul(call: Call, give: Call['add'], a = 'transpose_a', b = 'transpose_b'): TypedValue {
  return give('matmul', [matrix(call, 0, call.attributes.flag(a)), matrix(call, 1, call.attributes.flag(b))], {});
}

export const NETWORK_IMPORTERS: Importers = {
  Conv2D: (call) => inItsLayout(call, (give) => convolution(call, null, give)),
  DepthwiseConv2dNative: (call) => inItsLayout(call, (give) => depthwise(call, null, give)),
  _FusedConv2D: (call) => inItsLayout(call, (give) => withFusedOps(call, give, (bias, next) => convolution(call, bias, next))),
  FusedDepthwiseConv2dNative: (call) => inItsLayout(call, (give) => withFusedOps(call, give, (bias, next) => depthwise(call, bias, next))),
  Conv2DBackpropInput: transposedConvolution,
  Einsum: (call) => einsum(call, call.attributes.text('equation', '')),
  MaxPool: pool('maxPool2d'),
  MaxPoolWithArgmax: maxPoolWithoutArgmax,
  AvgPool: pool('averagePool2d'),
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  LRN: (call) =>
    call.add('localResponseNormalization', [call.value()], {
      radius: call.attributes.whole('depth_radius', 5),
      bias: call.attributes.number('bias', 1),
      alpha: call.attributes.number('alpha', 1),
      beta: call.attributes.number('beta', 0.5),
    }),
  ResizeBilinear: resizeBilinear,
  ResizeNearestNeighbor: resizeNearest,
  MatMul: (call) => matmul(call, call.add.bind(call)),
  BatchMatMul: (call) => matmul(call, call.add.bind(call), 'adj_x', 'adj_y'),
  BatchMatMulV2: (call) => matmul(call, call.add.bind(call), 'adj_x', 'adj_y'),
  _FusedMatMul: (call) =>
    withFusedOps(call, call.add.bind(call), (bias, give) => {
      if (bias === null) return matmul(call, give);
      return give('add', [matmul(call, call.step.bind(call)), bias], {});
    }),
};

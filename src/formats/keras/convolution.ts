/** Convolutions, and the layers around them that pad, crop and enlarge pictures. Channels last. */
import { broken } from '../file-fields.js';
import { activate, activationOf, withBias } from './activations.js';
import { attr, type GraphTensor } from './builder.js';
import { type Call, checkChannelsLast, inputOfRank, knownSize, type Rule } from './rule.js';

const CONV = { fused: '_FusedConv2D', plain: 'Conv2D' };
const DEPTHWISE = { fused: 'FusedDepthwiseConv2dNative', plain: 'DepthwiseConv2dNative' };

type Padding = 'same' | 'valid';
type Size = number | null;

/** The settings that all convolutions have, along `rank` axes. */
function windowOf({ settings }: Call, rank: number) {
  settings.only('groups', [1], 'TF.js convolves all channels together');
  settings.only('padding', ['same', 'valid'], 'TF.js pads "same" or "valid"');
  const strides = settings.wholes('strides', rank, 1);
  const dilations = settings.wholes('dilation_rate', rank, 1);
  if (strides.some((stride) => stride > 1) && dilations.some((rate) => rate > 1))
    throw broken(`${settings.what} has strides and dilation_rate above 1; TF.js computes one or the other.`);
  return {
    kernel: settings.wholes('kernel_size', rank),
    strides,
    dilations,
    padding: settings.choice<Padding>('padding', ['valid', 'same'], 'valid'),
  };
}

/** The number of positions of a window along one axis. */
export function placesOf({ settings }: Call, size: Size, kernel: number, stride: number, padding: Padding, dilation = 1): Size {
  if (size === null) return null;
  const covered = padding === 'same' ? size : size - (kernel - 1) * dilation;
  if (covered < 1) throw broken(`${settings.what} slides a window of ${(kernel - 1) * dilation + 1} over an input of ${size}.`);
  return Math.ceil(covered / stride);
}

/** Attributes of a window that moves over height and width. */
export const windowAttrs = (padding: Padding, strides: readonly number[]) => ({
  strides: attr.wholes([1, ...strides, 1]),
  padding: attr.text(padding.toUpperCase()),
  data_format: attr.text('NHWC'),
});

function biasOf({ settings, weights, graph }: Call, channels: number): GraphTensor | undefined {
  return settings.flag('use_bias', true) ? graph.weight(weights.take('bias', [channels])) : undefined;
}

const conv2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings, graph, weights } = call;
  const x = inputOfRank(call, 4);
  const { kernel, strides, dilations, padding } = windowOf(call, 2);
  const filters = settings.whole('filters');
  const filter = graph.weight(weights.take('kernel', [...kernel, knownSize(call, x, 3), filters]));
  const places = kernel.map((size, axis) =>
    placesOf(call, x.shape[axis + 1] ?? null, size, strides[axis] as number, padding, dilations[axis] as number),
  );
  const attrs = { ...windowAttrs(padding, strides), dilations: attr.wholes([1, ...dilations, 1]) };
  return [withBias(call, CONV, [x, filter], biasOf(call, filters), activationOf(settings), [null, ...places, filters], attrs)];
};

/** Convolves a signal as a picture of one row, since the fused kernel takes pictures. */
const conv1d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings, graph, scope, weights } = call;
  const x = inputOfRank(call, 3);
  const { kernel, strides, dilations, padding } = windowOf(call, 1);
  const [size, stride, dilation] = [kernel[0], strides[0], dilations[0]] as [number, number, number];
  const filters = settings.whole('filters');
  const [length = null, channels] = [x.shape[1], knownSize(call, x, 2)];
  const weight = weights.take('kernel', [size, channels, filters]);
  const filter = graph.weight({ ...weight, shape: [1, ...weight.shape] });
  const places = placesOf(call, length, size, stride, padding, dilation);
  const row = graph.op(scope, 'ExpandDims', [x, graph.whole(1)], [null, 1, length, channels]);
  const attrs = { ...windowAttrs(padding, [1, stride]), dilations: attr.wholes([1, 1, dilation, 1]) };
  const y = withBias(call, CONV, [row, filter], biasOf(call, filters), activationOf(settings), [null, 1, places, filters], attrs);
  return [graph.op(scope, 'Squeeze', [y], [null, places, filters], { squeeze_dims: attr.wholes([1]) })];
};

/** The part that depthwise and separable convolutions share. */
function depthwise(call: Call, x: GraphTensor, bias: (channels: number) => GraphTensor | undefined, activation: string): GraphTensor {
  const { settings, graph, weights } = call;
  const { kernel, strides, dilations, padding } = windowOf(call, 2);
  const channels = knownSize(call, x, 3);
  // TF.js does not save the depth multiplier of a separable convolution; the shape of its kernel has it.
  const multiplier = settings.value('depth_multiplier') === undefined ? null : settings.whole('depth_multiplier');
  const weight = weights.take('depthwise_kernel', [...kernel, channels, multiplier], 'kernel');
  const places = kernel.map((size, axis) =>
    placesOf(call, x.shape[axis + 1] ?? null, size, strides[axis] as number, padding, dilations[axis] as number),
  );
  const attrs = { ...windowAttrs(padding, strides), dilations: attr.wholes([1, ...dilations, 1]) };
  const made = channels * (weight.shape[3] as number);
  return withBias(call, DEPTHWISE, [x, graph.weight(weight)], bias(made), activation, [null, ...places, made], attrs);
}

const depthwiseConv2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const x = inputOfRank(call, 4);
  if (settings.wholes('dilation_rate', 2, 1).some((rate) => rate > 1))
    throw settings.refused('with a dilation_rate: TF.js computes it as if there were none, Keras does not');
  return [depthwise(call, x, (channels) => biasOf(call, channels), activationOf(settings))];
};

const separableConv2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings, graph, weights } = call;
  const x = inputOfRank(call, 4);
  const filters = settings.whole('filters');
  const middle = depthwise(call, x, () => undefined, 'linear');
  const filter = graph.weight(weights.take('pointwise_kernel', [1, 1, middle.shape[3] as number, filters]));
  const shape = [...middle.shape.slice(0, 3), filters];
  const attrs = { ...windowAttrs('valid', [1, 1]), dilations: attr.wholes([1, 1, 1, 1]) };
  return [withBias(call, CONV, [middle, filter], biasOf(call, filters), activationOf(settings), shape, attrs)];
};

const conv2dTranspose: Rule = (call) => {
  checkChannelsLast(call);
  const { settings, graph, scope, weights } = call;
  const x = inputOfRank(call, 4);
  settings.only('output_padding', [], 'TF.js has no such thing');
  const { kernel, strides, dilations, padding } = windowOf(call, 2);
  if (dilations.some((rate) => rate > 1)) throw settings.refused('with a dilation_rate: TF.js has no such thing');
  const filters = settings.whole('filters');
  const filter = graph.weight(weights.take('kernel', [...kernel, filters, knownSize(call, x, 3)]));
  const sizes = kernel.map((size, axis) => {
    const stride = strides[axis] as number;
    return knownSize(call, x, axis + 1) * stride + (padding === 'valid' ? Math.max(size - stride, 0) : 0);
  });
  const shape = [null, ...sizes, filters];
  // This op takes the whole output shape, whose batch is that of the input.
  const inputShape = graph.op(scope, 'Shape', [x], [4], {}, 'int32');
  const batch = graph.op(scope, 'Slice', [inputShape, graph.wholes([0]), graph.wholes([1])], [1], {}, 'int32');
  const rest = graph.wholes([...sizes, filters]);
  const outputShape = graph.op(scope, 'ConcatV2', [batch, rest, graph.whole(0)], [4], { N: attr.whole(2) }, 'int32');
  const y = graph.op(scope, 'Conv2DBackpropInput', [outputShape, filter, x], shape, windowAttrs(padding, strides));
  const bias = biasOf(call, filters);
  const moved = bias === undefined ? y : graph.op(scope, 'AddV2', [y, bias], shape);
  return [activate(call, moved, activationOf(settings))];
};

/** One number, one for each axis, or a pair for each side of each axis. */
function sidesOf({ settings }: Call, key: string): readonly (readonly [number, number])[] {
  const value = settings.value(key) ?? 1;
  const isSize = (each: unknown): each is number => Number.isSafeInteger(each) && (each as number) >= 0 && (each as number) < 2 ** 24;
  const axes: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const sides = axes.map((each) => (Array.isArray(each) ? each : [each, each]));
  if (sides.length !== 2 || !sides.every((pair) => pair.length === 2 && pair.every(isSize)))
    throw settings.wrong(key, 'a whole number, a pair, or a pair of pairs');
  return sides as unknown as readonly (readonly [number, number])[];
}

const zeroPadding2d: Rule = (call) => {
  checkChannelsLast(call);
  const { graph, scope } = call;
  const x = inputOfRank(call, 4);
  const sides = [[0, 0], ...sidesOf(call, 'padding'), [0, 0]];
  const shape = x.shape.map((dim, axis) => (dim === null ? null : dim + (sides[axis]?.[0] as number) + (sides[axis]?.[1] as number)));
  return [graph.op(scope, 'Pad', [x, graph.wholes(sides.flat(), [4, 2])], shape)];
};

const cropping2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings, graph, scope } = call;
  const x = inputOfRank(call, 4);
  const sides = sidesOf(call, 'cropping');
  const sizes = sides.map(([before, after], axis) => {
    const size = knownSize(call, x, axis + 1) - before - after;
    if (size < 1) throw broken(`${settings.what} crops ${before + after} from an input of ${size + before + after}.`);
    return size;
  });
  const begin = graph.wholes([0, ...sides.map(([before]) => before), 0]);
  return [graph.op(scope, 'Slice', [x, begin, graph.wholes([-1, ...sizes, -1])], [null, ...sizes, x.shape[3] ?? null])];
};

const upSampling2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings, graph, scope } = call;
  const x = inputOfRank(call, 4);
  const factors = settings.wholes('size', 2, 2);
  const way = settings.choice('interpolation', ['nearest', 'bilinear'], 'nearest');
  const sizes = factors.map((factor, axis) => knownSize(call, x, axis + 1) * factor);
  const op = way === 'nearest' ? 'ResizeNearestNeighbor' : 'ResizeBilinear';
  const attrs = { align_corners: attr.flag(false), half_pixel_centers: attr.flag(false) };
  return [graph.op(scope, op, [x, graph.wholes(sizes)], [null, ...sizes, x.shape[3] ?? null], attrs)];
};

/** Refuses a layer that takes no batch in TF.js, and that samples other points there than in Keras. */
const resizing: Rule = ({ settings }) => {
  throw settings.refused("in a model: TF.js's own differs from Keras's. Pictures are resized before the model, by inputs' image options");
};

/** The layers that slide a window over signals and pictures, or change the size of a picture. */
export const CONVOLUTION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Conv1D', conv1d],
  ['Conv2D', conv2d],
  ['Conv2DTranspose', conv2dTranspose],
  ['DepthwiseConv2D', depthwiseConv2d],
  ['SeparableConv2D', separableConv2d],
  ['ZeroPadding2D', zeroPadding2d],
  ['Cropping2D', cropping2d],
  ['UpSampling2D', upSampling2d],
  ['Resizing', resizing],
];

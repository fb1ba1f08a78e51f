/** Convolutions. Channels come last. */
import type { TypedValue } from '../../graph/graph.js';
import type { OpAttributes } from '../../graph/ops/index.js';
import { broken } from '../file-fields.js';
import { activate, activationOf } from './activations.js';
import { type Call, checkChannelsLast, inputOfRank, knownSize, type Rule, reshaped, sizeAt } from './rule.js';

type Window = Pick<OpAttributes['conv2d'], 'strides' | 'dilations' | 'autoPad' | 'padding'>;

/** The padding of a window: zeros as Keras's "same" adds them, or none. */
export const paddingOf = ({ settings }: Call): Pick<Window, 'autoPad' | 'padding'> => ({
  autoPad: settings.choice('padding', ['valid', 'same'], 'valid') === 'same' ? 'sameUpper' : 'explicit',
  padding: [0, 0, 0, 0],
});

/** The settings that all convolutions have, along `rank` axes. */
function windowOf(call: Call, rank: number): Window & { readonly kernel: readonly number[] } {
  const { settings } = call;
  settings.only('padding', ['same', 'valid'], 'TF.js pads "same" or "valid"');
  const strides = settings.wholes('strides', rank, 1);
  const dilations = settings.wholes('dilation_rate', rank, 1);
  if (strides.some((stride) => stride > 1) && dilations.some((rate) => rate > 1))
    throw broken(`${settings.what} has strides and dilation_rate above 1; Keras computes one or the other.`);
  return { kernel: settings.wholes('kernel_size', rank), strides, dilations, ...paddingOf(call) };
}

const biasOf = (call: Call, channels: number): TypedValue | null =>
  call.settings.flag('use_bias', true) ? call.weight('bias', [channels]) : null;

/** Refuses groups of channels. */
function checkGroups({ settings }: Call): void {
  settings.only('groups', [1], 'TF.js convolves all channels together');
}

const conv2d: Rule = (call) => {
  checkChannelsLast(call);
  checkGroups(call);
  const { settings } = call;
  const x = inputOfRank(call, 4);
  const { kernel, ...window } = windowOf(call, 2);
  const filters = settings.whole('filters');
  const filter = call.weight('kernel', [...kernel, knownSize(call, x, 3), filters]);
  const y = call.op('conv2d', [x, filter, biasOf(call, filters)], { ...window, groups: 1 });
  return [activate(call, y, activationOf(settings))];
};

/** Convolves a signal as a picture of one row. */
const conv1d: Rule = (call) => {
  checkChannelsLast(call);
  checkGroups(call);
  const { settings, parts } = call;
  const x = inputOfRank(call, 3);
  const { kernel, strides, dilations, ...padding } = windowOf(call, 1);
  const filters = settings.whole('filters');
  const weight = parts.weights.take('kernel', [...kernel, knownSize(call, x, 2), filters]);
  const filter = call.constant({ ...weight, shape: [1, ...weight.shape] });
  const row = reshaped(call, x, [sizeAt(x, 0), 1, sizeAt(x, 1), sizeAt(x, 2)]);
  const window = { strides: [1, ...strides], dilations: [1, ...dilations], ...padding };
  const y = activate(call, call.op('conv2d', [row, filter, biasOf(call, filters)], { ...window, groups: 1 }), activationOf(settings));
  return [reshaped(call, y, [sizeAt(y, 0), sizeAt(y, 2), sizeAt(y, 3)])];
};

/** The part that depthwise and separable convolutions share: a convolution with a group for each channel. */
function depthwise(call: Call, x: TypedValue, biasFor: (channels: number) => TypedValue | null): TypedValue {
  const { settings, parts } = call;
  checkGroups(call);
  const { kernel, ...window } = windowOf(call, 2);
  const groups = knownSize(call, x, 3);
  // TF.js does not save the depth multiplier of a separable convolution; the shape of its kernel has it.
  const multiplier = settings.value('depth_multiplier') === undefined ? null : settings.whole('depth_multiplier');
  const weight = parts.weights.take('depthwise_kernel', [...kernel, groups, multiplier], 'kernel');
  const channels = groups * (weight.shape[3] as number);
  const filter = call.constant({ ...weight, shape: [...kernel, 1, channels] });
  return call.op('conv2d', [x, filter, biasFor(channels)], { ...window, groups });
}

const depthwiseConv2d: Rule = (call) => {
  checkChannelsLast(call);
  const y = depthwise(call, inputOfRank(call, 4), (channels) => biasOf(call, channels));
  return [activate(call, y, activationOf(call.settings))];
};

const separableConv2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const middle = depthwise(call, inputOfRank(call, 4), () => null);
  const filters = settings.whole('filters');
  const filter = call.weight('pointwise_kernel', [1, 1, knownSize(call, middle, 3), filters]);
  const y = call.op('conv2d', [middle, filter, biasOf(call, filters)], {
    strides: [1, 1],
    dilations: [1, 1],
    autoPad: 'explicit',
    padding: [0, 0, 0, 0],
    groups: 1,
  });
  return [activate(call, y, activationOf(settings))];
};

const conv2dTranspose: Rule = (call) => {
  checkChannelsLast(call);
  checkGroups(call);
  const { settings } = call;
  const x = inputOfRank(call, 4);
  settings.only('output_padding', [], 'TF.js has no such thing');
  const { kernel, strides, dilations, autoPad } = windowOf(call, 2);
  if (dilations.some((rate) => rate > 1)) throw settings.refused('with a dilation_rate: TF.js has no such thing');
  const filters = settings.whole('filters');
  const filter = call.weight('kernel', [...kernel, filters, knownSize(call, x, 3)]);
  // "same" gives size · stride elements: the overlap of neighbouring windows is cut, the odd element at the end. Where windows do not
  // overlap, zeros follow the last one.
  const overlaps = kernel.map((size, axis) => size - (strides[axis] as number));
  const padding = overlaps.flatMap((overlap) => {
    const cut = autoPad === 'explicit' ? 0 : Math.max(overlap, 0);
    return [Math.floor(cut / 2), Math.ceil(cut / 2)];
  });
  const outputPadding = overlaps.map((overlap) => Math.max(-overlap, 0));
  const attributes = { strides, dilations, padding, outputPadding, groups: 1 };
  const y = call.op('convTranspose2d', [x, filter, biasOf(call, filters)], attributes);
  return [activate(call, y, activationOf(settings))];
};

/** The layers that convolve signals and pictures. */
export const CONVOLUTION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Conv1D', conv1d],
  ['Conv2D', conv2d],
  ['Conv2DTranspose', conv2dTranspose],
  ['DepthwiseConv2D', depthwiseConv2d],
  ['SeparableConv2D', separableConv2d],
];

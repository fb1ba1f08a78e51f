/** Convolutions of signals and pictures. Channels come last. A signal is convolved as a picture of one row. */
import type { TypedValue } from '../../graph/graph.js';
import type { OpAttributes } from '../../graph/ops/index.js';
import type { Dim } from '../../manifest/signature.js';
import { broken } from '../file-fields.js';
import type { Weight } from '../tfjs/weights.js';
import { activate, activationOf } from './activations.js';
import { type Call, checkChannelsLast, inputOfRank, knownSize, type Rule, reshaped, sizeAt } from './rule.js';

/** 1 for signals, 2 for pictures. */
type Rank = 1 | 2;

interface Window extends Pick<OpAttributes['conv2d'], 'strides' | 'dilations' | 'autoPad' | 'padding'> {
  readonly kernel: readonly number[];
}

/** The padding of a window: zeros as Keras's "same" adds them, or none. */
export const paddingOf = ({ settings }: Call): Pick<Window, 'autoPad' | 'padding'> => ({
  autoPad: settings.choice('padding', ['valid', 'same'], 'valid') === 'same' ? 'sameUpper' : 'explicit',
  padding: [0, 0, 0, 0],
});

/** The window of a convolution, over the height and width of a picture. */
function windowOf(call: Call, rank: Rank): Window {
  const { settings } = call;
  const [strides, dilations] = [settings.wholes('strides', rank, 1), settings.wholes('dilation_rate', rank, 1)];
  if (strides.some((stride) => stride > 1) && dilations.some((rate) => rate > 1))
    throw broken(`${settings.what} has strides and dilation_rate above 1; Keras computes one or the other.`);
  const kernel = settings.wholes('kernel_size', rank);
  const row = rank === 1 ? [1] : [];
  const window = { kernel: [...row, ...kernel], strides: [...row, ...strides], dilations: [...row, ...dilations] };
  if (rank === 2 || settings.value('padding') !== 'causal') return { ...window, ...paddingOf(call) };
  // No step of a causal convolution takes a later one.
  const before = ((kernel[0] as number) - 1) * (dilations[0] as number);
  return { ...window, autoPad: 'explicit', padding: [0, 0, before, 0] };
}

/** The only input as a picture. */
function pictureOf(call: Call, rank: Rank): TypedValue {
  checkChannelsLast(call);
  const x = inputOfRank(call, rank + 2);
  return rank === 2 ? x : reshaped(call, x, [sizeAt(x, 0), 1, sizeAt(x, 1), sizeAt(x, 2)]);
}

/** Applies the layer's activation, and makes a signal of a picture of one row. */
function answerOf(call: Call, picture: TypedValue, rank: Rank): readonly TypedValue[] {
  const y = activate(call, picture, activationOf(call.settings));
  return [rank === 2 ? y : reshaped(call, y, [sizeAt(y, 0), sizeAt(y, 2), sizeAt(y, 3)])];
}

/** A weight with the sizes of the window in front, as the file has it. */
const filterOf = (call: Call, rank: Rank, { kernel }: Window, sizes: readonly Dim[], name = 'kernel', newName?: string): Weight =>
  call.parts.weights.take(name, [...kernel.slice(2 - rank), ...sizes], newName);

/** A filter in the shape that a picture takes. */
const pictureFilter = (call: Call, weight: Weight, { kernel }: Window, sizes: readonly number[]): TypedValue =>
  call.constant({ ...weight, shape: [...kernel, ...sizes] });

const biasOf = (call: Call, channels: number): TypedValue | null =>
  call.settings.flag('use_bias', true) ? call.weight('bias', [channels]) : null;

function convolved(call: Call, x: TypedValue, filter: TypedValue, bias: TypedValue | null, { kernel: _, ...window }: Window, groups = 1) {
  return call.op('conv2d', [x, filter, bias], { ...window, groups });
}

const conv =
  (rank: Rank): Rule =>
  (call) => {
    const { settings } = call;
    const x = pictureOf(call, rank);
    const window = windowOf(call, rank);
    const [filters, groups, channels] = [settings.whole('filters'), settings.whole('groups', 1), knownSize(call, x, 3)];
    if (channels % groups !== 0 || filters % groups !== 0)
      throw broken(`${settings.what} has ${groups} groups for ${channels} channels in and ${filters} out; the groups must be equal.`);
    const sizes = [channels / groups, filters];
    const filter = pictureFilter(call, filterOf(call, rank, window, sizes), window, sizes);
    return answerOf(call, convolved(call, x, filter, biasOf(call, filters), window, groups), rank);
  };

/** The part that depthwise and separable convolutions share: a convolution with a group for each channel. */
function depthwise(call: Call, x: TypedValue, rank: Rank, biasFor: (channels: number) => TypedValue | null): TypedValue {
  const { settings } = call;
  settings.only('groups', [1], 'each channel is a group');
  const window = windowOf(call, rank);
  const groups = knownSize(call, x, 3);
  // TF.js does not save the depth multiplier of a separable convolution; the shape of its kernel has it.
  const multiplier = settings.value('depth_multiplier') === undefined ? null : settings.whole('depth_multiplier');
  const weight = filterOf(call, rank, window, [groups, multiplier], 'depthwise_kernel', 'kernel');
  const channels = groups * (weight.shape.at(-1) as number);
  return convolved(call, x, pictureFilter(call, weight, window, [1, channels]), biasFor(channels), window, groups);
}

const depthwiseConv =
  (rank: Rank): Rule =>
  (call) =>
    answerOf(
      call,
      depthwise(call, pictureOf(call, rank), rank, (channels) => biasOf(call, channels)),
      rank,
    );

const separableConv =
  (rank: Rank): Rule =>
  (call) => {
    const middle = depthwise(call, pictureOf(call, rank), rank, () => null);
    const filters = call.settings.whole('filters');
    const point: Window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], autoPad: 'explicit', padding: [0, 0, 0, 0] };
    const sizes = [knownSize(call, middle, 3), filters];
    const filter = pictureFilter(call, filterOf(call, rank, point, sizes, 'pointwise_kernel'), point, sizes);
    return answerOf(call, convolved(call, middle, filter, biasOf(call, filters), point), rank);
  };

const convTranspose =
  (rank: Rank): Rule =>
  (call) => {
    const { settings } = call;
    const x = pictureOf(call, rank);
    settings.only('groups', [1], 'a transposed convolution takes all channels together');
    settings.only('output_padding', [], 'no rule computes one');
    settings.only('padding', ['valid', 'same'], 'a transposed convolution pads "same" or "valid"');
    const window = windowOf(call, rank);
    const { kernel, strides, dilations, autoPad } = window;
    if (dilations.some((rate) => rate > 1)) throw settings.refused('with a dilation_rate: no rule computes one');
    const filters = settings.whole('filters');
    const sizes = [filters, knownSize(call, x, 3)];
    const filter = pictureFilter(call, filterOf(call, rank, window, sizes), window, sizes);
    // "same" gives size · stride elements: the overlap of neighbouring windows is cut, the odd element at the end. Where windows do
    // not overlap, zeros follow the last one.
    const overlaps = kernel.map((size, axis) => size - (strides[axis] as number));
    const padding = overlaps.flatMap((overlap) => {
      const cut = autoPad === 'explicit' ? 0 : Math.max(overlap, 0);
      return [Math.floor(cut / 2), Math.ceil(cut / 2)];
    });
    const outputPadding = overlaps.map((overlap) => Math.max(-overlap, 0));
    const attributes = { strides, dilations, padding, outputPadding, groups: 1 };
    return answerOf(call, call.op('convTranspose2d', [x, filter, biasOf(call, filters)], attributes), rank);
  };

/** The layers that convolve signals and pictures. */
export const CONVOLUTION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Conv1D', conv(1)],
  ['Conv2D', conv(2)],
  ['Conv1DTranspose', convTranspose(1)],
  ['Conv2DTranspose', convTranspose(2)],
  ['DepthwiseConv1D', depthwiseConv(1)],
  ['DepthwiseConv2D', depthwiseConv(2)],
  ['SeparableConv1D', separableConv(1)],
  ['SeparableConv2D', separableConv(2)],
];

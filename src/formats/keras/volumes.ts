/** Layers over volumes, [batch, depth, height, width, channels], whose slices are pictures. */
import type { TypedValue } from '../../graph/graph.js';
import { add, ceilDivide, floorDivide, isOpen, multiply, type Size, subtract } from '../../graph/size.js';
import { broken } from '../file-fields.js';
import { activate, activationOf } from './activations.js';
import { type Call, checkChannelsLast, inputOfRank, knownSize, type Rule, reshaped, sizeAt } from './rule.js';

/** The slices of a volume as pictures of a larger batch. */
function slices(call: Call, x: TypedValue): TypedValue {
  const [batch, depth, ...picture] = x.type.shape as readonly [Size, Size, ...Size[]];
  return reshaped(call, x, [multiply(batch, depth), ...picture]);
}

/** A convolution: the sum of those of the filter's slices, each over the slices of the volume that it meets. */
const conv3d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const x = inputOfRank(call, 5);
  const [kernel, strides, dilations] = [
    settings.wholes('kernel_size', 3),
    settings.wholes('strides', 3, 1),
    settings.wholes('dilation_rate', 3, 1),
  ] as const;
  if (strides.some((stride) => stride > 1) && dilations.some((rate) => rate > 1))
    throw broken(`${settings.what} has strides and dilation_rate above 1; Keras computes one or the other.`);
  const [filters, groups, channels] = [settings.whole('filters'), settings.whole('groups', 1), knownSize(call, x, 4)];
  if (channels % groups !== 0 || filters % groups !== 0)
    throw broken(`${settings.what} has ${groups} groups for ${channels} channels in and ${filters} out; the groups must be equal.`);
  const isSame = settings.choice('padding', ['valid', 'same'], 'valid') === 'same';
  const filter = call.weight('kernel', [...kernel, channels / groups, filters]);
  const [taps, stride, rate] = [kernel[0], strides[0], dilations[0]] as [number, number, number];
  const { padded, places } = paddedDepth(call, x, (taps - 1) * rate + 1, stride, isSame);
  const parts = call.ops('split', [filter], { axis: 0, splits: Array<number>(taps).fill(1) }, taps);
  const sums = parts.map((part, tap) => {
    const window = add(multiply(subtract(places, 1), stride), 1);
    const [batch, , ...picture] = padded.type.shape as readonly [Size, Size, ...Size[]];
    const met = call.op('slice', [padded], {
      starts: [0, tap * rate, 0, 0, 0],
      sizes: [batch, window, ...picture],
      strides: [1, stride, 1, 1, 1],
    });
    const flat = reshaped(call, part, [...kernel.slice(1), channels / groups, filters]);
    return call.op('conv2d', [slices(call, met), flat, null], {
      strides: strides.slice(1),
      dilations: dilations.slice(1),
      autoPad: isSame ? 'sameUpper' : 'explicit',
      padding: [0, 0, 0, 0],
      groups,
    });
  });
  const sum = sums.reduce((all, each) => call.op('add', [all, each], {}));
  const y = reshaped(call, sum, [sizeAt(x, 0), places, ...sum.type.shape.slice(1)]);
  const biased = settings.flag('use_bias', true) ? call.op('add', [y, call.weight('bias', [filters])], {}) : y;
  return [activate(call, biased, activationOf(settings))];
};

/** The volume with zeros before and behind, as many as the windows along its depth want, and the number of these windows. */
function paddedDepth(call: Call, x: TypedValue, extent: number, stride: number, isSame: boolean) {
  const depth = sizeAt(x, 1);
  if (!isSame) return { padded: x, places: add(floorDivide(subtract(depth, extent), stride), 1) };
  if (isOpen(depth) && stride > 1) throw call.settings.refused('with an open depth, padding "same" and a stride along the depth');
  const places = ceilDivide(depth, stride);
  const missing = isOpen(depth) ? extent - 1 : Math.max(((places as number) - 1) * stride + extent - depth, 0);
  const before = Math.floor(missing / 2);
  const sides = { beginning: [0, before, 0, 0, 0], ending: [0, missing - before, 0, 0, 0] };
  return { padded: call.op('pad', [x], { ...sides, mode: 'constant', value: 0 }), places };
}

/** Each element several times along three axes. */
const upSampling3d: Rule = (call) => {
  checkChannelsLast(call);
  const x = inputOfRank(call, 5);
  const [batch, depth, height, width, channels] = x.type.shape as readonly [Size, Size, Size, Size, Size];
  const [along, ...across] = call.settings.wholes('size', 3, 2) as [number, number, number];
  const nearest = { mode: 'nearest', coordinates: 'asymmetric', rounding: 'floor' } as const;
  const sizes = [multiply(height, across[0]), multiply(width, across[1])] as const;
  const wide = call.op('resample2d', [slices(call, x)], { sizes, ...nearest });
  const columns = reshaped(call, wide, [batch, depth, 1, multiply(multiply(...sizes), channels)]);
  const deep = call.op('resample2d', [columns], { sizes: [multiply(depth, along), 1], ...nearest });
  return [reshaped(call, deep, [batch, multiply(depth, along), ...sizes, channels])];
};

/** The layers over volumes; pads, crops and pools stand with those of pictures. */
export const VOLUME_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Conv3D', conv3d],
  ['UpSampling3D', upSampling3d],
];

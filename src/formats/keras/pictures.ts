/** Layers that pad, crop, enlarge and resize signals, pictures and volumes. Channels come last. */
import type { TypedValue } from '../../graph/graph.js';
import { isOpen, multiply, type Size, subtract } from '../../graph/size.js';
import { broken } from '../file-fields.js';
import { type Call, checkChannelsLast, inputOfRank, knownSize, type Rule, reshaped, sizeAt } from './rule.js';

/** One number, one for each of `rank` axes, or a pair for each side of each axis. Along one axis, a pair has both sides. */
function sidesOf({ settings }: Call, key: string, rank: number): readonly (readonly [number, number])[] {
  const value = settings.value(key) ?? 1;
  const isSize = (each: unknown): each is number => Number.isSafeInteger(each) && (each as number) >= 0 && (each as number) < 2 ** 24;
  const axes: readonly unknown[] = Array.isArray(value) && rank > 1 ? value : Array<unknown>(rank).fill(value);
  const sides = axes.map((each) => (Array.isArray(each) ? each : [each, each]));
  if (sides.length !== rank || !sides.every((pair) => pair.length === 2 && pair.every(isSize)))
    throw settings.wrong(key, 'a whole number, a pair, or a pair for each axis');
  return sides as unknown as readonly (readonly [number, number])[];
}

const zeroPadding =
  (rank: number): Rule =>
  (call) => {
    checkChannelsLast(call);
    const x = inputOfRank(call, rank + 2);
    const sides = sidesOf(call, 'padding', rank);
    const beginning = [0, ...sides.map(([before]) => before), 0];
    const ending = [0, ...sides.map(([, behind]) => behind), 0];
    return [call.op('pad', [x], { beginning, ending, mode: 'constant', value: 0 })];
  };

const cropping =
  (rank: number): Rule =>
  (call) => {
    checkChannelsLast(call);
    const { settings } = call;
    const x = inputOfRank(call, rank + 2);
    const sides = sidesOf(call, 'cropping', rank);
    const sizes = sides.map(([before, behind], axis) => {
      const size = subtract(sizeAt(x, axis + 1), before + behind);
      if (!isOpen(size) && size < 1) throw broken(`${settings.what} crops ${before + behind} from an input of ${size + before + behind}.`);
      return size;
    });
    const starts = [0, ...sides.map(([before]) => before), 0];
    const strides = x.type.shape.map(() => 1);
    return [call.op('slice', [x], { starts, sizes: [sizeAt(x, 0), ...sizes, sizeAt(x, -1)], strides })];
  };

/** The part of a picture in its middle. @param by the sizes of the part */
function middle(call: Call, x: TypedValue, by: readonly number[]): TypedValue {
  const starts = by.map((size, axis) => Math.floor((knownSize(call, x, axis + 1) - size) / 2));
  const sizes = [sizeAt(x, 0), ...by, sizeAt(x, 3)];
  return call.op('slice', [x], { starts: [0, ...starts, 0], sizes, strides: [1, 1, 1, 1] });
}

type Way = 'nearest' | 'bilinear';

/** Resamples a picture at half pixels. */
function resampled(call: Call, x: TypedValue, sizes: readonly Size[], way: Way): TypedValue {
  const mode = way === 'bilinear' ? ({ mode: 'linear', rounding: undefined } as const) : ({ mode: 'nearest', rounding: 'halfUp' } as const);
  return call.op('resample2d', [x], { sizes, coordinates: 'halfPixel', ...mode });
}

/** Cuts the middle of a picture to the shape of the wanted sizes, and resizes it. */
function cutAndResized(call: Call, x: TypedValue, [height, width]: readonly [number, number], way: Way): TypedValue {
  const [given, across] = [knownSize(call, x, 1), knownSize(call, x, 2)];
  const high = Math.max(Math.min(given, Math.trunc((across * height) / width)), 1);
  const wide = Math.max(Math.min(across, Math.trunc((given * width) / height)), 1);
  return resampled(call, middle(call, x, [high, wide]), [height, width], way);
}

/** A picture that is smaller than the part is enlarged instead. */
const centerCrop: Rule = (call) => {
  checkChannelsLast(call);
  const x = inputOfRank(call, 4);
  const sizes = [call.settings.whole('height'), call.settings.whole('width')] as const;
  const isSmaller = sizes.some((size, axis) => knownSize(call, x, axis + 1) < size);
  return [isSmaller ? cutAndResized(call, x, sizes, 'bilinear') : middle(call, x, sizes)];
};

/** Outside training Keras 2 resizes the picture to the part's sizes, and Keras 3 leaves it as it is. */
const randomCrop: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const x = inputOfRank(call, 4);
  settings.value('seed');
  const sizes = [settings.whole('height'), settings.whole('width')] as const;
  return [settings.keras === 3 ? x : cutAndResized(call, x, sizes, 'bilinear')];
};

/** Each element of a signal several times: a picture of one column, enlarged. */
const upSampling1d: Rule = (call) => {
  const x = inputOfRank(call, 3);
  const [batch, length, channels] = [sizeAt(x, 0), sizeAt(x, 1), sizeAt(x, 2)];
  const sizes = [multiply(length, call.settings.whole('size', 2)), 1];
  const column = reshaped(call, x, [batch, length, 1, channels]);
  const y = call.op('resample2d', [column], { sizes, mode: 'nearest', coordinates: 'asymmetric', rounding: 'floor' });
  return [reshaped(call, y, [batch, sizeAt(y, 1), channels])];
};

const WAYS = ['nearest', 'bilinear'] as const;

const upSampling2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const x = inputOfRank(call, 4);
  const sizes = settings.wholes('size', 2, 2).map((factor, axis) => multiply(sizeAt(x, axis + 1), factor));
  if (settings.choice('interpolation', WAYS, 'nearest') === 'bilinear')
    return [call.op('resample2d', [x], { sizes, mode: 'linear', coordinates: 'halfPixel', rounding: undefined })];
  return [call.op('resample2d', [x], { sizes, mode: 'nearest', coordinates: 'asymmetric', rounding: 'floor' })];
};

const resizing: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const x = inputOfRank(call, 4);
  for (const key of ['pad_to_aspect_ratio', 'antialias']) settings.only(key, [false], 'no rule computes it');
  // They say what is padded with.
  for (const key of ['fill_mode', 'fill_value']) settings.value(key);
  const sizes = [settings.whole('height'), settings.whole('width')] as const;
  const way = settings.choice('interpolation', WAYS, 'bilinear');
  return [settings.flag('crop_to_aspect_ratio', false) ? cutAndResized(call, x, sizes, way) : resampled(call, x, sizes, way)];
};

/** The layers that change the size of a signal, a picture or a volume. */
export const PICTURE_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ...[1, 2, 3].map((rank) => [`ZeroPadding${rank}D`, zeroPadding(rank)] as const),
  ...[1, 2, 3].map((rank) => [`Cropping${rank}D`, cropping(rank)] as const),
  ['CenterCrop', centerCrop],
  ['RandomCrop', randomCrop],
  ['UpSampling1D', upSampling1d],
  ['UpSampling2D', upSampling2d],
  ['Resizing', resizing],
];

/** Layers that pad, crop and enlarge pictures. Channels come last. */
import { isOpen, multiply, subtract } from '../../graph/size.js';
import { broken } from '../file-fields.js';
import { type Call, checkChannelsLast, inputOfRank, type Rule, sizeAt } from './rule.js';

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
  const x = inputOfRank(call, 4);
  const [height, width] = sidesOf(call, 'padding') as [readonly [number, number], readonly [number, number]];
  const beginning = [0, height[0], width[0], 0];
  const ending = [0, height[1], width[1], 0];
  return [call.op('pad', [x], { beginning, ending, mode: 'constant', value: 0 })];
};

const cropping2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const x = inputOfRank(call, 4);
  const sides = sidesOf(call, 'cropping');
  const sizes = sides.map(([before, after], axis) => {
    const size = subtract(sizeAt(x, axis + 1), before + after);
    if (!isOpen(size) && size < 1) throw broken(`${settings.what} crops ${before + after} from an input of ${size + before + after}.`);
    return size;
  });
  const starts = [0, ...sides.map(([before]) => before), 0];
  return [call.op('slice', [x], { starts, sizes: [sizeAt(x, 0), ...sizes, sizeAt(x, 3)], strides: [1, 1, 1, 1] })];
};

const upSampling2d: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const x = inputOfRank(call, 4);
  const sizes = settings.wholes('size', 2, 2).map((factor, axis) => multiply(sizeAt(x, axis + 1), factor));
  if (settings.choice('interpolation', ['nearest', 'bilinear'], 'nearest') === 'bilinear')
    return [call.op('resample2d', [x], { sizes, mode: 'linear', coordinates: 'halfPixel', rounding: undefined })];
  return [call.op('resample2d', [x], { sizes, mode: 'nearest', coordinates: 'asymmetric', rounding: 'floor' })];
};

/** Refuses a layer that takes no batch in TF.js, and that samples other points there than in Keras. */
const resizing: Rule = ({ settings }) => {
  throw settings.refused("in a model: TF.js's own differs from Keras's. Pictures are resized before the model, by inputs' image options");
};

/** The layers that change the size of a picture. */
export const PICTURE_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['ZeroPadding2D', zeroPadding2d],
  ['Cropping2D', cropping2d],
  ['UpSampling2D', upSampling2d],
  ['Resizing', resizing],
];

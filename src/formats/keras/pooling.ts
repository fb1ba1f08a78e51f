/** Pooling, over windows and over whole signals, pictures and volumes. Channels come last. */
import { multiply, type Size } from '../../graph/size.js';
import { LIMITS } from '../limits.js';
import { paddingOf } from './convolution.js';
import { type Call, checkChannelsLast, inputOfRank, knownSize, type Rule, reshaped, sizeAt } from './rule.js';

type Pool = 'maxPool2d' | 'averagePool2d';

/** A window's sizes and strides along `rank` axes. */
function windowOf({ settings }: Call, rank: number) {
  const size = settings.wholes('pool_size', rank, 2);
  return { size, strides: settings.value('strides') === undefined ? size : settings.wholes('strides', rank) };
}

/** Attributes of a pool, which counts no padding. */
const attributesOf = (call: Call, windowDimensions: readonly number[], strides: readonly number[]) =>
  ({ windowDimensions, strides, dilations: [1, 1], ...paddingOf(call), outputRounding: 'floor', countPadding: false }) as const;

const pool2d =
  (op: Pool): Rule =>
  (call) => {
    checkChannelsLast(call);
    const { size, strides } = windowOf(call, 2);
    return [call.op(op, [inputOfRank(call, 4)], attributesOf(call, size, strides))];
  };

/** Pools a signal as a picture that is one pixel wide. */
const pool1d =
  (op: Pool): Rule =>
  (call) => {
    checkChannelsLast(call);
    const x = inputOfRank(call, 3);
    const { size, strides } = windowOf(call, 1);
    const column = reshaped(call, x, [sizeAt(x, 0), sizeAt(x, 1), 1, sizeAt(x, 2)]);
    const y = call.op(op, [column], attributesOf(call, [...size, 1], [...strides, 1]));
    return [reshaped(call, y, [sizeAt(y, 0), sizeAt(y, 1), sizeAt(y, 3)])];
  };

/** Pools height and width, and then depth: the greatest of the greatest, and the mean of means, since all windows of a place are as large. */
const pool3d =
  (op: Pool): Rule =>
  (call) => {
    checkChannelsLast(call);
    const x = inputOfRank(call, 5);
    const { size, strides } = windowOf(call, 3);
    const [batch, depth, height, width, channels] = x.type.shape as readonly [Size, Size, Size, Size, Size];
    const slices = reshaped(call, x, [multiply(batch, depth), height, width, channels]);
    const flat = call.op(op, [slices], attributesOf(call, size.slice(1), strides.slice(1)));
    const plane = multiply(sizeAt(flat, 1), sizeAt(flat, 2));
    const columns = reshaped(call, flat, [batch, depth, plane, channels]);
    const y = call.op(op, [columns], attributesOf(call, [size[0] as number, 1], [strides[0] as number, 1]));
    return [reshaped(call, y, [batch, sizeAt(y, 1), sizeAt(flat, 1), sizeAt(flat, 2), channels])];
  };

/** Pools into a wanted number of places along each axis: place i of n begins at ⌊i · size / n⌋ and ends before ⌈(i + 1) · size / n⌉. */
const adaptivePool =
  (op: 'reduceMax' | 'reduceMean', rank: number): Rule =>
  (call) => {
    checkChannelsLast(call);
    const x = inputOfRank(call, rank + 2);
    const counts = call.settings.wholes('output_size', rank);
    return [
      counts.reduce((given, count, index) => {
        const axis = index + 1;
        const size = knownSize(call, x, axis);
        if (count > LIMITS.timeSteps) throw call.settings.refused(`to ${count} places: the limit is ${LIMITS.timeSteps}`);
        const places = Array.from({ length: count }, (_, place) => {
          const start = Math.floor((place * size) / count);
          const { shape } = given.type;
          const starts = shape.map((_, each) => (each === axis ? start : 0));
          const sizes = shape.with(axis, Math.ceil(((place + 1) * size) / count) - start);
          const window = call.op('slice', [given], { starts, sizes, strides: shape.map(() => 1) });
          return call.op(op, [window], { axes: [axis], keepDimensions: true });
        });
        return call.op('concat', places, { axis });
      }, x),
    ];
  };

const globalPool =
  (op: 'reduceMax' | 'reduceMean', rank: number): Rule =>
  (call) => {
    checkChannelsLast(call);
    const x = inputOfRank(call, rank);
    const axes = x.type.shape.slice(1, -1).map((_, index) => index + 1);
    return [call.op(op, [x], { axes, keepDimensions: call.settings.flag('keepdims', false) })];
  };

/** The layers that keep the largest of many values, or their mean. */
export const POOLING_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['MaxPooling1D', pool1d('maxPool2d')],
  ['MaxPooling2D', pool2d('maxPool2d')],
  ['AveragePooling1D', pool1d('averagePool2d')],
  ['AveragePooling2D', pool2d('averagePool2d')],
  ['MaxPooling3D', pool3d('maxPool2d')],
  ['AveragePooling3D', pool3d('averagePool2d')],
  ...[1, 2, 3].map((rank) => [`AdaptiveMaxPooling${rank}D`, adaptivePool('reduceMax', rank)] as const),
  ...[1, 2, 3].map((rank) => [`AdaptiveAveragePooling${rank}D`, adaptivePool('reduceMean', rank)] as const),
  ['GlobalMaxPooling1D', globalPool('reduceMax', 3)],
  ['GlobalMaxPooling2D', globalPool('reduceMax', 4)],
  ['GlobalMaxPooling3D', globalPool('reduceMax', 5)],
  ['GlobalAveragePooling1D', globalPool('reduceMean', 3)],
  ['GlobalAveragePooling2D', globalPool('reduceMean', 4)],
  ['GlobalAveragePooling3D', globalPool('reduceMean', 5)],
];

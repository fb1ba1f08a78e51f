/** Pooling, over windows and over whole signals and pictures. Channels come last. */
import { paddingOf } from './convolution.js';
import { type Call, checkChannelsLast, inputOfRank, type Rule, reshaped, sizeAt } from './rule.js';

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
  ['GlobalMaxPooling1D', globalPool('reduceMax', 3)],
  ['GlobalMaxPooling2D', globalPool('reduceMax', 4)],
  ['GlobalMaxPooling3D', globalPool('reduceMax', 5)],
  ['GlobalAveragePooling1D', globalPool('reduceMean', 3)],
  ['GlobalAveragePooling2D', globalPool('reduceMean', 4)],
  ['GlobalAveragePooling3D', globalPool('reduceMean', 5)],
];

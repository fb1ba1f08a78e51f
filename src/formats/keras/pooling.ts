/** Pooling, over windows and over whole signals and pictures. Channels last. */
import { attr } from './builder.js';
import { placesOf, windowAttrs } from './convolution.js';
import { type Call, checkChannelsLast, inputOfRank, type Rule } from './rule.js';

function windowOf({ settings }: Call, rank: number) {
  const size = settings.wholes('pool_size', rank, 2);
  const strides = settings.value('strides') === undefined ? size : settings.wholes('strides', rank);
  return { size, strides, padding: settings.choice('padding', ['valid', 'same'] as const, 'valid') };
}

const pool2d =
  (op: 'MaxPool' | 'AvgPool'): Rule =>
  (call) => {
    checkChannelsLast(call);
    const x = inputOfRank(call, 4);
    const { size, strides, padding } = windowOf(call, 2);
    const places = size.map((each, axis) => placesOf(call, x.shape[axis + 1] ?? null, each, strides[axis] as number, padding));
    const attrs = { ...windowAttrs(padding, strides), ksize: attr.wholes([1, ...size, 1]) };
    return [call.graph.op(call.scope, op, [x], [null, ...places, x.shape[3] ?? null], attrs)];
  };

/** Pools a signal as a picture that is one pixel wide. */
const pool1d =
  (op: 'MaxPool' | 'AvgPool'): Rule =>
  (call) => {
    checkChannelsLast(call);
    const { graph, scope } = call;
    const x = inputOfRank(call, 3);
    const { size, strides, padding } = windowOf(call, 1);
    const [each, stride] = [size[0], strides[0]] as [number, number];
    const [length = null, channels = null] = [x.shape[1], x.shape[2]];
    const places = placesOf(call, length, each, stride, padding);
    const column = graph.op(scope, 'ExpandDims', [x, graph.whole(2)], [null, length, 1, channels]);
    const attrs = { ...windowAttrs(padding, [stride, 1]), ksize: attr.wholes([1, each, 1, 1]) };
    const y = graph.op(scope, op, [column], [null, places, 1, channels], attrs);
    return [graph.op(scope, 'Squeeze', [y], [null, places, channels], { squeeze_dims: attr.wholes([2]) })];
  };

const globalPool =
  (op: 'Max' | 'Mean', rank: number): Rule =>
  (call) => {
    checkChannelsLast(call);
    const { settings, graph, scope } = call;
    const x = inputOfRank(call, rank);
    const keeps = settings.flag('keepdims', false);
    const axes = x.shape.slice(1, -1).map((_, index) => index + 1);
    const shape = [null, ...(keeps ? axes.map(() => 1) : []), x.shape[rank - 1] ?? null];
    return [graph.op(scope, op, [x, graph.wholes(axes)], shape, { keep_dims: attr.flag(keeps) })];
  };

/** The layers that keep the largest of many values, or their mean. */
export const POOLING_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['MaxPooling1D', pool1d('MaxPool')],
  ['MaxPooling2D', pool2d('MaxPool')],
  ['AveragePooling1D', pool1d('AvgPool')],
  ['AveragePooling2D', pool2d('AvgPool')],
  ['GlobalMaxPooling1D', globalPool('Max', 3)],
  ['GlobalMaxPooling2D', globalPool('Max', 4)],
  ['GlobalAveragePooling1D', globalPool('Mean', 3)],
  ['GlobalAveragePooling2D', globalPool('Mean', 4)],
];

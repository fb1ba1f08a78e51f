/** Reads normalisations. */
import type { TypedValue } from '../../../graph/graph.js';
import { exactQuotient, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call, Importers } from './call.js';
import { spatialAxes } from './window.js';

const EPSILON = Math.fround(1e-5);

const epsilonOf = (call: Call): number => call.attributes.number('epsilon', EPSILON);

/** A list with a number for each channel, in a shape that broadcasts to an input's. */
const perChannel = (call: Call, list: TypedValue, { length }: Shape): TypedValue =>
  call.reshaped(list, [list.type.shape[0] as Size, ...Array<number>(length - 2).fill(1)]);

function batchNormalization(call: Call): TypedValue {
  if (call.attributes.flag('training_mode') || (call.opset < 14 && call.wants(1))) throw cannotExpress('is in training');
  const [scale, bias, mean, variance] = call.values(1, 5) as [TypedValue, TypedValue, TypedValue, TypedValue];
  const input = call.value();
  return call.add('batchNormalization', [input, mean, variance, scale, bias], {
    axis: Math.min(1, input.type.shape.length - 1),
    epsilon: epsilonOf(call),
  });
}

/** Each channel of each picture is moved to mean 0 and variance 1. */
function instanceNormalization(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const made = call.step('layerNormalization', [input, null, null], { axes: spatialAxes(shape), epsilon: epsilonOf(call) });
  return scaledBy(call, made, shape);
}

/** Scale and bias of each channel. */
function scaledBy(call: Call, made: TypedValue, shape: Shape): TypedValue {
  const scaled = call.apply('mul', made, perChannel(call, call.value(1), shape));
  return call.apply('add', scaled, perChannel(call, call.value(2), shape));
}

/** Groups of channels are moved to mean 0 and variance 1; before opset 21, scale and bias have a number for each group. */
function groupNormalization(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const [batch, channels, ...rest] = shape as readonly [Size, Size, ...Size[]];
  const groups = call.attributes.whole('num_groups');
  const each = exactQuotient(channels, groups);
  if (each === undefined) throw call.broken(`has ${groups} groups`);
  const grouped = [batch, groups, each, ...rest];
  const axes = grouped.map((_, axis) => axis).slice(2);
  const made = call.step('layerNormalization', [call.reshaped(input, grouped), null, null], { axes, epsilon: epsilonOf(call) });
  if (call.opset >= 21) return scaledBy(call, call.reshaped(made, shape), shape);
  return call.reshaped(scaledBy(call, made, grouped), shape);
}

/** The axes from the given one on. */
const trailingAxes = (call: Call, { length }: Shape): readonly number[] =>
  Array.from({ length }, (_, axis) => axis).slice(call.axisAt(length, -1));

/** Scale and bias may broadcast. The mean and the reciprocal of the deviation are other outputs. */
function layerNormalization(call: Call): readonly TypedValue[] {
  const input = call.value();
  const axes = trailingAxes(call, input.type.shape);
  const made = call.step('layerNormalization', [input, null, null], { axes, epsilon: epsilonOf(call) });
  const scaled = call.apply('mul', made, call.value(1));
  const bias = call.optional(2);
  const output = bias === undefined ? scaled : call.apply('add', scaled, bias);
  if (!call.wants(1) && !call.wants(2)) return [output];
  const mean = call.step('reduceMean', [input], { axes, keepDimensions: true });
  const variance = call.step('reduceMean', [call.apply('squaredDifference', input, mean)], { axes, keepDimensions: true });
  return [output, mean, call.apply('rsqrt', call.apply('add', variance, call.number(epsilonOf(call))))];
}

/** x / √(mean of x² + epsilon) · scale. */
export function rmsNormalization(call: Call): TypedValue {
  const input = call.value();
  return call.apply('mul', rootMeanSquared(call, input, trailingAxes(call, input.type.shape), epsilonOf(call)), call.value(1));
}

/** x / √(mean of x² + epsilon). */
export function rootMeanSquared(call: Call, value: TypedValue, axes: readonly number[], epsilon: number): TypedValue {
  const squares = call.step('reduceMean', [call.apply('mul', value, value)], { axes, keepDimensions: true });
  return call.apply('div', value, call.apply('sqrt', call.apply('add', squares, call.number(epsilon))));
}

/** As ONNX's definition has it, 1e-9 is added to the deviation. */
function meanVarianceNormalization(call: Call): TypedValue {
  const input = call.value();
  const axes = (call.attributes.wholes('axes') ?? [0, 2, 3]).map((axis) => call.axisOf(axis, input.type.shape.length));
  const mean = call.step('reduceMean', [input], { axes, keepDimensions: true });
  const variance = call.step('reduceMean', [call.apply('squaredDifference', input, mean)], { axes, keepDimensions: true });
  const deviation = call.apply('add', call.apply('sqrt', variance), call.number(1e-9));
  return call.apply('div', call.apply('sub', input, mean), deviation);
}

/** The sum runs over `size` channels, the middle one among them. */
function localResponseNormalization(call: Call): TypedValue {
  const { attributes } = call;
  const size = attributes.whole('size');
  if (size % 2 === 0) throw cannotExpress(`sums over ${size} channels, which have no middle one`);
  const input = call.ofRank(4);
  const made = call.step('localResponseNormalization', [call.transposed(input, [0, 2, 3, 1])], {
    radius: (size - 1) / 2,
    bias: attributes.number('bias', 1),
    alpha: attributes.number('alpha', Math.fround(1e-4)) / size,
    beta: attributes.number('beta', 0.75),
  });
  return call.transposed(made, [0, 3, 1, 2]);
}

export const NORMALIZATION_IMPORTERS: Importers = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  LRN: localResponseNormalization,
};

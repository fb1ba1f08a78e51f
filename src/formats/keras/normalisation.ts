/** Normalisation by the mean and variance of training, or of each example. */
import type { TypedValue } from '../../graph/graph.js';
import { type Call, knownSize, onlyInput, type Rule, reshaped } from './rule.js';

const batchNormalization: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  settings.only('renorm', [false], 'its weights are those of training');
  const axis = settings.axis('axis', x.type.shape.length, -1);
  const shape = [knownSize(call, x, axis)];
  const scale = settings.flag('scale', true) ? call.weight('gamma', shape) : null;
  const bias = settings.flag('center', true) ? call.weight('beta', shape) : null;
  const [mean, variance] = [call.weight('moving_mean', shape), call.weight('moving_variance', shape)];
  return [call.op('batchNormalization', [x, mean, variance, scale, bias], { axis, epsilon: settings.number('epsilon', 1e-3) })];
};

/** The axes along which values are normalised, as the file has them. */
function axesOf({ settings }: Call, { type }: TypedValue): readonly number[] {
  const given = settings.value('axis') === undefined ? [-1] : settings.list('axis');
  const axes = given.map((axis) => settings.axisOf(axis, 'axis', type.shape.length));
  if (new Set(axes).size !== axes.length || axes.includes(0)) throw settings.wrong('axis', 'axes other than the batch, each once');
  return axes;
}

const layerNormalization: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  settings.only('rms_scaling', [false], 'the mean is subtracted');
  const axes = axesOf(call, x);
  // Keras shapes the weights by the axes in the file's order, but spreads them over the input in rising order.
  if (axes.some((axis, index) => index > 0 && axis < (axes[index - 1] as number))) throw settings.wrong('axis', 'axes in rising order');
  const sizes = axes.map((axis) => knownSize(call, x, axis));
  const scale = settings.flag('scale', true) ? call.weight('gamma', sizes) : null;
  const bias = settings.flag('center', true) ? call.weight('beta', sizes) : null;
  return [call.op('layerNormalization', [x, scale, bias], { axes, epsilon: settings.number('epsilon', 1e-3) })];
};

/** Groups of channels, each of which is moved to mean 0 and variance 1. */
const groupNormalization: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const { shape } = x.type;
  const last = shape.length - 1;
  if (settings.axis('axis', shape.length, -1) !== last) throw settings.wrong('axis', 'the last axis');
  const channels = knownSize(call, x, last);
  const given = settings.list('groups')[0] as number;
  const groups = given === -1 ? channels : given;
  if (groups < 1 || channels % groups !== 0) throw settings.wrong('groups', `a divisor of ${channels}`);
  const parts = reshaped(call, x, [...shape.slice(0, last), groups, channels / groups]);
  const axes = [...shape.slice(1, last).map((_, index) => index + 1), last + 1];
  const normal = call.op('layerNormalization', [parts, null, null], { axes, epsilon: settings.number('epsilon', 1e-3) });
  const joined = reshaped(call, normal, shape);
  const scaled = settings.flag('scale', true) ? call.op('mul', [joined, call.weight('gamma', [channels])], {}) : joined;
  return [settings.flag('center', true) ? call.op('add', [scaled, call.weight('beta', [channels])], {}) : scaled];
};

/** Divides by the root of the mean of squares. */
const rmsNormalization: Rule = (call) => {
  const x = onlyInput(call);
  const [axis, ...more] = axesOf(call, x);
  if (axis !== x.type.shape.length - 1 || more.length > 0) throw call.settings.wrong('axis', 'the last axis');
  const mean = call.op('reduceMean', [call.op('mul', [x, x], {})], { axes: [axis], keepDimensions: true });
  const root = call.op('sqrt', [call.op('add', [mean, call.number(call.settings.number('epsilon', 1e-6))], {})], {});
  return [call.op('mul', [call.op('div', [x, root], {}), call.weight('scale', [knownSize(call, x, axis)])], {})];
};

/** Scales a tensor to length 1 along axes. */
export function unitLength(call: Call, x: TypedValue, axes: readonly number[]): TypedValue {
  const squares = call.op('reduceSumSquare', [x], { axes, keepDimensions: true });
  const length = call.op('sqrt', [call.op('max', [squares, call.number(1e-12)], {})], {});
  return call.op('div', [x, length], {});
}

/** The layers that normalise. */
export const NORMALISATION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
  ['GroupNormalization', groupNormalization],
  ['RMSNormalization', rmsNormalization],
  ['UnitNormalization', (call) => [unitLength(call, onlyInput(call), axesOf(call, onlyInput(call)))]],
];

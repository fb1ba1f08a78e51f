/** Normalisation by the mean and variance of training, or of each example. */
import { sizeOf } from '../../base/dtype.js';
import type { TypedValue } from '../../graph/graph.js';
import { LIMITS } from '../limits.js';
import { type Call, knownSize, onlyInput, type Rule, reshaped } from './rule.js';
import type { Settings } from './settings.js';

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

/**
 * Scales a tensor to length 1 along axes. Keras 2 divides by a length of at least 10⁻⁶, and Keras 3 by one of at least `least`.
 * @param least for Keras 3
 */
export function unitLength(call: Call, x: TypedValue, axes: readonly number[], least: number): TypedValue {
  const squares = call.op('reduceSumSquare', [x], { axes, keepDimensions: true });
  const length =
    call.settings.keras === 3
      ? call.op('max', [call.op('sqrt', [squares], {}), call.number(least)], {})
      : call.op('sqrt', [call.op('max', [squares, call.number(1e-12)], {})], {});
  return call.op('div', [x, length], {});
}

/** Numbers of a config, which may be nested lists, with their shape. */
function nested(settings: Settings, key: string): { readonly shape: readonly number[]; readonly values: readonly number[] } {
  const value = settings.value(key);
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const values: readonly unknown[] = Array.isArray(value) ? value.flat(LIMITS.rank) : [value];
  if (shape.length > LIMITS.rank || values.length !== sizeOf(shape) || !values.every((each) => Number.isFinite(each)))
    throw settings.wrong(key, 'a number, or lists of numbers of equal lengths');
  return { shape, values: values as readonly number[] };
}

/** Moves values to the mean and variance that were found in data, or that the config says. */
const normalization: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const rank = x.type.shape.length;
  const kept = settings.isNull('axis') ? [] : axesOf(call, x).toSorted((a, b) => a - b);
  const sizes = kept.map((axis) => knownSize(call, x, axis));
  const shape = x.type.shape.map((_, axis) => (kept.includes(axis) ? (sizes[kept.indexOf(axis)] as number) : 1));
  const found = (key: 'mean' | 'variance') => {
    if (settings.value(key) === undefined) return reshaped(call, call.weight(key, sizes), shape);
    const given = nested(settings, key);
    // Lists of fewer axes than are kept belong to the last of those.
    const along = kept.slice(kept.length - given.shape.length);
    if (given.shape.length > kept.length || given.shape.some((size, index) => size !== 1 && size !== shape[along[index] as number]))
      throw settings.wrong(key, `numbers for the sizes [${sizes.join(', ')}]`);
    const spread = shape.map((_, axis) => given.shape[along.indexOf(axis)] ?? 1);
    return call.numbers(given.values, rank === 0 ? [] : spread);
  };
  const [mean, variance] = [found('mean'), found('variance')];
  call.parts.weights.skip('count');
  // The least deviation is Keras's epsilon.
  const deviation = call.op('max', [call.op('sqrt', [variance], {}), call.number(1e-7)], {});
  if (settings.flag('invert', false)) return [call.op('add', [call.op('mul', [x, deviation], {}), mean], {})];
  return [call.op('div', [call.op('sub', [x, mean], {}), deviation], {})];
};

/** The layers that normalise. */
export const NORMALISATION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['BatchNormalization', batchNormalization],
  ['SyncBatchNormalization', batchNormalization],
  ['Normalization', normalization],
  ['LayerNormalization', layerNormalization],
  ['GroupNormalization', groupNormalization],
  ['RMSNormalization', rmsNormalization],
  ['UnitNormalization', (call) => [unitLength(call, onlyInput(call), axesOf(call, onlyInput(call)), 1e-12)]],
];

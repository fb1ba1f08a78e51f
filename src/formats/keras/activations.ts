/** The activations that layers name, and the layers that are activations. */
import { describe } from '../../base/describe.js';
import type { TypedValue } from '../../graph/graph.js';
import { isOpen, product } from '../../graph/size.js';
import type { Refusal } from './refusals.js';
import { type Call, knownSize, onlyInput, type Rule, reshaped } from './rule.js';
import type { Settings } from './settings.js';

/** An activation, which a layer applies to its values. */
export type Activation = (call: Call, x: TypedValue) => TypedValue;

const relu: Activation = (call, x) => call.op('relu', [x], {});

const swish: Activation = (call, x) => call.op('mul', [call.op('sigmoid', [x], {}), x], {});

const hardSwish: Activation = (call, x) => call.op('hardSwish', [x], {});

/** Keras 2 bends at ±2.5, and Keras 3 at ±3. */
const hardSigmoid: Activation = (call, x) =>
  call.op('hardSigmoid', [x], call.settings.keras === 3 ? { alpha: 1 / 6, beta: 0.5 } : { alpha: 0.2, beta: 0.5 });

/** (x + 1)² / 4 between -1 and 1, x above. */
const sparsePlus: Activation = (call, x) => {
  const half = call.op('linear', [call.op('clamp', [x], { min: -1, max: 1 })], { alpha: 0.5, beta: 0.5 });
  const above = relu(call, call.op('sub', [x, call.number(1)], {}));
  return call.op('add', [call.op('mul', [half, half], {}), above], {});
};

/** (x + √(x² + 4)) / 2. */
const squarePlus: Activation = (call, x) => {
  const root = call.op('sqrt', [call.op('add', [call.op('mul', [x, x], {}), call.number(4)], {})], {});
  return call.op('mul', [call.op('add', [x, root], {}), call.number(0.5)], {});
};

/** x where |x| > 0.5, else 0. */
const hardShrink: Activation = (call, x) =>
  call.op('where', [call.op('greater', [call.op('abs', [x], {}), call.number(0.5)], {}), x, call.number(0)], {});

/** The first half of the channels, scaled by the sigmoid of the second. */
const gated: Activation = (call, x) => {
  const axis = x.type.shape.length - 1;
  const channels = knownSize(call, x, axis);
  if (channels % 2 !== 0) throw call.settings.refused(`with the activation glu for ${channels} channels: two halves are wanted`);
  const [value, gate] = call.ops('split', [x], { axis, splits: [channels / 2, channels / 2] }, 2) as [TypedValue, TypedValue];
  return call.op('mul', [value, call.op('sigmoid', [gate], {})], {});
};

/**
 * Keeps the channels above a threshold, which it subtracts. Keras 3 sums running sums for the threshold, where Martins and Astudillo
 * (From Softmax to Sparsemax, 2016) take the last one, so that its answers do not add up to 1 (keras/src/backend/tensorflow/nn.py).
 */
const sparsemax: Activation = (call, x) => {
  const axis = x.type.shape.length - 1;
  const channels = knownSize(call, x, axis);
  const total = (value: TypedValue) => call.op('reduceSum', [value], { axes: [axis], keepDimensions: true });
  const sorted = call.ops('topK', [x], { axis, k: channels, largest: true }, 2)[0] as TypedValue;
  const sums = call.op('cumulativeSum', [sorted], { axis, exclusive: false, reversed: false });
  const counts = call.numbers(Array.from({ length: channels }, (_, index) => index + 1));
  const reached = call.op('greater', [call.op('add', [call.op('mul', [sorted, counts], {}), call.number(1)], {}), sums], {});
  const isCounted = call.op('cast', [reached], { to: 'float32' });
  const threshold = call.op(
    'div',
    [call.op('sub', [total(call.op('mul', [sums, isCounted], {})), call.number(1)], {}), total(isCounted)],
    {},
  );
  return relu(call, call.op('sub', [x, threshold], {}));
};

/** Activations by their names in files: those of TF.js 4.22, of Keras 2 and of Keras 3. */
const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['linear', (_call, x) => x],
  ['relu', relu],
  ['relu6', (call, x) => call.op('clamp', [x], { min: 0, max: 6 })],
  ['leaky_relu', (call, x) => call.op('leakyRelu', [x], { alpha: 0.2 })],
  ['elu', (call, x) => call.op('elu', [x], { alpha: 1 })],
  ['celu', (call, x) => call.op('elu', [x], { alpha: 1 })],
  ['selu', (call, x) => call.op('selu', [x], {})],
  ['sigmoid', (call, x) => call.op('sigmoid', [x], {})],
  ['log_sigmoid', (call, x) => call.op('neg', [call.op('softplus', [call.op('neg', [x], {})], {})], {})],
  ['hard_sigmoid', hardSigmoid],
  ['sparse_sigmoid', (call, x) => call.op('hardSigmoid', [x], { alpha: 0.5, beta: 0.5 })],
  ['tanh', (call, x) => call.op('tanh', [x], {})],
  ['hard_tanh', (call, x) => call.op('clamp', [x], { min: -1, max: 1 })],
  ['tanh_shrink', (call, x) => call.op('sub', [x, call.op('tanh', [x], {})], {})],
  ['hard_shrink', hardShrink],
  ['soft_shrink', (call, x) => call.op('sub', [x, call.op('clamp', [x], { min: -0.5, max: 0.5 })], {})],
  ['softplus', (call, x) => call.op('softplus', [x], {})],
  ['sparse_plus', sparsePlus],
  ['squareplus', squarePlus],
  ['softsign', (call, x) => call.op('softsign', [x], {})],
  ['softmax', (call, x) => call.op('softmax', [x], { axis: x.type.shape.length - 1 })],
  ['log_softmax', (call, x) => call.op('logSoftmax', [x], { axis: x.type.shape.length - 1 })],
  ['exponential', (call, x) => call.op('exp', [x], {})],
  ['swish', swish],
  ['silu', swish],
  ['hard_silu', hardSwish],
  ['hard_swish', hardSwish],
  ['mish', (call, x) => call.op('mul', [x, call.op('tanh', [call.op('softplus', [x], {})], {})], {})],
  ['gelu', (call, x) => call.op('gelu', [x], { approximation: 'none' })],
  ['glu', gated],
  ['sparsemax', sparsemax],
  ['gelu_new', (call, x) => call.op('gelu', [x], { approximation: 'tanh' })],
]);

/** Names of activations that say too little. */
const REFUSED_ACTIVATIONS: ReadonlyMap<string, Refusal> = new Map([
  [
    'threshold',
    { why: 'its name says no threshold', next: 'Use the layer ReLU with a threshold, or ThresholdedReLU, and save the model again.' },
  ],
]);

/** The activations that have a name, in Keras 2 or in Keras 3. */
export const ACTIVATION_NAMES: readonly string[] = [...ACTIVATIONS.keys()];

/**
 * The activation that a layer's config names, or that is a layer in it.
 * @throws {PannierError} `model-format` for an activation without a rule
 */
export function activationOf(settings: Settings, key = 'activation', fallback = 'linear'): Activation {
  let given = settings.value(key) ?? fallback;
  if (typeof given === 'object' && 'config' in given) {
    // Keras 3 writes its own functions as `{ class_name: 'function', config: 'relu' }`.
    if (typeof given.config !== 'string')
      return (call, x) => {
        const [y, ...more] = call.parts.callInner(settings.inner(key), call.parts.scope, [x]);
        if (y === undefined || more.length > 0) throw settings.refused(`with ${key} that has several outputs`);
        return y;
      };
    given = given.config;
  }
  const known = typeof given === 'string' ? ACTIVATIONS.get(given) : undefined;
  if (known !== undefined) return known;
  const { why, next } = (typeof given === 'string' ? REFUSED_ACTIVATIONS.get(given) : undefined) ?? {};
  throw settings.refused(`with ${key} ${describe(given)}: ${why ?? `${ACTIVATION_NAMES.join(', ')} are known`}`, next);
}

/** Applies an activation. */
export const activate = (call: Call, x: TypedValue, activation: Activation): TypedValue => activation(call, x);

/** x where it is above a threshold, else 0; at most `most`, if there is one. */
function above(call: Call, x: TypedValue, threshold: number, most: number | undefined): TypedValue {
  const bounded = (value: TypedValue) => (most === undefined ? value : call.op('clamp', [value], { min: 0, max: most }));
  if (threshold === 0) return most === undefined ? relu(call, x) : bounded(x);
  return bounded(call.op('where', [call.op('greater', [x, call.number(threshold)], {}), x, call.number(0)], {}));
}

const rectified: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const [slope, threshold] = [settings.number('negative_slope', 0), settings.number('threshold', 0)];
  const most = settings.value('max_value') === undefined ? undefined : settings.number('max_value');
  if (slope !== 0 && threshold === 0 && most === undefined) return [call.op('leakyRelu', [x], { alpha: slope })];
  const kept = above(call, x, threshold, most);
  if (slope === 0) return [kept];
  // Below the threshold, the slope counts from there.
  const missing = relu(call, call.op('sub', [call.number(threshold), x], {}));
  return [call.op('sub', [kept, call.op('mul', [missing, call.number(slope)], {})], {})];
};

const leaky: Rule = (call) => {
  const { settings } = call;
  // Keras 3 calls `alpha` `negative_slope`.
  const alpha = settings.number('alpha', settings.number('negative_slope', 0.3));
  return [call.op('leakyRelu', [onlyInput(call)], { alpha })];
};

const thresholded: Rule = (call) => {
  const x = onlyInput(call);
  const above = call.op('greater', [x, call.number(call.settings.number('theta', 1))], {});
  return [call.op('mul', [x, call.op('cast', [above], { to: 'float32' })], {})];
};

/** Along one axis, or along neighbouring axes, which become one meanwhile. */
const softmax: Rule = (call) => {
  const { settings } = call;
  settings.only('mask', [], 'masks are not computed');
  const x = onlyInput(call);
  const { shape } = x.type;
  const given = settings.value('axis') === undefined ? [-1] : settings.list('axis');
  const axes = given.map((axis) => settings.axisOf(axis, 'axis', shape.length)).toSorted((a, b) => a - b);
  const [axis] = axes;
  if (axis === undefined || axes.some((each, index) => each !== axis + index))
    throw settings.wrong('axis', 'one axis, or neighbouring ones');
  const merged = [...shape.slice(0, axis), product(shape.slice(axis, axis + axes.length)), ...shape.slice(axis + axes.length)];
  return [reshaped(call, call.op('softmax', [reshaped(call, x, merged)], { axis }), shape)];
};

const prelu: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const { shape } = x.type;
  const shared = settings.value('shared_axes') === undefined ? [] : settings.list('shared_axes');
  const axes = shared.map((axis) => settings.axisOf(axis, 'shared_axes', shape.length));
  const slopes = shape.slice(1).map((size, index) => {
    if (axes.includes(index + 1)) return 1;
    if (isOpen(size)) throw settings.refused(`with an open size: axis ${index + 1} of its input must be known, or shared`);
    return size;
  });
  return [call.op('prelu', [x, call.weight('alpha', slopes)], {})];
};

/** The layers that apply one function to each value, or along one axis. */
export const ACTIVATION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Activation', (call) => [activate(call, onlyInput(call), activationOf(call.settings))]],
  ['ReLU', rectified],
  ['LeakyReLU', leaky],
  ['ELU', (call) => [call.op('elu', [onlyInput(call)], { alpha: call.settings.number('alpha', 1) })]],
  ['ThresholdedReLU', thresholded],
  ['Softmax', softmax],
  ['PReLU', prelu],
];

/** The activations that layers name, and the layers that are activations. */
import { describe } from '../../base/describe.js';
import type { TypedValue } from '../../graph/graph.js';
import { isOpen } from '../../graph/size.js';
import { type Call, onlyInput, type Rule } from './rule.js';
import type { Settings } from './settings.js';

type Function = (call: Call, x: TypedValue) => TypedValue;

const relu: Function = (call, x) => call.op('relu', [x], {});

const swish: Function = (call, x) => call.op('mul', [call.op('sigmoid', [x], {}), x], {});

const hardSwish: Function = (call, x) => call.op('hardSwish', [x], {});

/** Keras 2 bends at ±2.5, and Keras 3 at ±3. */
const hardSigmoid: Function = (call, x) =>
  call.op('hardSigmoid', [x], call.settings.keras === 3 ? { alpha: 1 / 6, beta: 0.5 } : { alpha: 0.2, beta: 0.5 });

/** (x + 1)² / 4 between -1 and 1, x above. */
const sparsePlus: Function = (call, x) => {
  const half = call.op('linear', [call.op('clamp', [x], { min: -1, max: 1 })], { alpha: 0.5, beta: 0.5 });
  const above = relu(call, call.op('sub', [x, call.number(1)], {}));
  return call.op('add', [call.op('mul', [half, half], {}), above], {});
};

/** (x + √(x² + 4)) / 2. */
const squarePlus: Function = (call, x) => {
  const root = call.op('sqrt', [call.op('add', [call.op('mul', [x, x], {}), call.number(4)], {})], {});
  return call.op('mul', [call.op('add', [x, root], {}), call.number(0.5)], {});
};

/** x where |x| > 0.5, else 0. */
const hardShrink: Function = (call, x) =>
  call.op('where', [call.op('greater', [call.op('abs', [x], {}), call.number(0.5)], {}), x, call.number(0)], {});

/** Activations by their names in files: those of TF.js 4.22, of Keras 2 and of Keras 3. */
const ACTIVATIONS: ReadonlyMap<string, Function> = new Map<string, Function>([
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
  ['gelu_new', (call, x) => call.op('gelu', [x], { approximation: 'tanh' })],
]);

/**
 * The activation that a layer's config names.
 * @throws {PannierError} `model-format` for an activation without a rule
 */
export function activationOf(settings: Settings, key = 'activation', fallback = 'linear'): string {
  let given = settings.value(key) ?? fallback;
  // Keras 3 writes its own functions as `{ class_name: 'function', config: 'relu' }`.
  if (typeof given === 'object' && 'config' in given && typeof given.config === 'string') given = given.config;
  if (typeof given === 'string' && ACTIVATIONS.has(given)) return given;
  throw settings.refused(`with ${key} ${describe(given)}: ${[...ACTIVATIONS.keys()].join(', ')} are known`);
}

/** Applies an activation that {@link activationOf} found. */
export const activate = (call: Call, x: TypedValue, name: string): TypedValue => (ACTIVATIONS.get(name) as Function)(call, x);

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

const softmax: Rule = (call) => {
  call.settings.only('mask', [], 'masks are not computed');
  const x = onlyInput(call);
  return [call.op('softmax', [x], { axis: call.settings.axis('axis', x.type.shape.length, -1) })];
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

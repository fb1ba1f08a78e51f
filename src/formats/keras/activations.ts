/** The activations that layers name, and the layers that are activations. */
import { describe } from '../../base/describe.js';
import type { TypedValue } from '../../graph/graph.js';
import { isOpen } from '../../graph/size.js';
import { type Call, onlyInput, type Rule } from './rule.js';
import type { Settings } from './settings.js';

type Function = (call: Call, x: TypedValue) => TypedValue;

const relu: Function = (call, x) => call.op('relu', [x], {});

const swish: Function = (call, x) => call.op('mul', [call.op('sigmoid', [x], {}), x], {});

/** Activations by their names in files: those of TF.js 4.22, and Keras's other names for them. */
const ACTIVATIONS: ReadonlyMap<string, Function> = new Map<string, Function>([
  ['linear', (_call, x) => x],
  ['relu', relu],
  ['relu6', (call, x) => call.op('clamp', [x], { min: 0, max: 6 })],
  ['elu', (call, x) => call.op('elu', [x], { alpha: 1 })],
  ['selu', (call, x) => call.op('selu', [x], {})],
  ['sigmoid', (call, x) => call.op('sigmoid', [x], {})],
  ['hard_sigmoid', (call, x) => call.op('hardSigmoid', [x], { alpha: 0.2, beta: 0.5 })],
  ['tanh', (call, x) => call.op('tanh', [x], {})],
  ['softplus', (call, x) => call.op('softplus', [x], {})],
  ['softsign', (call, x) => call.op('softsign', [x], {})],
  ['softmax', (call, x) => call.op('softmax', [x], { axis: x.type.shape.length - 1 })],
  ['log_softmax', (call, x) => call.op('logSoftmax', [x], { axis: x.type.shape.length - 1 })],
  ['exponential', (call, x) => call.op('exp', [x], {})],
  ['swish', swish],
  ['silu', swish],
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

const rectified: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  for (const key of ['negative_slope', 'threshold']) settings.only(key, [0], 'only 0 is computed');
  if (settings.value('max_value') === undefined) return [relu(call, x)];
  return [call.op('clamp', [x], { min: 0, max: settings.number('max_value') })];
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

/** The activations that layers name, and the layers that are activations. */

import { describe } from '../../base/describe.js';
import { attr, type GraphTensor } from './builder.js';
import { type Call, onlyInput, type Rule } from './rule.js';
import type { Settings } from './settings.js';

type Function = (call: Call, x: GraphTensor) => GraphTensor;

const unary =
  (op: string): Function =>
  ({ graph, scope }, x) =>
    graph.op(scope, op, [x], x.shape);

const binary = ({ graph, scope }: Call, op: string, a: GraphTensor, b: GraphTensor, { shape }: GraphTensor): GraphTensor =>
  graph.op(scope, op, [a, b], shape);

const clipped = ({ graph, scope }: Call, x: GraphTensor, low: number, high: number): GraphTensor =>
  graph.op(scope, 'ClipByValue', [x, graph.number(low), graph.number(high)], x.shape);

const sigmoid = unary('Sigmoid');

const swish: Function = (call, x) => binary(call, 'Mul', sigmoid(call, x), x, x);

/** Activations by their names in files: those of TF.js 4.22, and Keras's other names for them. */
const ACTIVATIONS: ReadonlyMap<string, Function> = new Map<string, Function>([
  ['linear', (_call, x) => x],
  ['relu', unary('Relu')],
  ['relu6', unary('Relu6')],
  ['elu', unary('Elu')],
  ['selu', unary('Selu')],
  ['sigmoid', sigmoid],
  [
    'hard_sigmoid',
    (call, x) => {
      const scaled = binary(call, 'Mul', x, call.graph.number(0.2), x);
      return clipped(call, binary(call, 'AddV2', scaled, call.graph.number(0.5), x), 0, 1);
    },
  ],
  ['tanh', unary('Tanh')],
  ['softplus', unary('Softplus')],
  ['softsign', (call, x) => binary(call, 'RealDiv', x, binary(call, 'AddV2', unary('Abs')(call, x), call.graph.number(1), x), x)],
  ['softmax', (call, x) => softmax(call, x, x.shape.length - 1)],
  ['log_softmax', unary('LogSoftmax')],
  ['exponential', unary('Exp')],
  ['swish', swish],
  ['silu', swish],
  ['mish', (call, x) => binary(call, 'Mul', x, unary('Tanh')(call, unary('Softplus')(call, x)), x)],
  [
    'gelu',
    (call, x) => {
      const erf = unary('Erf')(call, binary(call, 'Mul', x, call.graph.number(Math.SQRT1_2), x));
      const half = binary(call, 'Mul', x, call.graph.number(0.5), x);
      return binary(call, 'Mul', half, binary(call, 'AddV2', erf, call.graph.number(1), x), x);
    },
  ],
  [
    'gelu_new',
    (call, x) => {
      const cube = binary(call, 'Mul', x, binary(call, 'Mul', x, x, x), x);
      const bent = binary(call, 'AddV2', x, binary(call, 'Mul', cube, call.graph.number(0.044715), x), x);
      const tanh = unary('Tanh')(call, binary(call, 'Mul', bent, call.graph.number(Math.sqrt(2 / Math.PI)), x));
      const half = binary(call, 'Mul', x, call.graph.number(0.5), x);
      return binary(call, 'Mul', half, binary(call, 'AddV2', tanh, call.graph.number(1), x), x);
    },
  ],
]);

/** Activations that TF.js's fused kernels apply on all backends, by the names that graphs have for them. */
const FUSED: ReadonlyMap<string, string> = new Map([
  ['relu', 'Relu'],
  ['relu6', 'Relu6'],
  ['elu', 'Elu'],
  ['sigmoid', 'Sigmoid'],
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
export const activate = (call: Call, x: GraphTensor, name: string): GraphTensor => (ACTIVATIONS.get(name) as Function)(call, x);

/**
 * A convolution or matrix product with bias and activation. It is one fused node if TF.js has a fused kernel for it, which saves a
 * pass over the values for the bias and one for the activation.
 */
export function withBias(
  call: Call,
  ops: { readonly fused: string; readonly plain: string },
  inputs: readonly [GraphTensor, GraphTensor],
  bias: GraphTensor | undefined,
  activation: string,
  shape: GraphTensor['shape'],
  attrs: Readonly<Record<string, unknown>> = {},
): GraphTensor {
  const { graph, scope } = call;
  if (bias === undefined) return activate(call, graph.op(scope, ops.plain, inputs, shape, attrs), activation);
  const fusedActivation = FUSED.get(activation);
  const fused = attr.texts(['BiasAdd', ...(fusedActivation === undefined ? [] : [fusedActivation])]);
  const y = graph.op(scope, ops.fused, [...inputs, bias], shape, { ...attrs, num_args: attr.whole(1), fused_ops: fused });
  return fusedActivation === undefined ? activate(call, y, activation) : y;
}

/** A softmax along any axis: TF.js has one along the last axis only, so the axis is moved there and back. */
function softmax(call: Call, x: GraphTensor, axis: number): GraphTensor {
  const last = x.shape.length - 1;
  if (axis === last) return unary('Softmax')(call, x);
  const swap = x.shape.map((_, each) => (each === axis ? last : each === last ? axis : each));
  const turn = (tensor: GraphTensor) => {
    const shape = swap.map((from) => tensor.shape[from] ?? null);
    return call.graph.op(call.scope, 'Transpose', [tensor, call.graph.wholes(swap)], shape);
  };
  return turn(unary('Softmax')(call, turn(x)));
}

/** The layers that apply one function to each value, or along one axis. */
export const ACTIVATION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Activation', (call) => [activate(call, onlyInput(call), activationOf(call.settings))]],
  [
    'ReLU',
    (call) => {
      const { settings, graph, scope } = call;
      const x = onlyInput(call);
      for (const key of ['negative_slope', 'threshold']) settings.only(key, [0], 'TF.js computes none but 0');
      if (settings.value('max_value') === undefined) return [activate(call, x, 'relu')];
      const most = settings.number('max_value');
      if (most === 6) return [activate(call, x, 'relu6')];
      return [graph.op(scope, 'Minimum', [activate(call, x, 'relu'), graph.number(most)], x.shape)];
    },
  ],
  [
    'LeakyReLU',
    (call) => {
      const x = onlyInput(call);
      const { settings, graph, scope } = call;
      // Keras 3 calls `alpha` `negative_slope`.
      const alpha = settings.number(settings.value('alpha') === undefined ? 'negative_slope' : 'alpha', 0.3);
      return [graph.op(scope, 'LeakyRelu', [x], x.shape, { alpha: attr.number(alpha) })];
    },
  ],
  [
    'ELU',
    (call) => {
      call.settings.only('alpha', [1], 'TF.js computes none but 1');
      return [activate(call, onlyInput(call), 'elu')];
    },
  ],
  [
    'ThresholdedReLU',
    (call) => {
      const { settings, graph, scope } = call;
      const x = onlyInput(call);
      const above = graph.op(scope, 'Greater', [x, graph.number(settings.number('theta', 1))], x.shape, {}, 'bool');
      const types = { SrcT: attr.type('bool'), DstT: attr.type('float32') };
      return [binary(call, 'Mul', x, graph.op(scope, 'Cast', [above], x.shape, types), x)];
    },
  ],
  [
    'Softmax',
    (call) => {
      call.settings.only('mask', [], 'masks are not computed');
      const x = onlyInput(call);
      return [softmax(call, x, call.settings.axis('axis', x.shape.length, -1))];
    },
  ],
  [
    'PReLU',
    (call) => {
      const { settings, graph, scope, weights } = call;
      const x = onlyInput(call);
      const rank = x.shape.length;
      const shared = settings.value('shared_axes') === undefined ? [] : settings.list('shared_axes');
      const axes = shared.map((axis) => settings.axisOf(axis, 'shared_axes', rank));
      const shape = x.shape.slice(1).map((dim, index) => {
        if (axes.includes(index + 1)) return 1;
        if (dim === null) throw settings.refused(`with an open size: axis ${index + 1} of its input must be known, or shared`);
        return dim;
      });
      return [graph.op(scope, 'Prelu', [x, graph.weight(weights.take('alpha', shape))], x.shape)];
    },
  ],
];

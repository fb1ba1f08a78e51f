/** Layers that multiply by a matrix, look up rows, scale or only move values, and layers that do nothing at inference. */
import { sizeOf } from '../../base/dtype.js';
import { broken } from '../file-fields.js';
import { activationOf, withBias } from './activations.js';
import { attr, type GraphTensor } from './builder.js';
import { type Call, inputOfRank, knownSize, knownSizes, onlyInput, type Rule, reshaped } from './rule.js';

/** Rows times a matrix, for inputs of any rank. Inputs are flattened to two dimensions, since TF.js's fused kernel on wasm mixes up batches of more. */
export function matrixProduct(
  call: Call,
  x: GraphTensor,
  kernel: GraphTensor,
  bias: GraphTensor | undefined,
  activation = 'linear',
): GraphTensor {
  const [width, units] = kernel.shape as readonly number[] as readonly [number, number];
  const ops = { fused: '_FusedMatMul', plain: 'MatMul' };
  if (x.shape.length === 2) return withBias(call, ops, [x, kernel], bias, activation, [null, units]);
  const outer = knownSizes(call, x).slice(0, -1);
  const rows = reshaped(call, x, [null, width]);
  return reshaped(call, withBias(call, ops, [rows, kernel], bias, activation, [null, units]), [null, ...outer, units]);
}

const dense: Rule = (call) => {
  const { settings, weights, graph } = call;
  const x = onlyInput(call);
  if (x.shape.length < 2) throw broken(`${settings.what} takes at least 2 dimensions, batch included, but is given ${x.shape.length}.`);
  const units = settings.whole('units');
  const kernel = graph.weight(weights.take('kernel', [knownSize(call, x, x.shape.length - 1), units]));
  const bias = settings.flag('use_bias', true) ? graph.weight(weights.take('bias', [units])) : undefined;
  return [matrixProduct(call, x, kernel, bias, activationOf(settings))];
};

const embedding: Rule = (call) => {
  const { settings, graph, scope, weights } = call;
  const x = onlyInput(call);
  if (settings.flag('mask_zero', false)) throw settings.refused('with mask_zero: masks are not computed');
  const width = settings.whole('output_dim');
  const rows = graph.weight(weights.take('embeddings', [settings.whole('input_dim'), width]));
  const types = { SrcT: attr.type(x.dtype), DstT: attr.type('int32') };
  const indices = graph.op(scope, 'Cast', [x], x.shape, types, 'int32');
  return [graph.op(scope, 'GatherV2', [rows, indices, graph.whole(0)], [...x.shape, width], { batch_dims: attr.whole(0) })];
};

const flatten: Rule = (call) => {
  call.settings.only('data_format', ['channels_last'], 'channels must come last');
  const x = onlyInput(call);
  return [reshaped(call, x, [null, sizeOf(knownSizes(call, x))])];
};

const reshape: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const value = settings.value('target_shape');
  if (!Array.isArray(value) || value.length > 7) throw settings.wrong('target_shape', 'a list of at most 7 sizes');
  // TF.js writes null, and Keras -1, for the size that follows from the others.
  const target = value.map((dim: unknown) => (dim === null ? -1 : dim));
  if (!target.every((dim) => Number.isSafeInteger(dim) && ((dim as number) > 0 || dim === -1)))
    throw settings.wrong('target_shape', 'a list of sizes');
  const total = sizeOf(knownSizes(call, x));
  const known = sizeOf((target as number[]).filter((dim) => dim !== -1));
  const open = target.filter((dim) => dim === -1).length;
  if (open > 1 || (open === 1 ? total % known !== 0 : total !== known))
    throw broken(`${settings.what} has target_shape [${target.join(', ')}], which ${total} values cannot fill.`);
  return [reshaped(call, x, [null, ...(target as number[]).map((dim) => (dim === -1 ? total / known : dim))])];
};

const permute: Rule = (call) => {
  const { settings, graph, scope } = call;
  const x = onlyInput(call);
  const dims = settings.list('dims');
  const sorted = dims.toSorted((a, b) => a - b);
  if (dims.length !== x.shape.length - 1 || sorted.some((dim, index) => dim !== index + 1))
    throw broken(`${settings.what} has dims [${dims.join(', ')}]; each of 1 to ${x.shape.length - 1} once is wanted.`);
  const order = [0, ...dims];
  return [
    graph.op(
      scope,
      'Transpose',
      [x, graph.wholes(order)],
      order.map((from) => x.shape[from] ?? null),
    ),
  ];
};

const repeatVector: Rule = (call) => {
  const { settings, graph, scope } = call;
  const x = inputOfRank(call, 2);
  const [count, width] = [settings.whole('n'), knownSize(call, x, 1)];
  const row = reshaped(call, x, [null, 1, width]);
  return [graph.op(scope, 'Tile', [row, graph.wholes([1, count, 1])], [null, count, width])];
};

const rescaling: Rule = (call) => {
  const { settings, graph, scope } = call;
  const x = onlyInput(call);
  const constant = (key: string, fallback?: number) => {
    const value = settings.value(key);
    if (!Array.isArray(value)) return graph.number(settings.number(key, fallback));
    if (value.length !== x.shape.at(-1) || !value.every((each) => Number.isFinite(each)))
      throw settings.wrong(key, 'a number, or one for each channel');
    return graph.numbers(value);
  };
  const scaled = graph.op(scope, 'Mul', [x, constant('scale')], x.shape);
  return [graph.op(scope, 'AddV2', [scaled, constant('offset', 0)], x.shape)];
};

/** Calls the inner layer once, with the steps of all examples as examples. */
const timeDistributed: Rule = (call) => {
  const x = onlyInput(call);
  if (x.shape.length < 3)
    throw broken(`${call.settings.what} takes at least 3 dimensions, batch included, but is given ${x.shape.length}.`);
  const [steps, ...sizes] = knownSizes(call, x) as [number, ...number[]];
  const [y, ...more] = call.callInner(call.settings.inner('layer'), call.scope, [reshaped(call, x, [null, ...sizes])]);
  if (y === undefined || more.length > 0) throw call.settings.refused('around a layer with several outputs');
  return [reshaped(call, y, [null, steps, ...knownSizes(call, y)])];
};

const nothing: Rule = (call) => [onlyInput(call)];

/** Layers that change values in training only. */
const TRAINING_ONLY = [
  ...['Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'GaussianDropout', 'AlphaDropout', 'GaussianNoise', 'ActivityRegularization'],
  ...['RandomBrightness', 'RandomContrast', 'RandomFlip', 'RandomRotation', 'RandomTranslation', 'RandomZoom'],
];

/** The rules of these layers. */
export const CORE_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Dense', dense],
  ['Embedding', embedding],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Permute', permute],
  ['RepeatVector', repeatVector],
  ['Rescaling', rescaling],
  ['TimeDistributed', timeDistributed],
  ...TRAINING_ONLY.map((kind) => [kind, nothing] as const),
];

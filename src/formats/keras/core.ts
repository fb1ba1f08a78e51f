/** Layers that multiply by a matrix, look up rows, scale or only move values, and layers that do nothing at inference. */
import type { TypedValue } from '../../graph/graph.js';
import { exactQuotient, isSameSize, multiply, product, sizeText } from '../../graph/size.js';
import { broken } from '../file-fields.js';
import { activate, activationOf } from './activations.js';
import { type Call, inputOfRank, knownSize, onlyInput, type Rule, reshaped, sizeAt } from './rule.js';

/** Adds a bias, if there is one, and applies an activation. */
export const finished = (call: Call, x: TypedValue, bias: TypedValue | undefined, activation: string): TypedValue =>
  activate(call, bias === undefined ? x : call.op('add', [x, bias], {}), activation);

/** Rows times a matrix, for inputs of any rank, whose outer axes are one axis during the product. */
export function matrixProduct(call: Call, x: TypedValue, kernel: TypedValue, bias?: TypedValue, activation = 'linear'): TypedValue {
  const outer = x.type.shape.slice(0, -1);
  const rows = outer.length === 1 ? x : reshaped(call, x, [product(outer), sizeAt(x, -1)]);
  const y = finished(call, call.op('matmul', [rows, kernel], {}), bias, activation);
  return outer.length === 1 ? y : reshaped(call, y, [...outer, sizeAt(kernel, 1)]);
}

const dense: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const rank = x.type.shape.length;
  if (rank < 2) throw broken(`${settings.what} takes at least 2 dimensions, batch included, but is given ${rank}.`);
  const units = settings.whole('units');
  const kernel = call.weight('kernel', [knownSize(call, x, rank - 1), units]);
  const bias = settings.flag('use_bias', true) ? call.weight('bias', [units]) : undefined;
  return [matrixProduct(call, x, kernel, bias, activationOf(settings))];
};

const embedding: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  if (settings.flag('mask_zero', false)) throw settings.refused('with mask_zero: masks are not computed');
  const rows = call.weight('embeddings', [settings.whole('input_dim'), settings.whole('output_dim')]);
  const indices = x.type.dataType === 'int32' ? x : call.op('cast', [x], { to: 'int32' });
  return [call.op('gather', [rows, indices], { axis: 0, batchDimensions: 0 })];
};

const flatten: Rule = (call) => {
  call.settings.only('data_format', ['channels_last'], 'channels must come last');
  const x = onlyInput(call);
  return [reshaped(call, x, [sizeAt(x, 0), product(x.type.shape.slice(1))])];
};

const reshape: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const value = settings.value('target_shape');
  if (!Array.isArray(value) || value.length > 7) throw settings.wrong('target_shape', 'a list of at most 7 sizes');
  // TF.js writes null, and Keras -1, for the size that follows from the others.
  const target: readonly unknown[] = value.map((dim: unknown) => (dim === null ? -1 : dim));
  const isTarget = (sizes: readonly unknown[]): sizes is readonly number[] =>
    sizes.every((size) => Number.isSafeInteger(size) && ((size as number) > 0 || size === -1));
  if (!isTarget(target)) throw settings.wrong('target_shape', 'a list of sizes');
  const total = product(x.type.shape.slice(1));
  const known = product(target.filter((size) => size !== -1));
  const left = exactQuotient(total, known);
  const open = target.filter((size) => size === -1).length;
  if (open > 1 || left === undefined || (open === 0 && !isSameSize(total, known)))
    throw broken(`${settings.what} has target_shape [${target.join(', ')}], which ${sizeText(total)} values cannot fill.`);
  return [reshaped(call, x, [sizeAt(x, 0), ...target.map((size) => (size === -1 ? left : size))])];
};

const permute: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const last = x.type.shape.length - 1;
  const dims = settings.list('dims');
  const sorted = dims.toSorted((a, b) => a - b);
  if (dims.length !== last || sorted.some((dim, index) => dim !== index + 1))
    throw broken(`${settings.what} has dims [${dims.join(', ')}]; each of 1 to ${last} once is wanted.`);
  return [call.op('transpose', [x], { permutation: [0, ...dims] })];
};

const repeatVector: Rule = (call) => {
  const x = inputOfRank(call, 2);
  const row = reshaped(call, x, [sizeAt(x, 0), 1, sizeAt(x, 1)]);
  return [call.op('tile', [row], { repetitions: [1, call.settings.whole('n'), 1] })];
};

const rescaling: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const constant = (key: string, fallback?: number) => {
    const value = settings.value(key);
    if (!Array.isArray(value)) return call.number(settings.number(key, fallback));
    if (value.length !== sizeAt(x, -1) || !value.every((each) => Number.isFinite(each)))
      throw settings.wrong(key, 'a number, or one for each channel');
    return call.numbers(value);
  };
  const scaled = call.op('mul', [x, constant('scale')], {});
  return [call.op('add', [scaled, constant('offset', 0)], {})];
};

/** Calls the inner layer once, with the steps of all examples as examples. */
const timeDistributed: Rule = (call) => {
  const x = onlyInput(call);
  const { settings, parts } = call;
  const [batch, steps, ...sizes] = x.type.shape;
  if (batch === undefined || steps === undefined || sizes.length === 0)
    throw broken(`${settings.what} takes at least 3 dimensions, batch included, but is given ${x.type.shape.length}.`);
  const examples = reshaped(call, x, [multiply(batch, steps), ...sizes]);
  const [y, ...more] = parts.callInner(settings.inner('layer'), parts.scope, [examples]);
  if (y === undefined || more.length > 0) throw settings.refused('around a layer with several outputs');
  return [reshaped(call, y, [batch, steps, ...y.type.shape.slice(1)])];
};

/** Layers that change nothing, or values in training only, and the fields that say how. */
const TRAINING_ONLY = [
  ...[
    'Identity',
    'Dropout',
    'SpatialDropout1D',
    'SpatialDropout2D',
    'SpatialDropout3D',
    'GaussianDropout',
    'AlphaDropout',
    'GaussianNoise',
    'ActivityRegularization',
  ],
  ...['RandomBrightness', 'RandomContrast', 'RandomFlip', 'RandomRotation', 'RandomTranslation', 'RandomZoom'],
];
const TRAINING_FIELDS = [
  ...['rate', 'stddev', 'noise_shape', 'seed', 'l1', 'l2', 'data_format', 'factor', 'mode', 'height_factor', 'width_factor'],
  ...['fill_mode', 'fill_value', 'interpolation', 'value_range', 'bounding_box_format'],
];

const nothing: Rule = (call) => {
  for (const key of TRAINING_FIELDS) call.settings.value(key);
  return [onlyInput(call)];
};

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

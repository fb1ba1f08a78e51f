/** Layers that multiply by a matrix, look up rows, scale or only move values. */
import type { TypedValue } from '../../graph/graph.js';
import { exactQuotient, isSameSize, product, sizeText } from '../../graph/size.js';
import { broken } from '../file-fields.js';
import type { Weight } from '../tfjs/weights.js';
import { type Activation, activate, activationOf } from './activations.js';
import { type Call, inputOfRank, knownSize, onlyInput, type Rule, reshaped, sizeAt, transposed } from './rule.js';

/** Adds a bias, if there is one, and applies an activation. */
const finished = (call: Call, x: TypedValue, bias: TypedValue | undefined, activation: Activation | undefined): TypedValue => {
  const y = bias === undefined ? x : call.op('add', [x, bias], {});
  return activation === undefined ? y : activate(call, y, activation);
};

/** Rows times a matrix, for inputs of any rank, whose outer axes are one axis during the product. */
export function matrixProduct(call: Call, x: TypedValue, kernel: TypedValue, bias?: TypedValue, activation?: Activation): TypedValue {
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

/** The table of an embedding. */
function rowsOf({ settings, parts }: Call): Weight {
  if (settings.flag('mask_zero', false)) throw settings.refused('with mask_zero: masks are not computed');
  return parts.weights.take('embeddings', [settings.whole('input_dim'), settings.whole('output_dim')]);
}

/** The rows that indices name. */
function embedded(call: Call): TypedValue {
  const x = onlyInput(call);
  const rows = call.constant(rowsOf(call));
  const indices = x.type.dataType === 'int32' ? x : call.op('cast', [x], { to: 'int32' });
  return call.op('gather', [rows, indices], { axis: 0, batchDimensions: 0 });
}

/** An embedding, or, in a call with `reverse`, the product of its input with each row. */
const reversibleEmbedding: Rule = (call) => {
  const { settings, parts } = call;
  settings.only('reverse_dtype', ['float32'], 'numbers are float32');
  const limit = settings.value('logit_soft_cap') === undefined ? undefined : settings.number('logit_soft_cap');
  const isTied = settings.flag('tie_weights', true);
  const [rows, columns] = [settings.whole('input_dim'), settings.whole('output_dim')];
  const table = rowsOf(call);
  const back = isTied ? table : parts.weights.take('reverse_embeddings', [columns, rows]);
  if (!call.flag('reverse')) return [embedded(call)];
  const kernel = isTied ? transposed(call, call.constant(back), [1, 0]) : call.constant(back);
  const logits = matrixProduct(call, onlyInput(call), kernel);
  if (limit === undefined) return [logits];
  const within = call.op('tanh', [call.op('div', [logits, call.number(limit)], {})], {});
  return [call.op('mul', [within, call.number(limit)], {})];
};

/** cos(x · kernel / scale + bias). */
const randomFourierFeatures: Rule = (call) => {
  const { settings } = call;
  const x = inputOfRank(call, 2);
  // The config has the scale before training; the trained one is a weight.
  settings.value('scale');
  const units = settings.whole('output_dim');
  const kernel = call.weight('unscaled_kernel', [knownSize(call, x, 1), units]);
  const bias = call.weight('bias', [units]);
  const scaled = call.op('div', [call.op('matmul', [x, kernel], {}), call.weight('kernel_scale', [1])], {});
  return [call.op('cos', [call.op('add', [scaled, bias], {})], {})];
};

const flatten: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const { shape } = x.type;
  const isFirst = settings.choice('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_first';
  // The channels are then moved behind the other axes.
  const y = isFirst && shape.length > 2 ? transposed(call, x, [0, ...shape.slice(2).map((_, index) => index + 2), 1]) : x;
  return [reshaped(call, y, [sizeAt(x, 0), product(shape.slice(1))])];
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

/** The rules of these layers. */
export const CORE_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Dense', dense],
  ['Embedding', (call) => [embedded(call)]],
  ['ReversibleEmbedding', reversibleEmbedding],
  ['RandomFourierFeatures', randomFourierFeatures],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Permute', permute],
  ['RepeatVector', repeatVector],
  ['Rescaling', rescaling],
];

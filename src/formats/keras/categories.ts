/** Layers that make numbers of categories: the place of a value among boundaries or in a list, and counts of such places. */
import type { TypedValue } from '../../graph/graph.js';
import { shapeText } from '../../graph/tensor.js';
import { LIMITS } from '../limits.js';
import { type Call, onlyInput, type Rule, reshaped } from './rule.js';
import type { Settings } from './settings.js';

const MODES = ['int', 'one_hot', 'multi_hot', 'count'] as const;
type Mode = (typeof MODES)[number];

/** The mode, for which Keras before 2.9 said `binary`. */
function modeOf(settings: Settings, modes: readonly Mode[], fallback: Mode): Mode {
  settings.only('sparse', [false], 'tensors are dense');
  if (settings.value('output_mode') === 'tf_idf') throw settings.refused('with output_mode "tf_idf": weights of tokens are not computed');
  return settings.value('output_mode') === 'binary' ? 'multi_hot' : settings.choice('output_mode', modes, fallback);
}

/** Makes places into one value for each category. @param depth the number of categories; places beyond count for none */
function encoded(call: Call, indices: TypedValue, mode: Mode, depth: number): TypedValue {
  const { shape } = indices.type;
  const hot = (x: TypedValue) => call.op('oneHot', [x, call.number(1), call.number(0)], { axis: x.type.shape.length, depth });
  if (mode === 'int') return indices;
  if (mode === 'one_hot') return hot(shape.length > 1 && shape.at(-1) === 1 ? reshaped(call, indices, shape.slice(0, -1)) : indices);
  if (shape.length !== 2)
    throw call.settings.refused(`with output_mode "${mode}" for ${shapeText(shape)}: a list of categories for each example is counted`);
  if (mode === 'multi_hot') return call.op('reduceMax', [hot(indices)], { axes: [1], keepDimensions: false });
  const weights = call.tensor('count_weights');
  const counted = hot(indices);
  const weighed =
    weights === undefined ? counted : call.op('mul', [counted, reshaped(call, asFloat(call, weights), [...weights.type.shape, 1])], {});
  return call.op('reduceSum', [weighed], { axes: [1], keepDimensions: false });
}

const asFloat = (call: Call, x: TypedValue): TypedValue => (x.type.dataType === 'float32' ? x : call.op('cast', [x], { to: 'float32' }));

const asWhole = (call: Call, x: TypedValue): TypedValue => (x.type.dataType === 'int32' ? x : call.op('cast', [x], { to: 'int32' }));

const categoryEncoding: Rule = (call) => {
  const mode = modeOf(call.settings, ['one_hot', 'multi_hot', 'count'], 'multi_hot');
  const depth = call.settings.whole('num_tokens');
  return [encoded(call, asWhole(call, onlyInput(call)), mode, depth)];
};

/** A list of numbers of the config. */
function listOf(settings: Settings, key: string, isNumber: (value: unknown) => boolean, wanted: string): readonly number[] {
  const value = settings.value(key);
  if (!Array.isArray(value) || value.length === 0 || value.length > LIMITS.labels || !value.every(isNumber))
    throw settings.wrong(key, wanted);
  return value as readonly number[];
}

/** Adds an axis behind the others, along which each value is compared with a list. */
const spread = (call: Call, x: TypedValue): TypedValue => reshaped(call, x, [...x.type.shape, 1]);

/** The number of boundaries that are not above a value. */
const discretization: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const mode = modeOf(settings, MODES, 'int');
  // These fields say how boundaries are found in data.
  for (const key of ['num_bins', 'epsilon']) settings.value(key);
  if (settings.value('bin_boundaries') === undefined)
    throw settings.refused(
      'without bin_boundaries in its config: Keras 2 keeps what adapt() found outside it',
      'Build the layer with Discretization(bin_boundaries=layer.bin_boundaries), and save the model again.',
    );
  const boundaries = listOf(settings, 'bin_boundaries', Number.isFinite, 'a list of numbers in rising order');
  if (boundaries.some((value, index) => index > 0 && value < (boundaries[index - 1] as number)))
    throw settings.wrong('bin_boundaries', 'a list of numbers in rising order');
  const reached = call.op('greaterOrEqual', [spread(call, x), call.numbers(boundaries)], {});
  const count = call.op('reduceSum', [call.op('cast', [reached], { to: 'int32' })], { axes: [x.type.shape.length], keepDimensions: false });
  return [encoded(call, count, mode, boundaries.length + 1)];
};

const isInt32 = (value: unknown): boolean => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;

/** The tokens of a vocabulary, which may begin with those that stand for masked and unknown numbers. */
function tokensOf(settings: Settings, hasMask: boolean, unknown: number): readonly number[] {
  if (settings.value('vocabulary') === undefined)
    throw settings.refused(
      'without its vocabulary in its config: Keras keeps what adapt() found outside it',
      'Build the layer with IntegerLookup(vocabulary=layer.get_vocabulary()), and save the model again.',
    );
  const vocabulary = listOf(settings, 'vocabulary', isInt32, 'a list of 32-bit whole numbers');
  const special = [...(hasMask ? [settings.number('mask_token')] : []), ...Array<number>(unknown).fill(settings.number('oov_token', -1))];
  const isSpecial = special.every((token, index) => vocabulary[index] === token);
  return isSpecial ? vocabulary.slice(special.length) : vocabulary;
}

/** The place of a whole number in a vocabulary, behind the places of masked and unknown numbers. */
const integerLookup: Rule = (call) => {
  const { settings } = call;
  const x = asWhole(call, onlyInput(call));
  const mode = modeOf(settings, MODES, 'int');
  settings.only('invert', [false], 'numbers become places, not places numbers');
  settings.only('oov_method', ['floormod'], 'other hashes are computed of texts');
  for (const key of ['vocabulary_dtype', 'vocabulary_size', 'idf_weights', 'salt']) settings.value(key);
  const unknown = settings.whole('num_oov_indices', 1, 0);
  if (unknown === 0)
    throw settings.refused('with num_oov_indices 0: a number beyond the vocabulary would be an error', 'Build it with num_oov_indices=1.');
  const mask = settings.value('mask_token') === undefined ? undefined : settings.number('mask_token');
  const isMasked = mask !== undefined && mode === 'int';
  const tokens = tokensOf(settings, isMasked, unknown);
  const start = (isMasked ? 1 : 0) + unknown;
  const whole = (values: readonly number[], shape?: readonly number[]) => call.parts.graph.builder.numbers('int32', values, shape);
  const found = call.op('cast', [call.op('equal', [spread(call, x), whole(tokens)], {})], { to: 'int32' });
  const last = { axes: [x.type.shape.length], keepDimensions: false };
  const place = call.op('reduceSum', [call.op('mul', [found, whole(tokens.map((_, index) => start + index))], {})], last);
  const isKnown = call.op('cast', [call.op('reduceSum', [found], last)], { to: 'bool' });
  const other =
    unknown === 1
      ? whole([start - 1], [])
      : call.op('add', [call.op('mod', [x, whole([unknown], [])], {}), whole([start - unknown], [])], {});
  const index = call.op('where', [isKnown, place, other], {});
  const depth = settings.flag('pad_to_max_tokens', false) ? settings.whole('max_tokens') : start + tokens.length;
  settings.value('max_tokens');
  // In a count, a masked number has no place.
  const hidden = whole([isMasked ? 0 : 2 ** 31 - 1], []);
  const unmasked = mask === undefined ? index : call.op('where', [call.op('equal', [x, whole([mask], [])], {}), hidden, index], {});
  return [encoded(call, unmasked, mode, depth)];
};

/** The layers that make numbers of categories. */
export const CATEGORY_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['CategoryEncoding', categoryEncoding],
  ['Discretization', discretization],
  ['IntegerLookup', integerLookup],
];

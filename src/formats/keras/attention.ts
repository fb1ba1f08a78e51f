/** Attention: how much each value counts for a query is the softmax of scores, which compare the query with the values' keys. */
import type { TypedValue } from '../../graph/graph.js';
import { product, type Size } from '../../graph/size.js';
import type { Shape } from '../../graph/tensor.js';
import { broken } from '../file-fields.js';
import { type Call, inputOfRank, knownSize, type Rule, reshaped, sizeAt, transposed } from './rule.js';

/** The query, the values and their keys of a layer that takes them in a list. */
function listed(call: Call): readonly [query: TypedValue, value: TypedValue, key: TypedValue] {
  const { inputs, settings } = call;
  const [query, value, key = value, ...more] = inputs;
  if (query === undefined || value === undefined || key === undefined || more.length > 0)
    throw broken(`${settings.what} takes [query, value] or [query, value, key], but is given ${inputs.length} inputs.`);
  for (const { type } of inputs)
    if (type.shape.length !== 3)
      throw settings.refused(`with an input of ${type.shape.length} dimensions: [batch, steps, channels] is computed`);
  return [query, value, key];
}

/** The steps of a query, and those of the values, as whole numbers that are compared. */
function places(call: Call, scores: TypedValue): readonly [rows: TypedValue, columns: TypedValue] {
  const rank = scores.type.shape.length;
  const along = (axis: number): TypedValue => {
    const count = sizeAt(scores, axis);
    const shape: Size[] = [1, 1];
    shape[axis - rank + 2] = count;
    return reshaped(call, call.op('range', [], { start: 0, count, step: 1, dataType: 'float32' }), shape);
  };
  return [along(rank - 2), along(rank - 1)];
}

/** The masks of a call, as one of booleans; `undefined` if there is none. */
function maskOf(call: Call, scores: TypedValue, window: number | undefined): TypedValue | undefined {
  const masks: TypedValue[] = [];
  if (call.flag('use_causal_mask')) masks.push(call.op('greaterOrEqual', [...places(call, scores)], {}));
  if (window !== undefined) {
    const [rows, columns] = places(call, scores);
    masks.push(call.op('lesser', [call.op('abs', [call.op('sub', [rows, columns], {})], {}), call.number(window)], {}));
  }
  const given = call.tensor('attention_mask');
  if (given !== undefined) {
    const { shape } = given.type;
    const missing = scores.type.shape.length - shape.length;
    if (missing < 0) throw broken(`${call.settings.what} is given an attention_mask of ${shape.length} dimensions.`);
    // Without an axis of heads, the mask is that of all heads.
    const spread = reshaped(call, given, [...shape.slice(0, -2), ...Array<number>(missing).fill(1), ...shape.slice(-2)]);
    masks.push(call.op('cast', [spread], { to: 'bool' }));
  }
  return masks.length === 0 ? undefined : masks.reduce((all, mask) => call.op('logicalAnd', [all, mask], {}));
}

/** The softmax of scores over the values. Keras lowers the scores that a mask forbids by 10⁹. */
function shares(call: Call, scores: TypedValue, window?: number): TypedValue {
  const mask = maskOf(call, scores, window);
  const seen = mask === undefined ? scores : call.op('where', [mask, scores, call.op('sub', [scores, call.number(1e9)], {})], {});
  return call.op('softmax', [seen], { axis: scores.type.shape.length - 1 });
}

/** The answer, and the shares behind it if the call wants them. */
const answers = (call: Call, y: TypedValue, found: TypedValue): readonly TypedValue[] =>
  call.flag('return_attention_scores') ? [y, found] : [y];

/** tanh(query + key) for each pair of both, [batch, steps of the query, steps of the values, channels]. */
function pairs(call: Call, query: TypedValue, key: TypedValue, scale?: TypedValue): TypedValue {
  const spread = (x: TypedValue, axis: number) => reshaped(call, x, x.type.shape.toSpliced(axis, 0, 1));
  const sum = call.op('add', [spread(query, 2), spread(key, 1)], {});
  return call.op('tanh', [scale === undefined ? sum : call.op('mul', [sum, scale], {})], {});
}

const total = (call: Call, x: TypedValue): TypedValue =>
  call.op('reduceSum', [x], { axes: [x.type.shape.length - 1], keepDimensions: false });

const attention: Rule = (call) => {
  const { settings } = call;
  const [query, value, key] = listed(call);
  const scale = settings.flag('use_scale', false) ? call.weight('scale', []) : undefined;
  const scores = () => {
    if (settings.choice('score_mode', ['dot', 'concat'], 'dot') === 'concat')
      return call.op('mul', [total(call, pairs(call, query, key, scale)), call.weight('concat_score_weight', [])], {});
    const products = call.op('matmul', [query, transposed(call, key, [0, 2, 1])], {});
    return scale === undefined ? products : call.op('mul', [products, scale], {});
  };
  const found = shares(call, scores());
  return answers(call, call.op('matmul', [found, value], {}), found);
};

const additiveAttention: Rule = (call) => {
  const { settings } = call;
  const [query, value, key] = listed(call);
  const sums = pairs(call, query, key);
  const scaled = settings.flag('use_scale', true) ? call.op('mul', [sums, call.weight('scale', [knownSize(call, query, 2)])], {}) : sums;
  const found = shares(call, total(call, scaled));
  return answers(call, call.op('matmul', [found, value], {}), found);
};

/** The three tensors of a layer that takes them as arguments, each of three dimensions. */
function given(call: Call): readonly [query: TypedValue, value: TypedValue, key: TypedValue] {
  const query = inputOfRank(call, 3);
  const value = call.tensor('value');
  if (value === undefined) throw broken(`${call.settings.what} takes a query and a value, but is given one input.`);
  const key = call.tensor('key') ?? value;
  for (const { type } of [value, key])
    if (type.shape.length !== 3)
      throw call.settings.refused(`with a value of ${type.shape.length} dimensions: [batch, steps, channels] is computed`);
  return [query, value, key];
}

/** Makes the heads of an input: [batch, heads, steps, width]. */
function headsOf(call: Call, x: TypedValue, name: string, heads: number, width: number): TypedValue {
  const channels = knownSize(call, x, 2);
  const kernel = call.weight(`${name}/kernel`, [channels, heads, width]);
  const rows = reshaped(call, x, [product(x.type.shape.slice(0, 2)), channels]);
  const y = call.op('matmul', [rows, reshaped(call, kernel, [channels, heads * width])], {});
  const split = reshaped(call, y, [sizeAt(x, 0), sizeAt(x, 1), heads, width]);
  const biased = call.settings.flag('use_bias', true) ? call.op('add', [split, call.weight(`${name}/bias`, [heads, width])], {}) : split;
  return transposed(call, biased, [0, 2, 1, 3]);
}

/** Joins the heads of an answer, and multiplies them by a matrix. @param sizes those of the output behind its steps */
function joined(call: Call, y: TypedValue, heads: number, width: number, sizes: readonly number[]): TypedValue {
  const [batch, steps] = [sizeAt(y, 0), sizeAt(y, 2)];
  const count = product(sizes) as number;
  const kernel = call.weight('attention_output/kernel', [heads, width, ...sizes]);
  const rows = reshaped(call, transposed(call, y, [0, 2, 1, 3]), [product([batch, steps]), heads * width]);
  const made = call.op('matmul', [rows, reshaped(call, kernel, [heads * width, count])], {});
  const shape: Shape = [batch, steps, ...sizes];
  const answer = reshaped(call, made, shape);
  return call.settings.flag('use_bias', true) ? call.op('add', [answer, call.weight('attention_output/bias', sizes)], {}) : answer;
}

/** The heads of the values where each has a share for a query. */
interface Heads {
  readonly query: TypedValue;
  readonly key: TypedValue;
  readonly value: TypedValue;
  /** The weights by which the heads of the answer are multiplied. */
  readonly gate: TypedValue | undefined;
}

function attended(call: Call, { query, key, value, gate }: Heads, width: number): readonly [TypedValue, TypedValue] {
  const { settings } = call;
  const window = settings.value('sliding_window') === undefined ? undefined : settings.whole('sliding_window');
  const scaled = call.op('mul', [query, call.number(1 / Math.sqrt(width))], {});
  const found = shares(call, call.op('matmul', [scaled, transposed(call, key, [0, 1, 3, 2])], {}), window);
  const y = call.op('matmul', [found, value], {});
  return [gate === undefined ? y : call.op('mul', [y, gate], {}), found];
}

/** The sizes of an output behind its steps; default the channels of the query. */
function outputSizes(call: Call, query: TypedValue): readonly number[] {
  const { settings } = call;
  if (settings.value('output_shape') === undefined) return [knownSize(call, query, 2)];
  const sizes = settings.list('output_shape');
  if (sizes.length === 0 || sizes.some((size) => size < 1)) throw settings.wrong('output_shape', 'sizes above 0');
  return sizes;
}

const multiHeadAttention: Rule = (call) => {
  const { settings } = call;
  const [query, value, key] = given(call);
  const axes = settings.value('attention_axes') === undefined ? [1] : settings.list('attention_axes');
  if (axes.length !== 1 || (axes[0] !== 1 && axes[0] !== -2))
    throw settings.refused('with attention_axes: the steps, axis 1, are attended to');
  const [heads, width] = [settings.whole('num_heads'), settings.whole('key_dim')];
  const valueWidth = settings.value('value_dim') === undefined ? width : settings.whole('value_dim');
  const made = {
    query: headsOf(call, query, 'query', heads, width),
    key: headsOf(call, key, 'key', heads, width),
    ...gateOf(call, query, heads, valueWidth),
    value: headsOf(call, value, 'value', heads, valueWidth),
  };
  const [y, found] = attended(call, made, width);
  return answers(call, joined(call, y, heads, valueWidth, outputSizes(call, query)), found);
};

const gateOf = (call: Call, query: TypedValue, heads: number, width: number): { readonly gate: TypedValue | undefined } => ({
  gate: call.settings.flag('use_gate', false) ? call.op('sigmoid', [headsOf(call, query, 'gate', heads, width)], {}) : undefined,
});

/** Attention in which several heads of the query share one head of the keys and values. */
const groupQueryAttention: Rule = (call) => {
  const { settings } = call;
  const [query, value, key] = given(call);
  const [width, heads, groups] = [settings.whole('head_dim'), settings.whole('num_query_heads'), settings.whole('num_key_value_heads')];
  if (heads % groups !== 0) throw settings.wrong('num_key_value_heads', `a divisor of ${heads}`);
  const repeated = (x: TypedValue) => {
    const [batch, steps] = [sizeAt(x, 0), sizeAt(x, 2)];
    const apart = reshaped(call, x, [batch, groups, 1, steps, width]);
    const tiled = call.op('tile', [apart], { repetitions: [1, 1, heads / groups, 1, 1] });
    return reshaped(call, tiled, [batch, heads, steps, width]);
  };
  const made = {
    query: headsOf(call, query, 'query', heads, width),
    key: repeated(headsOf(call, key, 'key', groups, width)),
    ...gateOf(call, query, heads, width),
    value: repeated(headsOf(call, value, 'value', groups, width)),
  };
  const [y, found] = attended(call, made, width);
  return answers(call, joined(call, y, heads, width, [knownSize(call, query, 2)]), found);
};

/** The layers that attend. A file in HDF5 has the name of the class, `GroupedQueryAttention`, where Keras says `GroupQueryAttention`. */
export const ATTENTION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Attention', attention],
  ['AdditiveAttention', additiveAttention],
  ['MultiHeadAttention', multiHeadAttention],
  ['GroupQueryAttention', groupQueryAttention],
  ['GroupedQueryAttention', groupQueryAttention],
];

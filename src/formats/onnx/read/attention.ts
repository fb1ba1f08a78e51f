/** Reads attention, and the rotation of its inputs by their places, as the definitions of ONNX's own functions compute them. */
import type { DataType } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import { exactQuotient, isOpen, multiply, type Size, subtract } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call, Importers } from './call.js';
import { closed } from './window.js';

/** [batch, heads, length, size]. Three axes have the heads and their size as one. */
function inHeads(call: Call, index: number, attribute: string): TypedValue {
  const value = call.value(index);
  const { shape } = value.type;
  if (shape.length === 4) return value;
  const [batch, length, width] = shape as readonly [Size, Size, Size];
  const heads = call.attributes.whole(attribute);
  const size = exactQuotient(width, heads);
  if (shape.length !== 3 || size === undefined) throw call.broken(`has ${heads} heads`);
  return call.transposed(call.reshaped(value, [batch, length, heads, size]), [0, 2, 1, 3]);
}

/** Each head as often as heads of the query share it. */
function shared(call: Call, value: TypedValue, heads: Size): TypedValue {
  const [batch, own, length, size] = value.type.shape as readonly [Size, Size, Size, Size];
  const times = exactQuotient(heads, own);
  if (times === undefined) throw cannotExpress('has numbers of heads of which one does not divide the other');
  if (times === 1) return value;
  const repeated = call.step('expand', [call.reshaped(value, [batch, own, 1, length, size])], {
    newShape: [batch, own, times, length, size],
  });
  return call.reshaped(repeated, [batch, heads, length, size]);
}

/** The values so far and the new ones, along their length. */
const continued = (call: Call, index: number, value: TypedValue): TypedValue =>
  call.has(index) ? call.step('concat', [call.value(index), value], { axis: 2 }) : value;

/** Places along an axis as a column (0) or a row (1). */
export function places(call: Call, count: Size, axis: 0 | 1, start: Size = 0): TypedValue {
  const counted = call.step('range', [], { start, count, step: 1, dataType: 'int32' });
  return call.reshaped(counted, axis === 0 ? [count, 1] : [1, count]);
}

/** The term that is added to the scores: the mask, and minus infinity at places that must not be seen. Undefined if nothing is added. */
function biasOf(call: Call, queries: Size, keys: Size, dataType: DataType): TypedValue | undefined {
  const never = call.number(Number.NEGATIVE_INFINITY, dataType);
  const none = call.number(0, dataType);
  const allowed = (isAllowed: TypedValue): TypedValue => call.apply('where', isAllowed, none, never);
  const biases: TypedValue[] = [];
  if (call.has(3)) {
    const mask = padded(call, call.value(3), keys);
    biases.push(mask.type.dataType === 'bool' ? allowed(mask) : mask);
  }
  const lengths = call.has(6) ? call.reshaped(call.cast(call.value(6), 'int32'), [call.type(6).shape[0] as Size, 1, 1, 1]) : undefined;
  if (call.attributes.flag('is_causal')) {
    const past = call.has(4) ? (call.type(4).shape[2] as Size) : 0;
    const rows = places(call, queries, 0, past);
    // With a length for each row of the batch, the last query is at the last place of that length.
    const shift =
      lengths && call.apply('sub', lengths, call.reshaped(call.step('sizes', [], { values: [queries], dataType: 'int32' }), []));
    biases.push(allowed(call.apply('greaterOrEqual', shift === undefined ? rows : call.apply('add', rows, shift), places(call, keys, 1))));
  }
  if (lengths !== undefined) biases.push(allowed(call.apply('lesser', places(call, keys, 1), lengths)));
  return biases.length === 0 ? undefined : biases.reduce((sum, each) => call.apply('add', sum, each));
}

/** A mask that is shorter than the keys hides what lies beyond it. */
function padded(call: Call, mask: TypedValue, keys: Size): TypedValue {
  const { shape, dataType } = mask.type;
  const own = shape.at(-1) as Size;
  const missing = subtract(keys, own);
  if (isOpen(missing) || missing === 0) return mask;
  const sides = (last: Size) => shape.map((_, axis) => (axis === shape.length - 1 ? last : 0));
  const value = dataType === 'bool' ? 0 : Number.NEGATIVE_INFINITY;
  return call.step('pad', [mask], { beginning: sides(0), ending: sides(missing), mode: 'constant', value });
}

/**
 * Softmax of scaled scores, of which a cap bends large ones and to which the mask is added, times the values. A query that sees nothing
 * gives zeros.
 */
function attention(call: Call): readonly TypedValue[] {
  const { attributes } = call;
  const query = inHeads(call, 0, 'q_num_heads');
  const presentKey = continued(call, 4, inHeads(call, 1, 'kv_num_heads'));
  const presentValue = continued(call, 5, inHeads(call, 2, 'kv_num_heads'));
  const [batch, heads, queries, size] = query.type.shape as readonly [Size, Size, Size, Size];
  const [key, value] = [shared(call, presentKey, heads), shared(call, presentValue, heads)];
  const { dataType } = query.type;
  // Both factors are scaled, so that float16 does not overflow.
  const root = Math.sqrt(attributes.number('scale', 1 / Math.sqrt(closed(size, 'a head'))));
  const scaled = (each: TypedValue) => call.apply('mul', each, call.number(root, each.type.dataType));
  const scores = call.apply('matmul', scaled(query), call.transposed(scaled(key), [0, 1, 3, 2]));
  const cap = attributes.number('softcap', 0);
  const capped = cap === 0 ? scores : bent(call, scores, cap);
  const bias = biasOf(call, queries, key.type.shape[2] as Size, dataType);
  const biased = bias === undefined ? capped : call.apply('add', capped, bias);
  const inner = attributes.has('softmax_precision') ? call.dataType('softmax_precision') : dataType;
  const weights = call.cast(call.step('softmax', [call.cast(biased, inner)], { axis: 3 }), dataType);
  const seen = bias === undefined ? weights : call.apply('where', seesNothing(call, bias), call.number(0, dataType), weights);
  const made = call.apply('matmul', seen, value);
  const isFlat = call.type(0).shape.length === 3;
  const output = isFlat
    ? call.reshaped(call.transposed(made, [0, 2, 1, 3]), [batch, queries, multiply(heads, value.type.shape[3] as Size)])
    : made;
  return [output, presentKey, presentValue, [scores, capped, biased, seen][scoresOf(call)] as TypedValue];
}

const bent = (call: Call, scores: TypedValue, cap: number): TypedValue => {
  const limit = call.number(cap, scores.type.dataType);
  return call.apply('mul', call.apply('tanh', call.apply('div', scores, limit)), limit);
};

function seesNothing(call: Call, bias: TypedValue): TypedValue {
  const axes = [bias.type.shape.length - 1];
  const greatest = call.step('reduceMax', [bias], { axes, keepDimensions: true });
  return call.apply('equal', greatest, call.number(Number.NEGATIVE_INFINITY, bias.type.dataType));
}

/** The scores that the fourth output has: products, capped ones, masked ones, or the softmax. */
function scoresOf(call: Call): number {
  const mode = call.attributes.whole('qk_matmul_output_mode', 0);
  if (mode < 0 || mode > 3) throw call.broken(`gives the scores ${mode}`);
  return mode;
}

/** Turns pairs of numbers by an angle for each place. The pairs are neighbours, or lie half of the rotated part apart. */
function rotaryEmbedding(call: Call): TypedValue {
  const { attributes } = call;
  const input = call.value();
  const isFlat = input.type.shape.length === 3;
  const value = isFlat ? inHeadsBehind(call, input) : call.transposed(input, [0, 2, 1, 3]);
  const [batch, length, heads, size] = value.type.shape as readonly [Size, Size, Size, Size];
  const width = closed(size, 'a head');
  const turned = attributes.whole('rotary_embedding_dim', 0) || width;
  const [rotating, kept] = call.steps('split', [value], { axis: 3, splits: [turned, width - turned] }) as [TypedValue, TypedValue];
  const half = turned / 2;
  const angles = (index: number): TypedValue => {
    const table = call.value(index);
    const own = call.has(3) ? call.step('gather', [table, call.value(3)], { axis: 0, batchDimensions: 0 }) : table;
    const [first, second] = own.type.shape as readonly [Size, Size];
    return call.reshaped(own, [first, second, 1, half]);
  };
  const isInterleaved = attributes.flag('interleaved');
  const pairs = call.reshaped(rotating, [batch, length, heads, ...(isInterleaved ? [half, 2] : [2, half])]);
  const axis = isInterleaved ? 4 : 3;
  const parts = call.steps('split', [pairs], { axis, splits: [1, 1] });
  const [a, b] = parts.map((part) => call.reshaped(part, [batch, length, heads, half])) as [TypedValue, TypedValue];
  const [cos, sin] = [angles(1), angles(2)];
  const times = (x: TypedValue, y: TypedValue) => call.apply('mul', x, y);
  const made = [call.apply('sub', times(cos, a), times(sin, b)), call.apply('add', times(sin, a), times(cos, b))];
  const grouped = made.map((each) => call.reshaped(each, each.type.shape.toSpliced(axis, 0, 1)));
  const joined = call.reshaped(call.step('concat', grouped, { axis }), [batch, length, heads, turned]);
  const whole = turned === width ? joined : call.step('concat', [joined, kept], { axis: 3 });
  return isFlat ? call.reshaped(whole, input.type.shape) : call.transposed(whole, [0, 2, 1, 3]);
}

function inHeadsBehind(call: Call, input: TypedValue): TypedValue {
  const [batch, length, width] = input.type.shape as readonly [Size, Size, Size];
  const heads = call.attributes.whole('num_heads', 0);
  const size = heads > 0 ? exactQuotient(width, heads) : undefined;
  if (size === undefined) throw call.broken(`has ${heads} heads`);
  return call.reshaped(input, [batch, length, heads, size]);
}

export const ATTENTION_IMPORTERS: Importers = { Attention: attention, RotaryEmbedding: rotaryEmbedding };

/** Reads attention as onnxruntime's optimiser and exporters write it, by the definitions in docs/ContribOperators.md of onnxruntime. */
import type { DataType } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import { exactQuotient, isSameSize, multiply, type Size, subtract } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { ReadTensor } from '../../reading/tensors.js';
import { places } from './attention.js';
import type { Call, Importers } from './call.js';
import { closed } from './window.js';

/** Heads of queries, keys and values: [batch, heads, length, size]. */
interface Heads {
  readonly query: TypedValue;
  readonly key: TypedValue;
  readonly value: TypedValue;
}

/** The inputs of a node that say which keys are seen. */
interface Masks {
  readonly mask: number;
  /** Added to the scores. */
  readonly bias: number;
}

/** [batch, length, width] with the width cut into heads: [batch, heads, length, size]. */
function inHeads(call: Call, value: TypedValue, heads: number): TypedValue {
  const [batch, length, width] = value.type.shape as readonly [Size, Size, Size];
  const size = exactQuotient(width, heads);
  if (value.type.shape.length !== 3 || size === undefined) throw call.broken(`has ${heads} heads for a width that they do not divide`);
  return call.transposed(call.reshaped(value, [batch, length, heads, size]), [0, 2, 1, 3]);
}

/** Softmax of the scaled and masked scores, times the values: [batch, length, width]. */
function attended(call: Call, { query, key, value }: Heads, masks: Masks): TypedValue {
  const [batch, heads, queries, size] = query.type.shape as readonly [Size, Size, Size, Size];
  const { dataType } = query.type;
  const scale = call.attributes.number('scale', 0) || 1 / Math.sqrt(closed(size, 'a head'));
  const scores = call.apply('matmul', call.apply('mul', query, call.number(scale, dataType)), call.transposed(key, [0, 1, 3, 2]));
  const seen = seenBy(call, masks.mask, batch, queries, key.type.shape[2] as Size);
  const biases = [...seen.map((isSeen) => scoresOf(call, isSeen, dataType)), ...(call.has(masks.bias) ? [call.value(masks.bias)] : [])];
  const weights = call.step('softmax', [biases.reduce((sum, each) => call.apply('add', sum, each), scores)], { axis: 3 });
  const made = call.transposed(call.apply('matmul', weights, value), [0, 2, 1, 3]);
  return call.reshaped(made, [batch, queries, multiply(heads, value.type.shape[3] as Size)]);
}

/** Nothing is added to the scores of keys that are seen, and a large number below 0 to those of others. */
function scoresOf(call: Call, isSeen: TypedValue, dataType: DataType): TypedValue {
  const filter = call.attributes.number('mask_filter_value', -10_000);
  return call.apply('where', isSeen, call.number(0, dataType), call.number(filter, dataType));
}

/** Whether each query sees each key, by the mask and by their order, in shapes that broadcast to [batch, heads, queries, keys]. */
function seenBy(call: Call, mask: number, batch: Size, queries: Size, keys: Size): readonly TypedValue[] {
  const seen: TypedValue[] = [];
  if (call.has(mask)) seen.push(seenByMask(call, call.value(mask), batch, queries, keys));
  if (call.attributes.flag('unidirectional')) {
    // The last query is that of the last key.
    seen.push(call.apply('greaterOrEqual', places(call, queries, 0, subtract(keys, queries)), places(call, keys, 1)));
  }
  return seen;
}

/** A mask has a number for each key of each row, or of each query, or the lengths of the rows, behind which may stand where they begin. */
function seenByMask(call: Call, mask: TypedValue, batch: Size, queries: Size, keys: Size): TypedValue {
  const { shape, dataType } = mask.type;
  const isShape = (...wanted: readonly Size[]) =>
    shape.length === wanted.length && shape.every((size, axis) => isSameSize(size, wanted[axis] as Size));
  const isSet = (newShape: readonly Size[]) => call.apply('greater', call.reshaped(mask, newShape), call.number(0, dataType));
  if (isShape(batch, keys)) return isSet([batch, 1, 1, keys]);
  if (isShape(batch, queries, keys)) return isSet([batch, 1, queries, keys]);
  const before = (lengths: TypedValue) =>
    call.apply('lesser', places(call, keys, 1), call.reshaped(call.cast(lengths, 'int32'), [batch, 1, 1, 1]));
  if (isShape(batch)) return before(mask);
  if (!isShape(multiply(batch, 2))) throw cannotExpress('has a mask of a shape that is not read');
  const [ends, starts] = call.steps('split', [mask], { axis: 0, splits: [batch, batch] }) as [TypedValue, TypedValue];
  return call.apply('logicalAnd', before(ends), call.apply('logicalNot', before(starts)));
}

/** Keys or values of earlier calls, and the new ones. */
const continued = (call: Call, past: TypedValue | undefined, value: TypedValue): TypedValue =>
  past === undefined ? value : call.step('concat', [past, value], { axis: 2 });

/** One matrix makes queries, keys and values of the input. The second output has all keys and values, one behind the other. */
function attention(call: Call): readonly ReadTensor[] {
  const { attributes } = call;
  if (attributes.flag('do_rotary')) throw cannotExpress('turns its queries by their places');
  if (attributes.flag('past_present_share_buffer')) throw cannotExpress('writes into the keys of earlier calls');
  const heads = attributes.whole('num_heads');
  const product = call.apply('matmul', call.ofRank(3), call.value(1));
  const made = call.has(2) ? call.apply('add', product, call.value(2)) : product;
  const third = exactQuotient(made.type.shape[2] as Size, 3);
  const widths = attributes.wholes('qkv_hidden_sizes') ?? (third === undefined ? [] : [third, third, third]);
  if (widths.length !== 3) throw call.broken('has weights that do not divide into three');
  const parts = call.steps('split', [made], { axis: 2, splits: widths });
  const [query, ownKey, ownValue] = parts.map((part) => inHeads(call, part, heads)) as [TypedValue, TypedValue, TypedValue];
  const [pastKey, pastValue] = call.has(4)
    ? call.steps('split', [call.ofRank(5, 4)], { axis: 0, splits: [1, 1] }).map((part) => call.reshaped(part, part.type.shape.slice(1)))
    : [];
  const [key, value] = [continued(call, pastKey, ownKey), continued(call, pastValue, ownValue)];
  const output = attended(call, { query, key, value }, { mask: 3, bias: 5 });
  if (!call.wants(1)) return [output];
  const both = [key, value].map((each) => call.reshaped(each, [1, ...each.type.shape]));
  return [output, call.step('concat', both, { axis: 0 })];
}

/** Queries, keys and values are inputs, to which a bias may be added. */
function multiHeadAttention(call: Call): readonly ReadTensor[] {
  const heads = call.attributes.whole('num_heads');
  const [query, ownKey, ownValue] = withBias(call, givenParts(call)).map((part) =>
    part.type.shape.length === 4 ? part : inHeads(call, part, heads),
  ) as [TypedValue, TypedValue, TypedValue];
  const [key, value] = [continued(call, call.optional(6), ownKey), continued(call, call.optional(7), ownValue)];
  return [attended(call, { query, key, value }, { mask: 4, bias: 5 }), key, value];
}

/** The three inputs. Keys and values of another sequence may be in heads. */
function givenParts(call: Call): readonly TypedValue[] {
  if (!call.has(1) || !call.has(2)) throw cannotExpress('has queries, keys and values in one input or in two');
  return [call.ofRank(3, 0), call.value(1), call.value(2)];
}

/** One list has the biases of queries, keys and values. Keys and values in heads have none. */
function withBias(call: Call, parts: readonly TypedValue[]): readonly TypedValue[] {
  if (!call.has(3)) return parts;
  if (parts.some(({ type }) => type.shape.length !== 3)) throw cannotExpress('has a bias for keys that are in heads');
  const biases = call.steps('split', [call.value(3)], { axis: 0, splits: parts.map(({ type }) => type.shape[2] as Size) });
  return parts.map((part, index) => call.apply('add', part, biases[index] as TypedValue));
}

export const FUSED_ATTENTION_IMPORTERS: Importers = {
  'com.microsoft.Attention': attention,
  'com.microsoft.MultiHeadAttention': multiHeadAttention,
};

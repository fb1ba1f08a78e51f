/** Which fields of a layer's config change nothing that it computes. Every other field is read by the layer's rule, or refused. */
import { describe } from '../../base/describe.js';
import type { Settings } from './settings.js';

/** Fields that every layer may have: its name, its input's shape, which is known, and settings of training. */
const OF_ALL: ReadonlySet<string> = new Set(['name', 'trainable', 'dtype', 'batch_input_shape', 'batch_shape']);
const OF_TRAINING = /_(initializer|regularizer|constraint)$/;

/** Ways to run a recurrent layer, which give the same values, settings of training, and what only masks would show. */
const OF_RECURRENT = ['implementation', 'unroll', 'unit_forget_bias', 'dropout', 'recurrent_dropout', 'seed', 'zero_output_for_mask'];

const OF_BATCHES = ['momentum', 'synchronized', 'fused', 'renorm_clipping', 'renorm_momentum', 'virtual_batch_size'];

/** Further fields by class: Keras 2's, Keras 3's and TF.js's. */
const BY_KIND: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['Embedding', ['input_length']],
  ...['BatchNormalization', 'SyncBatchNormalization'].map((kind) => [kind, OF_BATCHES] as const),
  ['Softmax', ['robust_masking']],
  ['MultiHeadAttention', ['dropout', 'seed', 'query_shape', 'key_shape', 'value_shape']],
  ...['Attention', 'AdditiveAttention', 'GroupQueryAttention', 'GroupedQueryAttention'].map((kind) => [kind, ['dropout', 'seed']] as const),
  ...['SimpleRNN', 'LSTM', 'GRU', 'RNN'].flatMap((kind) => [kind, `${kind}Cell`].map((each) => [each, OF_RECURRENT] as const)),
]);

/** Types to compute in. Half floats are computed in float32, which is nearer to what they stand for. */
const FLOATS: readonly unknown[] = ['float32', 'mixed_float16', 'mixed_bfloat16'];
const WHOLE_NUMBERS: readonly unknown[] = ['int32', 'int64'];

/**
 * Refuses a layer with a field that its rule has not read, and so the layers inside it. To be called behind the rule.
 * @throws {PannierError} `model-format`, naming the layer and the field
 */
export function checkAllRead(settings: Settings): void {
  const harmless = BY_KIND.get(settings.kind) ?? [];
  for (const key of settings.unread())
    if (!OF_ALL.has(key) && !OF_TRAINING.test(key) && !harmless.includes(key))
      throw settings.refused(`with ${key} ${describe(settings.value(key))}: no rule reads that field`);
  for (const inner of settings.innerSettings()) checkAllRead(inner);
}

/**
 * Refuses a layer that computes in other numbers than float32, or gives them.
 * @param givesWholeNumbers whether the layer's type may be that of whole numbers
 * @throws {PannierError} `model-format`, naming the layer
 */
export function checkDtype(settings: Settings, givesWholeNumbers: boolean): void {
  let given = settings.value('dtype') ?? 'float32';
  // A policy is `{ class_name: 'Policy', config: { name: 'mixed_float16' } }`, and DTypePolicy in Keras 3.
  if (typeof given === 'object' && 'config' in given) given = (given.config as { readonly name?: unknown } | null)?.name ?? given;
  const known = givesWholeNumbers ? [...FLOATS, ...WHOLE_NUMBERS] : FLOATS;
  if (!known.includes(given)) throw settings.refused(`with dtype ${describe(given)}: ${known.join(', ')} are computed`);
}

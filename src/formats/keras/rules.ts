/** The rule for each class of layer. */
import { ACTIVATION_RULES } from './activations.js';
import { ATTENTION_RULES } from './attention.js';
import { CATEGORY_RULES } from './categories.js';
import { CONVOLUTION_RULES } from './convolution.js';
import { CORE_RULES } from './core.js';
import { EINSUM_RULES } from './einsum.js';
import { IDLE_RULES } from './idle.js';
import { MERGING_RULES } from './merging.js';
import { NORMALISATION_RULES } from './normalisation.js';
import { OPERATOR_RULES } from './operators.js';
import { PICTURE_RULES } from './pictures.js';
import { POOLING_RULES } from './pooling.js';
import { RECURRENT_RULES } from './recurrent.js';
import { REFUSALS } from './refusals.js';
import type { Rule } from './rule.js';
import type { Settings } from './settings.js';
import { SPECTRUM_RULES } from './spectrum.js';
import { VOLUME_RULES } from './volumes.js';
import { WRAPPER_RULES } from './wrappers.js';

/** The rules by class. The operators of Keras 3 have `ops.` before their names. */
export const RULES: ReadonlyMap<string, Rule> = new Map([
  ...CORE_RULES,
  ...EINSUM_RULES,
  ...ATTENTION_RULES,
  ...CONVOLUTION_RULES,
  ...VOLUME_RULES,
  ...PICTURE_RULES,
  ...SPECTRUM_RULES,
  ...POOLING_RULES,
  ...NORMALISATION_RULES,
  ...CATEGORY_RULES,
  ...MERGING_RULES,
  ...RECURRENT_RULES,
  ...WRAPPER_RULES,
  ...ACTIVATION_RULES,
  ...IDLE_RULES,
  ...OPERATOR_RULES,
]);

/** Layers that take whole numbers as they come; all others compute with float32. */
const TAKES_WHOLE_NUMBERS: ReadonlySet<string> = new Set(['Embedding', 'ReversibleEmbedding', 'CategoryEncoding', 'IntegerLookup']);

/** Layers whose `dtype` may be one of whole numbers, which is that of their answer. */
const GIVES_WHOLE_NUMBERS: ReadonlySet<string> = new Set(['Discretization', 'IntegerLookup', 'CategoryEncoding']);

/**
 * The rule for a layer.
 * @throws {PannierError} `model-format`, naming a layer without a rule and the next step
 */
export function ruleOf(settings: Settings): {
  readonly rule: Rule;
  readonly takesWholeNumbers: boolean;
  readonly givesWholeNumbers: boolean;
} {
  const { kind } = settings;
  const rule = RULES.get(kind);
  const { why, next } = REFUSALS.get(kind) ?? { why: 'because there is no rule for its class' };
  if (rule === undefined) throw settings.refused(why, next);
  return { rule, takesWholeNumbers: TAKES_WHOLE_NUMBERS.has(kind), givesWholeNumbers: GIVES_WHOLE_NUMBERS.has(kind) };
}

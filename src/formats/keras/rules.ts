/** The rule for each class of layer, and the reason why some classes have none. */
import { ACTIVATION_RULES } from './activations.js';
import { CONVOLUTION_RULES } from './convolution.js';
import { CORE_RULES } from './core.js';
import { MERGING_RULES } from './merging.js';
import { NORMALISATION_RULES } from './normalisation.js';
import { OPERATOR_RULES } from './operators.js';
import { PICTURE_RULES } from './pictures.js';
import { POOLING_RULES } from './pooling.js';
import { RECURRENT_RULES } from './recurrent.js';
import type { Rule } from './rule.js';
import type { Settings } from './settings.js';

const RULES: ReadonlyMap<string, Rule> = new Map([
  ...CORE_RULES,
  ...CONVOLUTION_RULES,
  ...PICTURE_RULES,
  ...POOLING_RULES,
  ...NORMALISATION_RULES,
  ...MERGING_RULES,
  ...RECURRENT_RULES,
  ...ACTIVATION_RULES,
  ...OPERATOR_RULES,
]);

const REASONS: ReadonlyMap<string, string> = new Map([
  ['Lambda', 'because its code is not in the file'],
  ['Masking', 'because masks are not computed'],
]);

/** Layers that take whole numbers; all others compute with float32. */
const TAKES_WHOLE_NUMBERS: ReadonlySet<string> = new Set(['Embedding']);

/**
 * The rule for a layer.
 * @throws {PannierError} `model-format`, naming a layer without a rule
 */
export function ruleOf(settings: Settings): { readonly rule: Rule; readonly takesWholeNumbers: boolean } {
  const rule = RULES.get(settings.kind);
  if (rule === undefined) throw settings.refused(REASONS.get(settings.kind) ?? 'because there is no rule for its class');
  return { rule, takesWholeNumbers: TAKES_WHOLE_NUMBERS.has(settings.kind) };
}

/** The cases of all classes that have a rule, but for operators, which keras-operators.test.ts has. */
import { ACTIVATION_CASES } from './activations.js';
import { ATTENTION_CASES } from './attention.js';
import type { LayerCase } from './case.js';
import { CATEGORY_CASES } from './categories.js';
import { CORE_CASES } from './core.js';
import { IDLE_CASES } from './idle.js';
import { MERGING_CASES, NORMALISATION_CASES } from './merging.js';
import { RECURRENT_CASES } from './recurrent.js';
import { WINDOW_CASES } from './windows.js';

export const CASES: readonly LayerCase[] = [
  ...CORE_CASES,
  ...ACTIVATION_CASES,
  ...WINDOW_CASES,
  ...MERGING_CASES,
  ...NORMALISATION_CASES,
  ...ATTENTION_CASES,
  ...RECURRENT_CASES,
  ...CATEGORY_CASES,
  ...IDLE_CASES,
];

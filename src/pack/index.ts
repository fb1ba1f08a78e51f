/** `pannier/pack`: what Node programs and `pannier.config.mjs` import. */
export type { BoxLayoutName } from '../manifest/box-layouts.js';
export {
  type BudgetOptions,
  type ColumnOptions,
  type DriftOptions,
  defineConfig,
  type GoldenCheck,
  type ImageOptions,
  type InputOptions,
  type OutputOptions,
  type PackOptions,
  type PadOptions,
  type PannierConfig,
  type QuantizeOption,
  type SampleFiles,
  type WeightKind,
} from './options.js';
export { pack } from './pack.js';
export type { PackResult } from './result.js';

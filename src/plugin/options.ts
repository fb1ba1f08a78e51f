/** The options of the bundler plugins. */
import { check, checkCall } from '../base/fields.js';
import { isListOf } from '../base/lazy-checks.js';

/** The options that every plugin takes. */
export interface PluginOptions {
  /**
   * Path of the config file, relative to the bundler's root. Default `pannier.config.mjs`, if it exists: an app whose models
   * are packed already needs none.
   */
  readonly config?: string;
}

/** The options of `pannier/vite`. */
export interface VitePluginOptions extends PluginOptions {
  /**
   * Adds preload links to the pages that Vite builds, so that a browser fetches a model's files before the scripts run:
   * `true` for the models that a page's script imports statically, or the names of models that it imports in any way. It helps
   * first visits only; later visits have the weights in the cache and fetch them needlessly.
   */
  readonly preload?: boolean | readonly string[];
}

const config = check((value) => typeof value === 'string' && value !== '', 'the path of a config file');
const preload = check(
  (value) => typeof value === 'boolean' || isListOf(value, (name) => typeof name === 'string'),
  "true, false or an array of models' names",
);

/** @throws {PannierError} `options` if an app tells a plugin what it does not take */
export const checkPluginOptions = (options: PluginOptions): void => checkCall<PluginOptions>('pannier()', options, { config });

/** @throws {PannierError} `options` if an app tells the plugin for Vite what it does not take */
export const checkVitePluginOptions = (options: VitePluginOptions): void =>
  checkCall<VitePluginOptions>('pannier()', options, { config, preload });

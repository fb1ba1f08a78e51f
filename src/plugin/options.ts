/** What an app may tell any of the plugins. */
import { check, checkCall, isListOf } from '../base/fields.js';

/** For any of them. */
export interface PluginOptions {
  /**
   * Path of the config file, from the bundler's root. Default `pannier.config.mjs`, where there is one:
   * an app whose models come packed needs none.
   */
  readonly config?: string;
}

/** For `pannier/vite`. */
export interface VitePluginOptions extends PluginOptions {
  /**
   * Adds links to the pages that Vite builds, so that a browser asks for a model's files before the scripts run:
   * true for the models that a page's script imports, or the names of models that it imports in any way. For
   * first visits: a later one has the weights at hand, and asks for them in vain.
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

/** What an app may tell any of the plugins. */
import { checkKnown } from '../pack/check-options.js';
import { show } from '../pack/fields.js';
import { badOption } from '../pack/options.js';

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

/** @throws {PannierError} `options` where an app tells a plugin what it does not take */
export function checkPluginOptions(options: PluginOptions): void {
  checkKnown(options, ['config'], 'pannier()');
  checkConfig(options.config);
}

/** @throws {PannierError} `options`, likewise */
export function checkVitePluginOptions(options: VitePluginOptions): void {
  checkKnown(options, ['config', 'preload'], 'pannier()');
  checkConfig(options.config);
  const preload: unknown = options.preload ?? false;
  const isRight = Array.isArray(preload) ? [...preload].every((name) => typeof name === 'string') : typeof preload === 'boolean';
  if (!isRight) throw badOption(`Option preload is ${show(preload)}; true, false or an array of models' names is wanted.`);
}

function checkConfig(config: unknown): void {
  if (config === undefined || (typeof config === 'string' && config !== '')) return;
  throw badOption(`Option config is ${show(config)}; the path of a config file is wanted.`);
}

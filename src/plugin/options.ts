/** What an app may tell any of the plugins. */

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

/** What an app may tell any of the plugins. */

/** For any of them. */
export interface PluginOptions {
  /**
   * Path of the config file, from the bundler's root. Default `pannier.config.mjs`, where there is one:
   * an app whose models come packed needs none.
   */
  readonly config?: string;
}

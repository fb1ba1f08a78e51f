/** `pannier/rollup`. */
import type { Plugin } from 'rollup';
import { Emitting, packForBuild } from './bundling.js';
import { checkPluginOptions, type PluginOptions } from './options.js';
import { Packing } from './packing.js';

export type { PluginOptions } from './options.js';

/**
 * The plugin for Rollup. When a build starts it packs the models of `pannier.config.mjs` whose options or source files have
 * changed; a model that cannot be packed fails the build, and in a watch only warns. It emits the files of packed models and of
 * Pannier as hashed assets. Rollup needs `@rollup/plugin-node-resolve` to find the package.
 * @throws {PannierError} `options` for an option that it does not take
 */
export function pannier(options: PluginOptions = {}): Plugin {
  checkPluginOptions(options);
  const packing = new Packing(options, process.cwd());
  const emitting = new Emitting();
  return {
    name: 'pannier',
    buildStart() {
      return packForBuild(packing, this);
    },
    transform(code, id) {
      return emitting.transform(code, id, this);
    },
    resolveFileUrl: (reference) => emitting.resolveFileUrl(reference),
    closeWatcher: () => packing.close(),
  };
}

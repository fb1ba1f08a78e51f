/** `pannier/rollup`. */
import type { Plugin } from 'rollup';
import { Emitting, packForBuild } from './bundling.js';
import { checkPluginOptions, type PluginOptions } from './options.js';
import { Packing } from './packing.js';

export type { PluginOptions } from './options.js';

/**
 * Packs the models of `pannier.config.mjs` where a source has changed, and emits what they and Pannier need as
 * hashed files. Packages are found by `@rollup/plugin-node-resolve`, as ever.
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

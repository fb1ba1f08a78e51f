/** `pannier/vite`. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin, ResolvedConfig } from 'vite';
import { CONFIG_FILE } from '../pack/config.js';
import { badOption } from '../pack/options.js';
import { Emitting, packForBuild, tell } from './bundling.js';
import { dependentsOf } from './dependents.js';
import { Failing } from './failing.js';
import { checkVitePluginOptions, type VitePluginOptions } from './options.js';
import { type Outcome, Packing } from './packing.js';
import { preloadLinks } from './preload.js';

export type { PluginOptions, VitePluginOptions } from './options.js';

/**
 * Packs the models of `pannier.config.mjs` where a source has changed, in development too, and emits what they and
 * Pannier need as hashed files, never as `data:`. No other setting of Vite is needed.
 */
export function pannier(options: VitePluginOptions = {}): Plugin {
  checkVitePluginOptions(options);
  const { preload = false } = options;
  let config: ResolvedConfig;
  let packing: Packing;
  const emitting = new Emitting();
  return {
    name: 'pannier',
    enforce: 'pre',
    // Before version 8, packages that Vite bundles for development look for their own files in its cache.
    config: ({ root = '.' }) => ({ optimizeDeps: { exclude: ['pannier', ...dependentsOf(resolve(root))] } }),
    configResolved(resolved) {
      config = resolved;
      packing = new Packing(options, config.root);
    },
    async configureServer({ ws }) {
      const { logger } = config;
      const say = {
        info: (line: string) => logger.info(`[pannier] ${line}`, { timestamp: true }),
        warn: (line: string) => logger.warn(`[pannier] ${line}`, { timestamp: true }),
      };
      const failing = new Failing(ws);
      const report = (outcome: Outcome) => {
        tell(outcome, say);
        if (failing.settle(outcome)) say.info('packed again: every model is up to date');
      };
      const outcome = await packing.pack(say.info);
      report(outcome);
      // Vitest's one run, for one, has nobody to wait for a change.
      if (config.server.watch !== null) packing.watch(outcome, report);
    },
    buildStart() {
      return config.command === 'build' ? packForBuild(packing, this) : undefined;
    },
    transform(code, id) {
      return config.command === 'build' ? emitting.transform(code, id, this) : null;
    },
    resolveFileUrl: (reference) => (config.experimental.renderBuiltUrl === undefined ? emitting.resolveFileUrl(reference) : null),
    transformIndexHtml: {
      order: 'post',
      handler(_html, { path, bundle, chunk }) {
        // Where the app makes its own addresses, a link of ours would be another one.
        if (bundle === undefined || chunk === undefined || preload === false || config.experimental.renderBuiltUrl) return undefined;
        return preloadLinks({ path, bundle, chunk, base: config.base }, preload === true ? undefined : foldersOf(preload, packing.models));
      },
    },
    buildEnd: () => (config.command === 'serve' ? packing.close() : undefined),
    closeWatcher: () => packing.close(),
  };
}

function foldersOf(names: readonly string[], models: Outcome['models']): string[] {
  return names.map((name) => {
    const model = models.find((each) => each.name === name);
    if (model !== undefined) return realpathSync(model.folder);
    throw badOption(
      `Option preload names "${name}"; ${CONFIG_FILE} has ${models.map((each) => `"${each.name}"`).join(', ') || 'no models'}.`,
    );
  });
}

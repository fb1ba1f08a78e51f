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
 * The plugin for Vite. It packs the models of `pannier.config.mjs` whose options or source files have changed, when a build
 * starts and while the development server runs. A model that cannot be packed fails a build, and in development covers the page
 * with the error. It emits the files of packed models and of Pannier as hashed assets, never as `data:`.
 * @throws {PannierError} `options` for an option that it does not take
 */
export function pannier(options: VitePluginOptions = {}): Plugin {
  checkVitePluginOptions(options);
  const { preload = false } = options;
  let config: ResolvedConfig;
  let packing: Packing;
  const emitFiles = (): Pick<Plugin, 'transform' | 'resolveFileUrl'> => {
    const emitting = new Emitting();
    return {
      transform(code, id) {
        return config.command === 'build' ? emitting.transform(code, id, this) : null;
      },
      resolveFileUrl: (reference) => (config.experimental.renderBuiltUrl === undefined ? emitting.resolveFileUrl(reference) : null),
    };
  };
  return {
    ...emitFiles(),
    name: 'pannier',
    enforce: 'pre',
    config: ({ root = '.', worker }) => ({
      // Before version 8, Vite's development bundles look for the files of a package in Vite's cache.
      optimizeDeps: { exclude: ['pannier', ...dependentsOf(resolve(root))] },
      worker: {
        // Vite's default, 'iife', takes no top-level await, and puts all of TF.js into the script of a worker that imports Pannier.
        format: worker?.format ?? 'es',
        // Vite builds each worker by itself, with these plugins and those that the app's config has for workers.
        plugins: () => [{ name: 'pannier:worker', enforce: 'pre', ...emitFiles() }],
      },
    }),
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
        if (failing.show(outcome)) say.info('packed again: every model is up to date');
      };
      const outcome = await packing.pack(say.info);
      report(outcome);
      // A server that does not watch, such as that of a single run of Vitest, sees no change.
      if (config.server.watch !== null) packing.watch(outcome, report);
    },
    buildStart() {
      return config.command === 'build' ? packForBuild(packing, this) : undefined;
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { path, bundle, chunk }) {
        // With `renderBuiltUrl` the app's addresses are unknown here, and a link with another address would load a file twice.
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

/**
 * tsc has written JavaScript to `.build`; Rollup makes of it what ships. Everything that runs in a
 * browser is bundled whole, since a module worker has no import map. Every file that asks for
 * `new URL('./x', import.meta.url)` lies in the root of `dist/`, chunks too, so that it means the same everywhere.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import commonjs from '@rollup/plugin-commonjs';
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';

const inBuild = (name) => join(fileURLToPath(new URL('.', import.meta.url)), `.build/src/${name}.js`);

/** The table of engines, whose targets each get a worker. An address of its own keeps Rollup from bundling it into this file. */
const { ENGINES } = await import(pathToFileURL(inBuild('engines/registry')).href);

/** TF.js files that no browser needs: Node's platform, and the threaded wasm build, which wants `blob:` workers. */
const STUBS = [
  [/tfjs-core\/dist\/platforms\/platform_node\.js$/, 'export {};'],
  [
    /wasm-out\/tfjs-backend-wasm-threaded-simd\.js$/,
    "export default () => { throw new Error('The threaded wasm build is not shipped.'); };",
  ],
  [/wasm-out\/tfjs-backend-wasm-threaded-simd\.worker\.js$/, 'export const wasmWorkerContents = "";'],
];

/** A worker is told the address of this module, and imports it from there. */
const WORKER_STUBS = [[/engines\/compiled\/import-host-parts\.js$/, 'export const importHostParts = (address) => import(address);']];
const stubsOf = (files) => ({ name: 'stubs', load: (id) => files.find(([file]) => file.test(id))?.[1] ?? null });

/**
 * TF.js files that must run though nothing of theirs is used: they register flags, the platform, ops,
 * kernels. Not tfjs-core's index, which registers optimizers: we train nothing.
 */
const RUNS =
  /tfjs-core\/dist\/(base_side_effects|engine|tensor|flags|platforms\/platform_browser)\.js$|tfjs-converter\/dist\/(index|flags)\.js$|tfjs-backend-\w+\/dist\/(index|base|flags_\w+|register_all_kernels)\.js$|wasm-out/;
const moduleSideEffects = (id) => RUNS.test(id);

/** Entries that ship by themselves, for a page that ships in a folder of its own. */
const SHIPPED = { '../../src/index.js': '../index.js', '../../src/read/index.js': '../read.js' };
const shippedBeside = {
  name: 'shipped-beside',
  resolveId: (id) => (Object.hasOwn(SHIPPED, id) ? { id: SHIPPED[id], external: 'relative' } : null),
};

/** The entry of a target's worker, written here: no file needs to be added for a new row of the table. */
const WORKER_ENTRY = 'pannier-worker';
const workerEntry = (engine, backend) => ({
  name: 'worker-entry',
  resolveId: (id) => (id === WORKER_ENTRY ? id : null),
  load: (id) =>
    id !== WORKER_ENTRY
      ? null
      : `import { start } from ${JSON.stringify(inBuild(`engines/${engine}/${backend}`))};
import { serve } from ${JSON.stringify(inBuild('worker/host'))};
serve(${JSON.stringify(backend)}, start);`,
});

const NOTICE = '/*! Holds TensorFlow.js, Copyright Google LLC, Apache-2.0, https://github.com/tensorflow/tfjs */';
const banner = ({ moduleIds }) => (moduleIds.some((id) => id.includes('@tensorflow')) ? NOTICE : '');

/** Warnings fail the build; these, all in TF.js's own files, are known. */
const KNOWN = new Set([
  'CIRCULAR_DEPENDENCY', // tensor.js and its ops call each other, after loading only
  'THIS_IS_UNDEFINED', // `this && this.__awaiter` of TypeScript's old helpers
  'EVAL', // seedrandom's and emscripten's look for Node, never taken
]);
function onwarn(warning) {
  const files = warning.ids ?? [warning.id ?? ''];
  if (KNOWN.has(warning.code) && files.every((id) => id.includes('node_modules'))) return;
  throw Object.assign(new Error(`${warning.code}: ${warning.message}`), { cause: warning });
}

/**
 * The chunks of a load besides the first one. `page-lazy.js` has what every load imports beside the model's bytes, and
 * `page-cache.js` what it imports if there is a cache: nothing of a load waits for a second round trip. The others have the compiled
 * engine for the page's own thread.
 */
const CHUNKS = {
  cache: ['storage/guarded', 'download/shard-locks', 'select/remembered'],
  lazy: [
    'model',
    'manifest/details',
    'select/model-opener',
    'select/autotune',
    'select/reset-backends',
    'runtime/page-thread',
    'runtime/served-model',
    'download/retry',
    'download/prefetch',
    'download/refuse-network',
    'storage/held',
    'storage/cache-writer',
    'storage/status',
    'worker/worker-engine',
  ],
  compiled: ['engines/compiled/wasm', 'base/strided'],
  'host-parts': ['engines/compiled/host-parts'],
};

/**
 * TF.js's core and converter make one file, with the kernels that two backends have mended, so that backends bring only their own
 * kernels: a bundler lists every further file, with its hash, in the app's first chunk.
 */
function chunkOf(id, { getModuleInfo }) {
  if (/tfjs-(core|converter)\/|tfjs\/mended-kernels/.test(id)) return 'tfjs-core';
  chunkNames ??= namedChunks(getModuleInfo);
  return chunkNames.get(id);
}
let chunkNames;

/** The chunk of each file that the first chunk does without. */
function namedChunks(getModuleInfo) {
  const early = reachedFrom([inBuild('index')], getModuleInfo);
  const names = new Map();
  for (const [name, files] of Object.entries(CHUNKS))
    for (const id of reachedFrom(files.map(inBuild), getModuleInfo)) if (!early.has(id) && !names.has(id)) names.set(id, name);
  return names;
}

/** The files that are imported statically from `entries`, the entries among them. */
function reachedFrom(entries, getModuleInfo) {
  const reached = new Set(entries);
  for (const id of reached) for (const imported of getModuleInfo(id).importedIds) reached.add(imported);
  return reached;
}

export const browser = {
  plugins: [
    stubsOf(STUBS),
    resolve({ browser: true }),
    commonjs({ include: /node_modules\/(long|seedrandom)\/|wasm-out/ }),
    terser({ ecma: 2020, module: true, format: { comments: /^!/ } }),
  ],
  treeshake: { moduleSideEffects },
  onwarn,
};
const node = { external: /^(?![./]|[a-z]:[\\/])/i, onwarn };
const out = { dir: 'dist', format: 'es', banner, hoistTransitiveImports: false };

/** Tests of apps: one file for every bundler and runner, as CommonJS for Jest alone, and what leads Jest there. */
const testing = [
  {
    ...browser,
    input: { testing: '.build/src/testing/index.js' },
    output: { ...out, entryFileNames: '[name].js', inlineDynamicImports: true },
  },
  {
    ...node,
    input: {
      index: '.build/src/index.js',
      read: '.build/src/read/index.js',
      remote: '.build/src/remote/index.js',
      drift: '.build/src/drift/index.js',
      testing: '.build/src/testing/index.js',
    },
    output: {
      ...out,
      format: 'cjs',
      dynamicImportInCjs: false,
      entryFileNames: 'jest-[name].cjs',
      chunkFileNames: 'jest-shared-[name].cjs',
    },
  },
  {
    ...node,
    input: { jest: '.build/src/plugin/jest.js' },
    output: { ...out, entryFileNames: '[name].js' },
  },
];

export default [
  ...testing,
  {
    ...browser,
    input: {
      index: '.build/src/index.js',
      read: '.build/src/read/index.js',
      remote: '.build/src/remote/index.js',
      drift: '.build/src/drift/index.js',
    },
    output: {
      ...out,
      entryFileNames: '[name].js',
      chunkFileNames: 'page-[name].js',
      manualChunks: chunkOf,
      onlyExplicitManualChunks: true,
    },
  },
  // The page of `pannier try` imports what apps import, from beside it.
  {
    ...browser,
    plugins: [shippedBeside, ...browser.plugins],
    input: { page: '.build/apps/try/page.js' },
    output: { ...out, entryFileNames: 'try/[name].js', inlineDynamicImports: true },
  },
  {
    ...browser,
    input: { 'host-parts': '.build/src/engines/compiled/host-parts.js' },
    output: { ...out, entryFileNames: 'worker/[name].js', inlineDynamicImports: true },
  },
  ...Object.entries(ENGINES).flatMap(([engine, { targets }]) =>
    Object.entries(targets).map(([backend, { worker }]) => ({
      ...browser,
      plugins: [workerEntry(engine, backend), stubsOf(WORKER_STUBS), ...browser.plugins],
      input: WORKER_ENTRY,
      output: { ...out, entryFileNames: worker.name, inlineDynamicImports: true },
    })),
  ),
  // In one build, so that whoever packs and predicts in one process has one TF.js engine and one line for it.
  {
    ...node,
    input: {
      ...{ node: '.build/src/index.js', pack: '.build/src/pack/index.js' },
      ...{ cli: '.build/apps/cli/index.js', 'cli-progress': '.build/apps/cli/progress-thread.js' },
      ...Object.fromEntries(
        ['vite', 'rollup', 'esbuild', 'plugin-thread'].map((name) => [name, `.build/src/plugin/${name.replace('plugin-', '')}.js`]),
      ),
    },
    output: {
      ...out,
      entryFileNames: '[name].js',
      chunkFileNames: 'node-[name].js',
      banner: ({ name }) => (name === 'cli' ? '#!/usr/bin/env node' : ''),
    },
  },
];

/** Rollup with the plugin, and the app's own resolver and minifier. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import type { Browser } from 'playwright-core';
import { type OutputOptions, type Plugin, rollup, watch } from 'rollup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from '../harness/browser.js';
import { serve } from '../harness/site.js';
import { type App, CONFIG, expectAnswer, filesUnder, indexHtml, MAIN, makeApp } from './app.js';
import { expectAssetsOnce, expectOneBackend } from './emitted.js';

const PATIENT = { timeout: 30_000 };

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const makeRollupApp = (name: string) => makeApp(name, { 'pannier.config.mjs': CONFIG, 'src/main.js': MAIN });

async function optionsOf(app: App, output: OutputOptions = {}) {
  const { pannier } = await import(pathToFileURL(join(app.folder, 'node_modules/pannier/dist/rollup.js')).href);
  const plugin: Plugin = pannier({ config: join(app.folder, 'pannier.config.mjs') });
  return {
    input: join(app.folder, 'src/main.js'),
    plugins: [plugin, resolve({ browser: true })],
    output: { dir: join(app.folder, 'dist'), format: 'es' as const, ...output },
  };
}

async function expectBuild(app: App, output: OutputOptions): Promise<void> {
  const options = await optionsOf(app, output);
  const bundle = await rollup(options);
  await bundle.write(options.output);
  await bundle.close();
  const entry = /^(js\/)?main[\w-]*\.js$/;
  expectAssetsOnce(join(app.folder, 'dist'), join(app.folder, 'src/models/add'));
  const site = await serve({ '/some/where/': join(app.folder, 'dist') });
  const script = [...filesUnder(join(app.folder, 'dist')).keys()].find((name) => entry.test(name));
  site.put('/index.html', indexHtml(`/some/where/${script}`));
  await expectOneBackend(await expectAnswer(browser, `${site.url}/index.html`));
  await site.close();
}

// Terser takes its time for every backend that a page may ask for.
test('a minified build answers', { timeout: 180_000 }, async () => {
  await expectBuild(makeRollupApp('rollup'), { plugins: [terser()] });
});

test('names and places are the app’s', async () => {
  await expectBuild(makeRollupApp('rollup-names'), {
    entryFileNames: 'js/[name]-[hash].js',
    chunkFileNames: 'js/deep/[name].js',
    assetFileNames: '[name][extname]',
  });
});

test('a broken model ends a build', async () => {
  const app = makeRollupApp('rollup-broken');
  app.write('training/w.bin', new Uint8Array(3));
  await expect(rollup(await optionsOf(app))).rejects.toThrow('models["add"]: w.bin should have 16 bytes');
});

test('a watch packs a changed model once, and bundles it once', async () => {
  const app = makeRollupApp('rollup-watch');
  const said: string[] = [];
  const onLog = (_level: unknown, { message, plugin }: { message: string; plugin?: string | undefined }) => {
    if (plugin === 'pannier') said.push(message);
  };
  const watcher = watch({ ...(await optionsOf(app)), onLog });
  let built = 0;
  watcher.on('event', async (event) => {
    if (event.code === 'ERROR') said.push(event.error.message);
    if (event.code !== 'BUNDLE_END') return;
    await event.result.close();
    built++;
  });
  const packs = () => said.map((line) => line.replace(/: \d.*/, ''));
  await expect.poll(() => built, PATIENT).toBe(1);
  expect(packs()).toEqual(['[plugin pannier] "add" packed']);

  app.write('training/w.bin', new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
  await expect.poll(() => built, PATIENT).toBe(2);
  app.write('training/w.bin', new Uint8Array(3));
  await expect.poll(packs, PATIENT).toHaveLength(3);
  expect(packs()[2]).toMatch('models["add"]: w.bin should have 16 bytes');
  // Time for a build too many.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(built).toBe(2);
  await watcher.close();
});

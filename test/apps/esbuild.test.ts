/** esbuild with the plugin: one script or several, minified. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, build, context } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from '../harness/browser.js';
import { serve } from '../harness/site.js';
import { type App, CONFIG, expectAnswer, filesUnder, indexHtml, MAIN, makeApp } from './app.js';
import { expectAssetsOnce, expectOneBackend } from './emitted.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const makeEsbuildApp = (name: string) => makeApp(name, { 'pannier.config.mjs': CONFIG, 'src/main.js': MAIN });

async function optionsOf({ folder }: App): Promise<BuildOptions> {
  const { pannier } = await import(pathToFileURL(join(folder, 'node_modules/pannier/dist/esbuild.js')).href);
  return {
    absWorkingDir: folder,
    entryPoints: ['src/main.js'],
    outdir: 'dist',
    bundle: true,
    format: 'esm',
    minify: true,
    plugins: [pannier()],
    logLevel: 'silent',
  };
}

/** Made and packed once: its builds differ in esbuild's options alone. */
let built: App | undefined;

test.each<BuildOptions>([
  { splitting: true },
  { splitting: false },
  { entryNames: 'js/deep/[name]-[hash]', assetNames: 'media/[name]' },
  { write: false },
])('a minified build with %j answers', async (given) => {
  built ??= makeEsbuildApp('esbuild');
  const app = built;
  rmSync(join(app.folder, 'dist'), { recursive: true, force: true });
  const { outputFiles } = await build({ ...(await optionsOf(app)), ...given });
  for (const { path, contents } of outputFiles ?? []) app.write(path.slice(app.folder.length + 1), contents);
  const entry = /^(js\/deep\/)?main[\w-]*\.js$/;
  expectAssetsOnce(join(app.folder, 'dist'), join(app.folder, 'src/models/add'));
  const script = [...filesUnder(join(app.folder, 'dist')).keys()].find((name) => entry.test(name));
  const site = await serve({ '/some/where/': join(app.folder, 'dist') });
  site.put('/index.html', indexHtml(`/some/where/${script}`));
  await expectOneBackend(await expectAnswer(browser, `${site.url}/index.html`));
  await site.close();
});

test('a module that reads outputs shares its errors with the one that loads', async () => {
  const app = makeEsbuildApp('esbuild-read');
  app.write(
    'src/main.js',
    `import { PannierError } from 'pannier';
import { topK } from 'pannier/read';
const tensor = { shape: [2], data: new Float32Array(2) };
try { topK(tensor, { row: 7 }); } catch (error) { document.querySelector('output').value = error instanceof PannierError; }`,
  );
  await build(await optionsOf(app));
  const site = await serve({ '/': join(app.folder, 'dist') });
  site.put('/index.html', indexHtml('/main.js'));
  const page = await browser.newPage();
  await page.goto(`${site.url}/index.html`);
  await page.waitForFunction(() => document.querySelector('output')?.value !== '');
  expect(await page.$eval('output', ({ value }) => value)).toBe('true');
  await page.close();
  await site.close();
});

test('another format is refused, and so is a broken model', async () => {
  const app = makeEsbuildApp('esbuild-broken');
  const options = await optionsOf(app);
  await expect(build({ ...options, format: 'iife' })).rejects.toThrow("format: 'esm' is wanted");
  app.write('training/w.bin', new Uint8Array(3));
  await expect(build(options)).rejects.toThrow('models["add"]: w.bin should have 16 bytes');
});

test('a watch packs a changed model, and tells of a broken one', async () => {
  const app = makeEsbuildApp('esbuild-watch');
  const options = await optionsOf(app);
  const ended: { weights: string[]; warnings: string[] }[] = [];
  const ends = {
    name: 'ends',
    setup: ({ onEnd }: Parameters<NonNullable<BuildOptions['plugins']>[number]['setup']>[0]) =>
      onEnd(({ metafile, warnings }) => {
        const names = Object.keys(metafile?.outputs ?? {});
        ended.push({ weights: names.filter((name) => name.includes('/weights-')), warnings: warnings.map(({ text }) => text) });
      }),
  };
  const watching = await context({ ...options, plugins: [...(options.plugins ?? []), ends] });
  await watching.watch();
  const patient = { timeout: 30_000 };
  await expect.poll(() => ended.length, patient).toBe(1);

  app.write('training/w.bin', new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
  await expect.poll(() => ended.at(-1)?.weights, patient).not.toEqual(ended[0]?.weights);
  const good = ended.at(-1);
  app.write('training/w.bin', new Uint8Array(3));
  await expect.poll(() => ended.at(-1)?.warnings[0], patient).toMatch('models["add"]: w.bin should have 16 bytes');
  expect(ended.at(-1)?.weights).toEqual(good?.weights);
  await watching.dispose();
});

/** Vite with the plugin, and without it by the documented setting: development, builds, library mode. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build, createLogger, createServer, resolveConfig } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addModel, writeModel } from '../fixtures/models.js';
import { launch, openPage } from '../harness/browser.js';
import { serve } from '../harness/site.js';
import { ANSWER, type App, CONFIG, expectAnswer, filesUnder, indexHtml, MAIN, makeApp } from './app.js';
import { expectAssetsOnce, expectOneBackend } from './emitted.js';

const files = {
  'pannier.config.mjs': CONFIG,
  'src/main.js': MAIN,
  'index.html': indexHtml('/src/main.js'),
};

/** Vite finds the plugin in the app, as an app's own config does. */
const VITE_CONFIG = `
import { pannier } from 'pannier/vite';
export default { plugins: [pannier()] };
`;

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

/** @returns the packages that are not bundled for development */
async function expectServed({ folder }: App): Promise<readonly string[]> {
  const server = await createServer({ root: folder, logLevel: 'silent', server: { port: 0, host: '127.0.0.1' } });
  await server.listen();
  await expectAnswer(browser, server.resolvedUrls?.local[0] as string);
  await server.close();
  return server.config.optimizeDeps.exclude ?? [];
}

test('a build with a base answers, and its scripts do not grow with the model', async () => {
  const app = makeApp('vite-build', { ...files, 'vite.config.mjs': VITE_CONFIG });
  const scriptBytes = async (): Promise<number> => {
    await build({ root: app.folder, base: '/sub/', logLevel: 'error' });
    const built = [...filesUnder(join(app.folder, 'dist'))];
    return built.filter(([name]) => name.endsWith('.js')).reduce((sum, [, bytes]) => sum + bytes, 0);
  };
  const few = await scriptBytes();
  expectAssetsOnce(join(app.folder, 'dist'), join(app.folder, 'src/models/add'));
  const site = await serve({ '/sub/': join(app.folder, 'dist') });
  await expectOneBackend(await expectAnswer(browser, `${site.url}/sub/index.html`));
  await site.close();
  writeModel(addModel([1, 250_000], new Float32Array(250_000).fill(1)), join(app.folder, 'training'));
  const many = await scriptBytes();
  expect(
    [...filesUnder(join(app.folder, 'dist'))].filter(([name, bytes]) => name.includes('weights-') && bytes === 1_000_000),
  ).toHaveLength(1);
  // Shapes and sizes have more digits, the golden sample up to 1,024 places.
  expect(Math.abs(many - few)).toBeLessThan(500);
});

/** A worker of the app's own that loads the model, predicts and tells its page, all at the top level. */
const WORKER = `
import { loadModel } from 'pannier';
import add from './models/add/model.js';
const model = await loadModel(add);
const { outputs } = await model.predict({ x: Float32Array.of(1, 2, 3, 4) });
const notes = model.notes.map(({ code, message }) => code + ': ' + message).join();
postMessage({ value: outputs.sumY.data.join(' '), where: model.backend + ' in ' + model.thread, notes });
`;

/** The script of a page that starts a worker and shows what it tells. */
const startWorker = (start: string): string => `
${start}
worker.addEventListener('message', ({ data: { value, ...told } }) => {
  const output = document.querySelector('output');
  Object.assign(output.dataset, told);
  output.value = value;
});
worker.addEventListener('error', ({ message }) => document.querySelector('output').append(message ?? 'The worker did not start.'));
`;

test("a worker of the app's own loads a model, under Trusted Types too", async () => {
  const app = makeApp('vite-worker', {
    ...files,
    'src/main.js': startWorker("const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });"),
    'src/strict.js': startWorker(`import { trustedScriptUrl } from 'pannier';
import url from './worker.js?worker&url';
const worker = new Worker(trustedScriptUrl(url), { type: 'module' });`),
    'src/worker.js': WORKER,
    'strict.html': indexHtml('/src/strict.js'),
    'vite.config.mjs': VITE_CONFIG,
  });
  const input = ['index.html', 'strict.html'].map((page) => join(app.folder, page));
  await build({ root: app.folder, base: './', logLevel: 'error', build: { rolldownOptions: { input } } });
  expectAssetsOnce(join(app.folder, 'dist'), join(app.folder, 'src/models/add'));
  for (const [page, rules, mostBytes] of [
    ['index.html', { csp: null }, undefined],
    // The page asks for the first chunk as well, for `trustedScriptUrl`: a worker's build shares no chunk with it.
    ['strict.html', {}, 128_000],
  ] as const) {
    const site = await serve({ '/sub/': join(app.folder, 'dist') }, rules);
    await expectAnswer(browser, `${site.url}/sub/${page}`);
    // The site's list also has the requests of workers.
    const asked = site.requests.map(({ url }) => new URL(url, site.url).href);
    await expectOneBackend(
      asked.filter((each) => each.endsWith('.js')),
      mostBytes,
    );
    await site.close();
  }
});

test("a format and plugins of the app's own for its workers stay", async () => {
  const app = makeApp('vite-worker-own', { ...files, 'vite.config.mjs': VITE_CONFIG });
  const own = { name: 'own' };
  const { worker } = await resolveConfig({ root: app.folder, worker: { format: 'iife', plugins: () => [own] } }, 'build');
  const { plugins } = await worker.plugins([]);
  expect([worker.format, plugins.map(({ name }) => name).filter((name) => /own|pannier/.test(name))]).toEqual([
    'iife',
    ['pannier:worker', 'own'],
  ]);
});

test.each([true, ['add']])('with preload %j a page asks for its model once, and at once', async (preload) => {
  const app = makeApp('vite-preload', {
    ...files,
    'pages/other/index.html': indexHtml('./other.js'),
    'pages/other/other.js': preload === true ? "import('/src/main.js');" : '',
    'vite.config.mjs': VITE_CONFIG.replace('pannier()', `pannier({ preload: ${JSON.stringify(preload)} })`),
  });
  const input = ['index.html', 'pages/other/index.html'].map((page) => join(app.folder, page));
  await build({ root: app.folder, base: './', logLevel: 'error', build: { rolldownOptions: { input } } });
  const links = (page: string) =>
    readFileSync(join(app.folder, 'dist', page), 'utf8').match(/<link rel="preload" as="fetch" crossorigin href="[^"]+">/g);
  // The weights and the golden samples: which graph it opens, the browser decides.
  expect(
    links('index.html')
      ?.map((link) => link.match(/(\w+)-[0-9a-f]{16}/)?.[1])
      .sort(),
  ).toEqual(['golden', 'weights']);
  expect(links('pages/other/index.html')).toBeNull();
  // The same links: one page has shown that they are of use.
  if (preload !== true) return;
  const site = await serve({ '/': join(app.folder, 'dist') });
  await expectOneBackend(await expectAnswer(browser, `${site.url}/index.html`));
  const asked = site.requests.map(({ path }) => path).filter((path) => /\/(compiled|tfjs|weights|golden)-[0-9a-f]{16}/.test(path));
  expect(asked.map((path) => path.replace(/.*\/(\w+)-.*/, '$1')).sort()).toEqual(['compiled', 'golden', 'weights']);
  await site.close();
});

test('preload names models of the config alone', async () => {
  const app = makeApp('vite-preload', { ...files, 'vite.config.mjs': VITE_CONFIG.replace('pannier()', "pannier({ preload: ['ad'] })") });
  const built = build({ root: app.folder, logLevel: 'silent' });
  await expect(built).rejects.toThrow('Option preload names "ad"; pannier.config.mjs has "add".');
});

test('names and places of assets are the app’s', async () => {
  const app = makeApp('vite-names', { ...files, 'vite.config.mjs': VITE_CONFIG });
  const output = {
    assetFileNames: 'media/deep/[hash]-[name][extname]',
    chunkFileNames: 'js/[name]-[hash].js',
    entryFileNames: '[name].js',
  };
  await build({ root: app.folder, base: './', logLevel: 'error', build: { rolldownOptions: { output } } });
  const names = [...filesUnder(join(app.folder, 'dist')).keys()];
  expect(
    names.filter((name) => /^media\/deep\/[\w-]{8}-(compiled|tfjs|weights|golden|pannier-[\w-]+)-[0-9a-f]{16}\.\w+$/.test(name)),
  ).toHaveLength(10);
  const site = await serve({ '/': join(app.folder, 'dist') });
  await expectOneBackend(await expectAnswer(browser, `${site.url}/index.html`));
  await site.close();
});

test('a library keeps its model beside it, and a page without a bundler uses it', async () => {
  const app = makeApp('vite-library', { ...files, 'vite.config.mjs': VITE_CONFIG });
  await build({
    root: app.folder,
    logLevel: 'error',
    build: { minify: true, lib: { entry: 'src/main.js', formats: ['es'], fileName: 'library' } },
  });
  expectAssetsOnce(join(app.folder, 'dist'), join(app.folder, 'src/models/add'));
  const site = await serve({ '/vendor/library/': join(app.folder, 'dist') });
  site.put('/index.html', indexHtml('/vendor/library/library.js'));
  // Vite leaves the white space of a library, for the app's own bundler.
  await expectOneBackend(await expectAnswer(browser, `${site.url}/index.html`), 135_000);
  await site.close();
});

test('a dev server answers for a model that an installed package holds', async () => {
  const app = makeApp('vite-kit', {
    'package.json': JSON.stringify({ name: 'vite-kit', private: true, type: 'module', dependencies: { 'add-kit': '1.0.0' } }),
    'pannier.config.mjs': CONFIG.replace('src/models/add', 'node_modules/add-kit/model'),
    'node_modules/add-kit/package.json': JSON.stringify({
      name: 'add-kit',
      version: '1.0.0',
      type: 'module',
      exports: './index.js',
      peerDependencies: { pannier: '*' },
    }),
    'node_modules/add-kit/index.js': "export { default as add } from './model/model.js';",
    'src/main.js': MAIN.replace("import add from './models/add/model.js'", "import { add } from 'add-kit'"),
    'index.html': indexHtml('/src/main.js'),
    'public/favicon.ico': '',
    'vite.config.mjs': VITE_CONFIG,
  });
  expect(await expectServed(app)).toEqual(['pannier', 'add-kit']);
});

test('a server-side build leaves the package to Node, and answers there', async () => {
  const app = makeApp('vite-server', { ...files, 'vite.config.mjs': VITE_CONFIG });
  app.write(
    'src/server.js',
    `import { loadModel } from 'pannier';
import add from './models/add/model.js';
export const render = () => '<output>' + add.name + '</output>';
if (process.argv[2] === 'predict') {
  const model = await loadModel(add);
  const { outputs } = await model.predict({ x: Float32Array.of(1, 2, 3, 4) });
  console.log(model.backend, ...outputs.sumY.data);
} else console.log(render());`,
  );
  // Vite leaves assets to the build for browsers, unless a server wants them itself.
  for (const [ssrEmitAssets, assets] of [
    [false, 0],
    [true, 4],
  ] as const) {
    await build({ root: app.folder, logLevel: 'error', build: { ssr: 'src/server.js', ssrEmitAssets } });
    expect(app.node('dist/server.js').trim()).toBe('<output>add</output>');
    const emitted = [...filesUnder(join(app.folder, 'dist')).keys()].filter((name) => name !== 'server.js');
    expect(emitted).toHaveLength(assets);
  }
  expect(app.node('dist/server.js', 'predict').trim()).toBe(`wasm ${ANSWER}`);
});

test('without the plugin one setting will do', async () => {
  const app = makeApp('vite-bare', { ...files, 'public/favicon.ico': '' });
  app.pack();
  await build({ root: app.folder, logLevel: 'error', build: { assetsInlineLimit: 0 } });
  const site = await serve({ '/': join(app.folder, 'dist') });
  await expectOneBackend(await expectAnswer(browser, `${site.url}/index.html`));
  await site.close();
  await expectServed(app);
});

test('a dev server answers, and packs a changed model once', async () => {
  const app = makeApp('vite-dev', { ...files, 'public/favicon.ico': '', 'vite.config.mjs': VITE_CONFIG });
  const lines: string[] = [];
  const customLogger = {
    ...createLogger('silent'),
    info: (line: string) => void lines.push(line),
    warn: (line: string) => void lines.push(line),
  };
  const server = await createServer({ root: app.folder, customLogger, server: { port: 0, host: '127.0.0.1' } });
  await server.listen();
  const url = server.resolvedUrls?.local[0] as string;
  await expectAnswer(browser, url);

  const packs = () => lines.filter((line) => /^\[pannier\](?!.*, \d+ s$)/.test(line)).map((line) => line.replace(/: (\d|every).*/, ''));
  expect(packs()).toEqual(['[pannier] "add" packed']);
  const page = await openPage(browser, url);
  const answer = (wanted: string) => page.waitForFunction((value) => document.querySelector('output')?.value === value, wanted);
  await answer(ANSWER);
  // A page that is not connected yet, of which there are two, hears of no change.
  await expect.poll(() => server.ws.clients.size).toBe(2);

  // An exporter writes several files, and not at once.
  const json = join(app.folder, 'training/model.json');
  app.write('training/w.bin', new Uint8Array(Float32Array.of(0, 0, 0, 0).buffer));
  await new Promise((resolve) => setTimeout(resolve, 150));
  writeFileSync(json, readFileSync(json));
  await new Promise((resolve) => setTimeout(resolve, 150));
  app.write('training/w.bin', new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
  await answer('2 4 6 8');
  expect(packs()).toHaveLength(2);

  // A broken export is told of; what was packed last goes on.
  app.write('training/w.bin', new Uint8Array(3));
  await expect.poll(packs, { timeout: 30_000 }).toHaveLength(3);
  expect(packs()[2]).toMatch('models["add"]: w.bin should have 16 bytes');
  await overlay(page, 'models["add"]: w.bin should have 16 bytes');
  await page.reload();
  await answer('2 4 6 8');
  await overlay(page, 'models["add"]: w.bin should have 16 bytes');

  // The config's own imports count, too.
  app.write('training/w.bin', new Uint8Array(Float32Array.of(5, 5, 5, 5).buffer));
  await answer('6 7 8 9');
  expect(packs().slice(3)).toEqual(['[pannier] "add" packed', '[pannier] packed again']);
  expect(await page.$('vite-error-overlay')).toBeNull();

  // A slip in the config packs nothing, and mending it neither.
  app.write('pannier.config.mjs', CONFIG.replace("out: '", "ou: '"));
  await overlay(page, 'ou');
  const later = await openPage(browser, url);
  await overlay(later, 'ou');
  app.write('pannier.config.mjs', CONFIG);
  for (const each of [page, later]) {
    await each.waitForFunction(() => document.querySelector('vite-error-overlay') === null);
    await each.waitForFunction(() => document.querySelector('output')?.value === '6 7 8 9');
  }
  expect(packs()).toHaveLength(7);
  expect(packs().at(-1)).toBe('[pannier] packed again');
  const last = await openPage(browser, url);
  await last.waitForFunction(() => document.querySelector('output')?.value === '6 7 8 9');
  expect(await last.$('vite-error-overlay')).toBeNull();
  for (const each of [page, later, last]) await each.close();
  await server.close();
});

/** Until Vite's overlay says so. */
const overlay = (page: Page, text: string) =>
  page.waitForFunction(
    (wanted) => document.querySelector('vite-error-overlay')?.shadowRoot?.querySelector('.message')?.textContent?.includes(wanted),
    text,
  );

/** What the guides in docs/ say of isolation and of being offline, in a real browser. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addModel } from '../fixtures/models.js';
import { complaintsOf, openPage } from '../harness/browser.js';
import { serve } from '../harness/site.js';
import { placesModel, room } from './room.js';

const here = room({ add: addModel(), places: placesModel() });

/** In a page: one load and one answer. */
async function answer() {
  const model = await load('add', { backend: 'wasm' });
  const { outputs } = await model.predict({ x: new Float32Array(crossOriginIsolated ? new SharedArrayBuffer(16) : new ArrayBuffer(16)) });
  return {
    isolated: crossOriginIsolated,
    thread: model.thread,
    notes: model.notes.map(({ code }) => code),
    y: [...(outputs['sumY']?.data ?? [])],
    downloaded: model.stats().bytesDownloaded,
  };
}

/** In a page: an answer of a model a part of which JavaScript computes. */
async function places() {
  const { isOfflineReady } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
  const model = await load('places', { backend: 'wasm' });
  const { outputs } = await model.predict({ x: Float32Array.of(0, 0, 0, 1) });
  while (!(await isOfflineReady(await source('places')))) await new Promise((resolve) => setTimeout(resolve, 20));
  return [model.backend, model.thread, ...outputs['places']!.data];
}

test('an isolated page gets its answer as any other, from shared memory too', async () => {
  const site = await here.serve({ isolated: true });
  const page = await here.page(undefined, site);
  expect(await page.evaluate(answer)).toMatchObject({ isolated: true, thread: 'worker', notes: [], y: [1, 2, 3, 4] });
  await site.close();
});

test('where a worker of an isolated page lacks the header, the page runs the model and says so', async () => {
  const site = await here.serve({ isolated: true });
  site.fault(/worker\/compiled\.js$/, { headers: { 'Cross-Origin-Embedder-Policy': 'unsafe-none' } });
  const page = await here.page(undefined, site);
  expect(await page.evaluate(answer)).toMatchObject({ isolated: true, thread: 'page', notes: ['worker-unavailable'], y: [1, 2, 3, 4] });
  await site.close();
});

/** A sample of docs/offline.md, by the name in its first line. */
function sample(name: string): string {
  const samples = [...readFileSync('docs/offline.md', 'utf8').matchAll(/^```[jt]s\n\/\/ (\S+)\n([\s\S]*?)^```/gm)];
  return samples.find(([, each]) => each === name)?.[2] ?? '';
}

test('the service worker of docs/offline.md keeps all of an app on its first visit, and starts it without a network', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-sw-'));
  cpSync('dist', join(folder, 'app/dist'), { recursive: true, filter: (name) => !/^dist.(types|try)/.test(name) });
  for (const name of ['add', 'places']) cpSync(here.folderOf(name), join(folder, 'app/models', name), { recursive: true });
  writeFileSync(join(folder, 'app/index.html'), '<!doctype html><title>An app</title>');
  writeFileSync(join(folder, 'app/50% #1.txt'), 'A name that is no address as it is.');
  for (const name of ['write-sw.mjs', 'sw.js']) writeFileSync(join(folder, name), sample(name));
  const { status, stderr } = spawnSync(process.execPath, ['write-sw.mjs', 'sw.js', 'app'], { cwd: folder, encoding: 'utf8' });
  expect(status, stderr).toBe(0);

  const site = await serve({ '/': join(folder, 'app') });
  // Another app of the same origin, by the same recipe.
  site.put('/other/sw.js', `const VERSION = 'other';\nconst FILES = ['./'];\n${sample('sw.js')}`);
  site.put('/other/', 'Another app');
  const context = await here.browser.newContext();
  const first = await here.page(context, site);
  expect(await first.evaluate(answer)).toMatchObject({ thread: 'worker', notes: [], y: [1, 2, 3, 4] });
  expect(await first.evaluate(places)).toEqual(['wasm', 'worker', 0, 3]);
  const kept = await first.evaluate(async () => {
    const inCharge = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
    const { trustedScriptUrl } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
    await navigator.serviceWorker.register(trustedScriptUrl('./other/sw.js'));
    await navigator.serviceWorker.register(trustedScriptUrl('./sw.js'));
    await inCharge;
    const requests = (await caches.keys()).map(async (name) => (await caches.open(name)).keys());
    return (await Promise.all(requests)).flat().map(({ url }) => new URL(url).pathname);
  });
  const workers = ['compiled', 'host-parts', 'cpu', 'wasm', 'webgpu'].map((name) => `/dist/worker/${name}.js`);
  expect(kept).toEqual(
    expect.arrayContaining(['/', '/other/', '/50%25%20%231.txt', '/dist/index.js', ...workers, '/dist/tfjs-backend-wasm-simd.wasm']),
  );
  expect(kept.filter((path) => /\.bin$|(graph|compiled|tfjs)-[0-9a-f]{16}/.test(path))).toEqual([]);
  expect(await complaintsOf(first)).toEqual({ violations: [], consoleErrors: [], pageErrors: [] });
  await first.close();

  await site.close();
  const second = await here.page(context, site);
  expect(await second.evaluate(answer)).toMatchObject({ thread: 'worker', notes: [], y: [1, 2, 3, 4], downloaded: 0 });
  expect(await second.evaluate(places)).toEqual(['wasm', 'worker', 0, 3]);
  await context.close();
  rmSync(folder, { recursive: true });
});

/** What the page of {@link viteApp} shows when its model has answered. */
const ANSWERED = () => document.title === 'The answer is 2,3,4,5';

/** An app of a page and a script that load the model `add`, built by Vite, with the service worker of docs/offline.md in `built`. */
function viteApp(folder: string): string {
  cpSync(here.folderOf('add'), join(folder, 'add'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>An app</title><script type="module" src="./main.js"></script>');
  writeFileSync(
    join(folder, 'main.js'),
    `import { loadModel, trustedScriptUrl } from '${process.cwd()}/dist/index.js';
    import add from './add/model.js';
    const model = await loadModel(add, { backend: 'wasm' });
    const { outputs } = await model.predict({ x: Float32Array.of(1, 1, 1, 1) });
    document.title = 'The answer is ' + outputs.sumY.data;
    navigator.serviceWorker.register(trustedScriptUrl('./sw.js'));`,
  );
  for (const name of ['write-sw.mjs', 'sw.js']) writeFileSync(join(folder, name), sample(name));
  const vite = join(process.cwd(), 'node_modules/vite/bin/vite.js');
  const config = `import { pannier } from '${process.cwd()}/dist/vite.js';
    export default { base: './', plugins: [pannier()], build: { target: 'esnext', modulePreload: { polyfill: false } } };`;
  writeFileSync(join(folder, 'vite.config.mjs'), config);
  for (const args of [
    [vite, 'build', '--outDir', 'built', '--logLevel', 'error'],
    ['write-sw.mjs', 'sw.js', 'built'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  }
  return join(folder, 'built');
}

test("an app that Vite built starts offline where the server answered Vary: Origin, as Vite's own preview does", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-vary-'));
  const built = viteApp(folder);
  expect(readFileSync(join(built, 'index.html'), 'utf8')).toMatch(/<script type="module" crossorigin/);

  const site = await serve({ '/': built }, { headers: { Vary: 'Origin' } });
  const page = await openPage(here.browser, `${site.url}/`);
  await page.waitForFunction(ANSWERED);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await site.close();
  await page.reload();
  await page.waitForFunction(ANSWERED);
  expect(await complaintsOf(page)).toMatchObject({ violations: [], pageErrors: [] });
  await page.close();
  rmSync(folder, { recursive: true });
});

test('the Workbox recipe of docs/offline.md is what examples/offline does', () => {
  const lines = (code: string) => code.split('\n').map((line) => line.replace(/ \/\/.*/, '').trim());
  for (const [name, file] of [
    ['vite.config.mjs', 'vite.config.mjs'],
    ['service-worker/sw.ts', 'service-worker/sw.ts'],
  ] as const) {
    const done = readFileSync(`examples/offline/${file}`, 'utf8');
    const words = done.replace(/\s+/g, ' ');
    const told = lines(sample(name)).filter((line) => /: |Caches\(|Claim\(/.test(line));
    expect(told.length).toBeGreaterThan(1);
    for (const line of told) expect(words, `${name}: ${line}`).toContain(line);
  }
});

test("only scripts of the page's own server pass its policy", async () => {
  const page = await here.page();
  const passed = await page.evaluate(async () => {
    const { trustedScriptUrl } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
    const blob = URL.createObjectURL(new Blob(['1']));
    const told = (url: string) => {
      try {
        return `${trustedScriptUrl(url)} as ${Object.prototype.toString.call(trustedScriptUrl(url))}`;
      } catch (thrown) {
        return (thrown as Error).name;
      }
    };
    return [
      './sw.js',
      `${location.origin}/a.js`,
      `${location.origin}.evil.example/a.js`,
      '//evil.example/a.js',
      blob,
      'data:text/javascript,1',
    ].map(told);
  });
  const { url } = here.site;
  expect(passed).toEqual(
    [`${url}/sw.js`, `${url}/a.js`].map((each) => `${each} as [object TrustedScriptURL]`).concat(Array(4).fill('TypeError')),
  );
  await page.close();
});

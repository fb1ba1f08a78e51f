/** Apps with parts elsewhere: files on a CDN, a package with a Pannier of its own. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, openPage } from '../harness/browser.js';
import { type Site, STRICT_CSP, serve } from '../harness/site.js';
import { ANSWER, CONFIG, expectAnswer, indexHtml, MAIN, makeApp, SHOW } from './app.js';

const files = {
  'pannier.config.mjs': CONFIG,
  'src/main.js': MAIN,
  'index.html': indexHtml('/src/main.js'),
  'vite.config.mjs': "import { pannier } from 'pannier/vite';\nexport default { plugins: [pannier()] };",
};

/** Only the page's own server has pages, only the CDN lets others read. */
const serveCdn = (folder: string): Promise<Site> => serve({ '/': folder }, { headers: { 'Access-Control-Allow-Origin': '*' } });

/** {@link MAIN} with an address for each file. */
const withAssetUrl = (body: string) => MAIN.replace('loadModel(add)', `loadModel(add, { assetUrl: (name, url) => ${body} })`);

const isAsset = (path: string) => /\.(bin|json|wasm)$/.test(path);

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test('the files of a model come from where assetUrl says, the worker from the page’s origin', async () => {
  const app = makeApp('cdn-files', files);
  const cdn = await serveCdn(join(app.folder, 'dist'));
  app.write('src/main.js', withAssetUrl(`name.startsWith('worker/') ? url : '${cdn.url}' + new URL(url).pathname`));
  await build({ root: app.folder, logLevel: 'error' });
  const csp = STRICT_CSP.replace("connect-src 'self'", `connect-src ${cdn.url}`);
  const site = await serve({ '/': join(app.folder, 'dist') }, { csp });
  await expectAnswer(browser, `${site.url}/index.html`);
  expect(site.requests.filter(({ path }) => isAsset(path))).toEqual([]);
  expect(cdn.requests.filter(({ path }) => isAsset(path))).toHaveLength(3);
  expect(cdn.requests).toHaveLength(3);
  await site.close();
  await cdn.close();
});

test('an app whose scripts come from a CDN answers on its page, or by assetUrl in a worker of its own origin', async () => {
  const app = makeApp('cdn-scripts', files);
  const built = join(app.folder, 'dist');
  const cdn = await serveCdn(built);
  const csp = STRICT_CSP.replace("script-src 'self'", `script-src ${cdn.url}`).replace("connect-src 'self'", `connect-src ${cdn.url}`);
  const site = await serve({ '/': built }, { csp });
  await build({ root: app.folder, base: `${cdn.url}/`, logLevel: 'error' });
  const page = await openPage(browser, `${site.url}/index.html`);
  await page.waitForFunction(() => document.querySelector('output')?.value !== '');
  expect(await page.$eval('output', ({ value, dataset }) => ({ value, ...dataset }))).toEqual({
    value: ANSWER,
    where: 'wasm in page',
    notes: expect.stringMatching(/^worker-unavailable: /),
  });
  await page.close();

  app.write('src/main.js', withAssetUrl("name.startsWith('worker/') ? new URL(url).pathname : url"));
  await build({ root: app.folder, base: `${cdn.url}/`, logLevel: 'error' });
  site.requests.length = 0;
  await expectAnswer(browser, `${site.url}/index.html`);
  expect(site.requests.map(({ path }) => path.replace(/-[0-9a-f]{16}.*\./, '.'))).toEqual(['/index.html', '/assets/pannier-compiled.js']);
  await site.close();
  await cdn.close();
});

test('two copies of Pannier answer on one page', async () => {
  const app = makeApp('two-copies', {
    ...files,
    'node_modules/kit/package.json': JSON.stringify({ name: 'kit', version: '1.0.0', type: 'module', exports: './index.js' }),
    'node_modules/kit/index.js': `${SHOW.replace('./models', '../../src/models')}\nexport { show as showInKit };`,
    'src/main.js': `import { showInKit } from 'kit';
${SHOW}
const own = document.createElement('output');
await show(own);
if (own.value === '${ANSWER}' && own.dataset.where === 'wasm in worker') showInKit(document.querySelector('output'));
else document.querySelector('output').value = own.value + ', ' + own.dataset.where;`,
  });
  cpSync(join(app.folder, 'node_modules/pannier'), join(app.folder, 'node_modules/kit/node_modules/pannier'), { recursive: true });
  // As another version would be: other scripts, and so other names.
  for (const name of ['index.js', 'worker/compiled.js']) {
    const path = `node_modules/kit/node_modules/pannier/dist/${name}`;
    app.write(path, `${readFileSync(join(app.folder, path), 'utf8')}\nglobalThis.secondCopy = true;`);
  }
  await build({ root: app.folder, logLevel: 'error' });
  const site = await serve({ '/': join(app.folder, 'dist') });
  const urls = await expectAnswer(browser, `${site.url}/index.html`);
  expect(urls.filter((url) => url.includes('pannier-compiled-'))).toHaveLength(2);
  expect(new Set(urls.filter((url) => url.includes('pannier-compiled-'))).size).toBe(2);
  await site.close();
});

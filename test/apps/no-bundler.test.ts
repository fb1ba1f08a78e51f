/** No bundler: files as they lie in `node_modules`, reached by relative address or by an import map. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { launch } from '../harness/browser.js';
import { serve } from '../harness/site.js';
import { CONFIG, expectAnswer, indexHtml, MAIN, makeApp } from './app.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test('an app without a bundler answers under the strict policy', async () => {
  const app = makeApp('no-bundler', {
    'pannier.config.mjs': CONFIG,
    'src/main.js': MAIN.replace("'pannier'", "'../node_modules/pannier/dist/index.js'"),
    'index.html': indexHtml('src/main.js'),
  });
  app.pack();
  const site = await serve({ '/': app.folder });
  site.put('/favicon.ico', '');
  await expectAnswer(browser, `${site.url}/index.html`);
  await site.close();
});

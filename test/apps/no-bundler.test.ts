/** No bundler: files as they lie in `node_modules`, reached by relative address or by an import map. */
import { createHash } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { launch } from '../harness/browser.js';
import { STRICT_CSP, serve } from '../harness/site.js';
import { CONFIG, expectAnswer, indexHtml, MAIN, makeApp } from './app.js';
import { expectOneBackend } from './emitted.js';

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
  await expectOneBackend(await expectAnswer(browser, `${site.url}/index.html`));
  await site.close();
});

test('an app with an import map answers where the policy has the hash of the map', async () => {
  const map = JSON.stringify({ imports: { pannier: '/node_modules/pannier/dist/index.js' } });
  const app = makeApp('import-map', {
    'pannier.config.mjs': CONFIG,
    'src/main.js': MAIN,
    'index.html': indexHtml('src/main.js').replace('</head>', `<script type="importmap">${map}</script></head>`),
  });
  app.pack();
  const hash = createHash('sha256').update(map).digest('base64');
  const site = await serve({ '/': app.folder }, { csp: STRICT_CSP.replace("script-src 'self'", `script-src 'self' 'sha256-${hash}'`) });
  await expectOneBackend(await expectAnswer(browser, `${site.url}/index.html`));
  await site.close();
});

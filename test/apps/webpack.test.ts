/** webpack 5 needs no plugin: it follows `new URL('…', import.meta.url)` in `model.js` and in the package. */
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import webpack, { type Configuration } from 'webpack';
import { launch } from '../harness/browser.js';
import { STRICT_CSP, serve } from '../harness/site.js';
import { longTest } from '../tier.js';
import { CONFIG, expectAnswer, filesUnder, indexHtml, MAIN, makeApp } from './app.js';
import { expectAssetsOnce, expectOneBackend } from './emitted.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

/** Builds for production; warnings fail too. */
function build(configuration: Configuration): Promise<void> {
  return new Promise((resolve, reject) =>
    webpack({ mode: 'production', performance: { hints: false }, ...configuration }, (error, stats) => {
      const said = stats?.toJson({ all: false, errors: true, warnings: true });
      const complaints = [...(said?.errors ?? []), ...(said?.warnings ?? [])].map(({ message }) => message);
      if (said === undefined || complaints.length > 0) reject(error ?? new Error(complaints.join('\n')));
      else resolve();
    }),
  );
}

/** @param path where the site has the build */
async function expectBuilt(name: string, path: string, csp: string, { output, ...options }: Configuration): Promise<void> {
  const app = makeApp(name, { 'pannier.config.mjs': CONFIG, 'src/main.js': MAIN });
  app.pack();
  const built = join(app.folder, 'built');
  await build({
    ...options,
    context: app.folder,
    entry: './src/main.js',
    output: { path: built, filename: '[name].[contenthash].js', ...output },
  });
  expectAssetsOnce(built, join(app.folder, 'src/models/add'));
  const main = [...filesUnder(built).keys()].find((file) => file.startsWith('main.')) as string;
  const site = await serve({ [path]: built }, { csp });
  site.put('/page.html', indexHtml(path + main));
  // Webpack adds a runtime of its own, and leaves white space where nothing minifies.
  const mostBytes = options.optimization?.minimize === false ? 155_000 : 114_000;
  await expectOneBackend(await expectAnswer(browser, `${site.url}/page.html`), mostBytes);
  await site.close();
}

test('an app built by webpack into modules answers under the strict policy', async () => {
  await expectBuilt('webpack-module', '/', STRICT_CSP, { output: { module: true } });
}, 200_000);

longTest(
  'an app built by webpack into scripts answers where the policy names webpack’s loader too',
  async () => {
    const csp = STRICT_CSP.replace('trusted-types pannier', 'trusted-types pannier webpack');
    // The modules' test minifies, which takes half a minute.
    const optimization = { minimize: false };
    await expectBuilt('webpack', '/sub/path/', csp, { output: { trustedTypes: true, publicPath: '/sub/path/' }, optimization });
  },
  200_000,
);

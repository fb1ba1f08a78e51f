/** What every benchmark needs: a bundle of one page, a server of what it loads, and Chromium. */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { rollup } from 'rollup';
import sirv from 'sirv';
import { build as vite } from 'vite';
import { browser as bundling } from '../rollup.config.mjs';
import { FLAGS, findChromium } from '../scripts/browsers.mjs';

/** Builds pages of `bench/pages` with Vite, as an app is built, into `.cache/bench/pages`. */
export async function build(names, { external = [] } = {}) {
  const here = (path) => fileURLToPath(new URL(path, import.meta.url));
  await vite({
    root: here('pages'),
    publicDir: false,
    logLevel: 'error',
    resolve: {
      alias: { pannier: here('../dist/index.js') },
    },
    build: {
      outDir: here('../.cache/bench/pages'),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      target: 'es2023',
      rollupOptions: { external, input: Object.fromEntries(names.map((name) => [name, here(`pages/${name}.html`)])) },
    },
  });
}

/** Bundles `bench/pages/NAME.js` into `.cache/bench`, with parts of the library that no app can import. */
export async function bundle(name, options = {}) {
  mkdirSync('.cache/bench', { recursive: true });
  const built = await rollup({ ...bundling, ...options, input: { [name]: `bench/pages/${name}.js` } });
  await built.write({ dir: '.cache/bench', format: 'es', chunkFileNames: `${name}-[name].js` });
  await built.close();
}

/** Copies a packed folder as TF.js's documentation has it: the graph is `model.json`, its shards lie beside it. */
export function unpack(from, folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(from)) {
    copyFileSync(`${from}/${name}`, `${folder}/${name.startsWith('tfjs-') ? 'model.json' : name}`);
  }
}

/** Serves folders as a static host does: everything cacheable for ever, with these headers too. */
export async function serve(folders, pages, headers = {}) {
  const setHeaders = (response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  };
  const handlers = Object.entries(folders).map(([prefix, folder]) => [
    prefix,
    sirv(folder, { dev: false, immutable: true, maxAge: 31_536_000, setHeaders }),
  ]);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    if (pages[pathname] !== undefined) {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Cache-Control': 'no-cache', ...headers });
      return void response.end(pages[pathname]);
    }
    const [prefix, handle] = handlers.find(([each]) => pathname.startsWith(each)) ?? [];
    if (handle === undefined) return void response.writeHead(404).end();
    request.url = request.url.slice(prefix.length - 1);
    handle(request, response, () => response.writeHead(404).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  /** Ends connections too: nothing answers any more. */
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close(), stop };
}

export const launch = (flags = []) =>
  chromium.launch({
    executablePath: findChromium(),
    args: [...FLAGS, ...flags],
  });

/** What a page leaves in `window.result` when it is done. */
export async function resultOf(page, url, limitMs = 60_000) {
  // A page that fails must not look like one that is slow.
  const failed = new Promise((_, reject) => page.once('pageerror', reject));
  await page.goto(url);
  const done = page.waitForFunction(() => window.result, undefined, { timeout: limitMs }).then((handle) => handle.jsonValue());
  return Promise.race([done, failed]);
}

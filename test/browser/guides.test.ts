/** What the guides in docs/ say of isolation and of being offline, in a real browser. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addModel } from '../fixtures/models.js';
import { openPage } from '../harness/browser.js';
import { STRICT_CSP } from '../harness/site.js';
import { room } from './room.js';

const here = room({ add: addModel() });

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

test('an isolated page gets its answer as any other, from shared memory too', async () => {
  const site = await here.serve({ isolated: true });
  const page = await here.page(undefined, site);
  expect(await page.evaluate(answer)).toMatchObject({ isolated: true, thread: 'worker', notes: [], y: [1, 2, 3, 4] });
  await site.close();
});

test('where a worker of an isolated page lacks the header, the page runs the model and says so', async () => {
  const site = await here.serve({ isolated: true });
  site.fault(/worker\/wasm\.js$/, { headers: { 'Cross-Origin-Embedder-Policy': 'unsafe-none' } });
  const page = await here.page(undefined, site);
  expect(await page.evaluate(answer)).toMatchObject({ isolated: true, thread: 'page', notes: ['worker-unavailable'], y: [1, 2, 3, 4] });
  await site.close();
});

test('the service worker of docs/offline.md starts an app without a network', async () => {
  const [, code = ''] = readFileSync('docs/offline.md', 'utf8').match(/^```js\n\/\/ sw\.js\n([\s\S]*?)^```/m) ?? [];
  // Registering a service worker wants a Trusted Types policy of the app's own.
  const site = await here.serve({ csp: STRICT_CSP.replace(/; require-trusted-types-for.*/, '') });
  site.put('/sw.js', code);
  const context = await here.browser.newContext();
  const first = await openPage(context, `${site.url}/`);
  await first.evaluate(async () => {
    await navigator.serviceWorker.register('/sw.js');
    await navigator.serviceWorker.ready;
  });
  await first.close();
  const second = await here.page(context, site);
  expect(await second.evaluate(answer)).toMatchObject({ thread: 'worker', notes: [], y: [1, 2, 3, 4] });
  const kept = await second.evaluate(async () => (await (await caches.open('app')).keys()).map(({ url }) => new URL(url).pathname));
  expect(kept).toEqual(expect.arrayContaining(['/', '/dist/index.js', '/dist/worker/wasm.js', '/dist/tfjs-backend-wasm-simd.wasm']));
  expect(kept.filter((path) => /\.bin$|graph-/.test(path))).toEqual([]);
  await second.close();

  await site.close();
  const third = await here.page(context, site);
  expect(await third.evaluate(answer)).toMatchObject({ thread: 'worker', notes: [], y: [1, 2, 3, 4], downloaded: 0 });
  await context.close();
});

/** What browsers do to pages: rows L1, L2, L6 and L7. Frozen and woken up, asleep with the machine, killed, updated under way. */
import type { BrowserContext, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { addModel } from '../fixtures/models.js';
import { STRICT_CSP } from '../harness/site.js';
import { longTest } from '../tier.js';
import { countModel, room } from './room.js';

const VALUES = 2_000;
const add = (value: number) => addModel([1, VALUES], new Float32Array(VALUES).fill(value));

const here = room(
  {
    small: addModel([1, 4], Float32Array.of(1, 2, 3, 4)),
    model: add(3),
    old: { raw: add(4), name: 'updated', version: '1' },
    new: { raw: add(5), name: 'updated', version: '2' },
    count: countModel(),
  },
  { launch: { backForwardCache: true } },
);

declare global {
  /** In a page: loads a model and gives the last value of its answer to zeros; leaves it open as `ask`. */
  function answerOf(name: string): Promise<number>;
  function ask(): Promise<number>;
  function leave(): void;
  /** In a page: what was begun before. */
  var begun: Promise<unknown>;
}

const IN_PAGE = `
  globalThis.answerOf = async (name) => {
    const model = await load(name, { backend: 'wasm' });
    const { shape } = model.signature.inputs.x;
    globalThis.leave = () => model.dispose();
    globalThis.ask = async () => (await model.predict({ x: new Float32Array(shape[1]) })).outputs.sumY.data.at(-1);
    return ask();
  };
`;

async function pageOf(context?: BrowserContext, site = here.site): Promise<Page> {
  const where = context ?? (await here.browser.newContext());
  if (context === undefined) await where.addInitScript({ content: IN_PAGE });
  return here.page(where, site);
}

/** Of what comes by itself, on a busy machine. */
const LATER = { timeout: 15_000 };

const isWeights = /\/models\/\w+\/weights-/;
const asked = () => here.site.requests.flatMap(({ path }) => path.match(/^\/models\/\w+\/(compiled|tfjs|weights|golden)/)?.[1] ?? []);

test('L1: a predict and a download that the back/forward cache freezes settle when the page is back', async () => {
  // A page that may not be stored is not kept alive either.
  const allow = here.site.fault(/^\/$/, { headers: { 'Cache-Control': 'no-cache' } });
  const page = await pageOf();
  expect(await page.evaluate(() => answerOf('small'))).toBe(4);
  here.site.put('/elsewhere.html', '<!doctype html><title>Elsewhere</title>');
  const mend = here.site.fault(isWeights, { stall: 400 });
  await page.evaluate(async () => {
    addEventListener('pageshow', ({ persisted }) => Object.assign(globalThis, { persisted }));
    const model = await load('count', { backend: 'cpu' });
    const counting = model.predict({ from: Int32Array.of(-30_000) });
    globalThis.begun = Promise.all([counting.then(({ outputs }) => outputs['reached']?.data[0]), answerOf('model')]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Later, so that the page is still there when this call is answered.
    setTimeout(() => location.assign('/elsewhere.html'));
  });
  await page.waitForURL('**/elsewhere.html');
  mend();
  // Long enough for the answer to arrive at a page that is not there.
  await page.waitForTimeout(700);
  const back = page.waitForURL(`${here.site.url}/`, { waitUntil: 'commit' });
  await page.evaluate(() => void setTimeout(() => history.back()));
  await back;
  const seen = await page.evaluate(async () => ({
    persisted: (globalThis as unknown as { persisted?: boolean }).persisted,
    settled: await globalThis.begun,
  }));
  expect(seen).toEqual({ persisted: true, settled: [3, 3] });
  // Every lock was let go of, and the next load has all.
  const locks = () => page.evaluate(async () => ((await navigator.locks.query()).held ?? []).map(({ name }) => name));
  await expect.poll(async () => (await locks()).filter((name) => name?.startsWith('pannier shard')), LATER).toEqual([]);
  expect(await page.evaluate(() => answerOf('model'))).toBe(3);
  allow();
  await page.context().close();
});

longTest('L2: a machine that sleeps through every limit with a predict and a download under way times nothing out', async () => {
  const page = await pageOf();
  const mend = here.site.fault(isWeights, { stall: 1_500 });
  const begin = () =>
    page.evaluate(async () => {
      const model = await load('count', { backend: 'cpu', deadlineMs: 10_000 });
      const counting = model.predict({ from: Int32Array.of(-10_000) });
      globalThis.begun = Promise.all([counting.then(({ outputs }) => outputs['reached']?.data[0]), answerOf('model')]);
    });
  await begin();
  const browser = await here.browser.newBrowserCDPSession();
  const { processInfo } = (await browser.send('SystemInfo.getProcessInfo')) as { processInfo: readonly { type: string; id: number }[] };
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  expect(renderers).not.toEqual([]);
  for (const id of renderers) process.kill(id, 'SIGSTOP');
  try {
    // The idle limit of a download, which is the longest of those at work here.
    await new Promise((resolve) => setTimeout(resolve, 17_000));
  } finally {
    for (const id of renderers) process.kill(id, 'SIGCONT');
  }
  expect(await page.evaluate(() => globalThis.begun)).toEqual([3, 3]);
  mend();
  await page.context().close();
});

test('L6: a tab that is killed in mid-download goes on where it was', async () => {
  const page = await pageOf();
  const mend = here.site.fault(isWeights, { stall: 'body' });
  here.site.requests.length = 0;
  await page.evaluate(() => void answerOf('model'));
  const stored = () =>
    page.evaluate(async () => {
      if ((await indexedDB.databases()).length === 0) return 0;
      const database = await new Promise<IDBDatabase>((resolve) => {
        indexedDB.open('pannier-1').onsuccess = ({ target }) => resolve((target as IDBOpenDBRequest).result);
      });
      const keys = database.transaction('weights').objectStore('weights').getAllKeys();
      const found = await new Promise<number>((resolve) => {
        keys.onsuccess = () => resolve(keys.result.length);
      });
      database.close();
      return found;
    });
  await expect.poll(stored, LATER).toBe(2);
  const next = await pageOf(page.context());
  const session = await page.context().newCDPSession(page);
  const gone = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => undefined);
  await gone;
  mend();
  expect(await next.evaluate(() => answerOf('model'))).toBe(3);
  expect(asked().toSorted()).toEqual(['compiled', 'golden', 'weights', 'weights']);
  await page.context().close();
});

/** Serves what it has first: the app of one build. */
const serviceWorker = (build: string) => `
  const build = '${build}';
  addEventListener('install', (event) => event.waitUntil((async () => {
    const cache = await caches.open(build);
    await cache.addAll(['/', '/app.js', '/dist/index.js', '/dist/worker/compiled.js']);
    await skipWaiting();
  })()));
  addEventListener('activate', (event) => event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== build) await caches.delete(name);
    await clients.claim();
  })()));
  addEventListener('fetch', (event) => event.respondWith((async () => (await caches.match(event.request)) ?? fetch(event.request))()));
`;

test('L7: a new build that takes over in mid-session: what runs goes on, and the next page has the new version', async () => {
  const site = await here.serve({ csp: STRICT_CSP.replace(/; require-trusted-types.*/, '') });
  const deploy = (version: string) => {
    site.put('/app.js', `globalThis.version = '${version}';`);
    site.put('/', '<!doctype html><title>An app</title><script src="/app.js"></script>');
    site.put('/sw.js', serviceWorker(version));
  };
  deploy('old');
  const before = await pageOf(undefined, site);
  await before.evaluate(async () => {
    await navigator.serviceWorker.register('/sw.js');
    await navigator.serviceWorker.ready;
  });
  await before.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await before.reload();
  const version = (page: Page) => page.evaluate(() => (globalThis as unknown as { version: string }).version);
  const answer = (page: Page) => page.evaluate(async () => answerOf((globalThis as unknown as { version: string }).version));
  expect([await version(before), await answer(before)]).toEqual(['old', 4]);
  const isKept = () =>
    before.evaluate(async () => {
      const { isOfflineReady } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
      return isOfflineReady(await source('old'));
    });
  await expect.poll(isKept).toBe(true);

  deploy('new');
  await before.evaluate(async () => {
    const taken = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
    await (await navigator.serviceWorker.getRegistration())?.update();
    await taken;
  });
  expect(await before.evaluate(() => ask())).toBe(4);
  const after = await pageOf(before.context(), site);
  expect([await version(after), await answer(after)]).toEqual(['new', 5]);
  // The old page still loads its own version, whole, though nobody serves it any more.
  const end = site.fault(/\/models\/old\//, { status: 404 });
  expect(await before.evaluate(() => ask())).toBe(4);
  await before.evaluate(() => leave());
  expect(await answer(before)).toBe(4);
  expect(await after.evaluate(() => ask())).toBe(5);
  end();
  await before.context().close();
  await site.close();
});

/** The GPU's process crashes, once and again, and a page that tries a backend: rows C1 to C4 of docs/faults.md. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { addModel } from '../fixtures/models.js';
import { crashGpu, GPU_CRASHES } from '../harness/browser.js';
import { longTest } from '../tier.js';
import { room } from './room.js';

// TF.js computes what is smaller than a thousand values on the processor.
const SIZE = 2_000;
const launch = { webgpu: true, args: GPU_CRASHES };
const here = room({ add: addModel([1, SIZE], new Float32Array(SIZE).fill(2)) }, { launch });

const IN_PAGE = `
  globalThis.calls = 0;
  globalThis.answer = async () => {
    const x = new Float32Array(${SIZE}).fill(++calls);
    const y = x[0] + 2;
    return model.predict({ x }).then(
      ({ outputs, backend }) => (outputs.sumY.data.every((value) => value === y) ? backend : 'wrong'),
      ({ code }) => code,
    );
  };
  globalThis.adaptersAsked = 0;
  const { requestAdapter } = GPU.prototype;
  GPU.prototype.requestAdapter = function (...given) {
    adaptersAsked++;
    return requestAdapter.apply(this, given);
  };
`;
declare global {
  var model: Awaited<ReturnType<typeof load>>;
  var adaptersAsked: number;
  function answer(): Promise<string>;
}

/** Loads the model in a page that has none yet, and predicts. */
async function begin(page: Page): Promise<string> {
  await page.evaluate(IN_PAGE);
  return page.evaluate(async () => {
    globalThis.model = await load('add', { backend: ['webgpu', 'wasm'] });
    return answer();
  });
}

let shared: Page | undefined;

/** A page with the model on webgpu. One for all tests: a reload gives it adapters again, and a circuit breaker of its own. */
async function stage(): Promise<Page> {
  if (shared === undefined) {
    shared = await here.page();
    await shared.clock.install();
  } else await shared.reload();
  expect(await begin(shared)).toBe('webgpu');
  return shared;
}

/** As a visitor's reload of any page of the site: the browser gives it adapters again, at once. */
async function pardon(page: Page): Promise<void> {
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.reload();
  await other.close();
}

const call = (page: Page) => page.evaluate(() => answer());
const notes = (page: Page) => page.evaluate(() => model.notes.map(({ code }) => code));
const reason = (page: Page) => page.evaluate(() => model.selection[0]?.reason);

test('C1: a GPU that crashes while nothing runs is replaced for the next call, which is right', async () => {
  const page = await stage();
  await crashGpu(page);
  expect([await call(page), await call(page)]).toEqual(['webgpu', 'webgpu']);
  expect(await notes(page)).toEqual(['reopened']);
});

test.each([1, 32])('C2: a GPU that crashes with %i in flight loses none of them, and none is wrong', async (inFlight) => {
  const page = await stage();
  const running = page.evaluate(async (inFlight) => {
    const answers: string[] = [];
    let more = Number.POSITIVE_INFINITY;
    const keepOne = async () => {
      while (more-- > 0) {
        answers.push(await answer());
        // Until the loss was noticed, and each has come round once more.
        if (more > inFlight && model.notes.length > 0) more = inFlight;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, keepOne));
    return { kinds: [...new Set(answers)], all: answers.length };
  }, inFlight);
  await crashGpu(page);
  const { kinds, all } = await running;
  expect(kinds).toEqual(['webgpu']);
  expect(all).toBeGreaterThan(inFlight);
  expect(await notes(page)).toEqual(['reopened']);
});

test('C3: after two crashes in two minutes wasm answers, nobody asks for adapters, and after 130 s webgpu is back', async () => {
  const page = await stage();
  await crashGpu(page);
  expect(await call(page)).toBe('webgpu');
  await crashGpu(page);
  const asked = await page.evaluate(() => adaptersAsked);
  for (let round = 0; round < 3; round++) {
    expect(await call(page)).toBe('wasm');
    await page.clock.fastForward(40_000);
  }
  expect(await page.evaluate(() => adaptersAsked)).toBe(asked);
  expect(await reason(page)).toMatch(/^it failed 2 times, the last time like this: .*device was lost.* It is tried again in 1\d\d s\.$/);
  await pardon(page);
  await page.clock.fastForward(15_000);
  await expect.poll(() => call(page)).toBe('webgpu');
  expect(await page.evaluate(() => model.selection.map(({ backend, state }) => `${backend} ${state}`))).toEqual([
    'webgpu chosen',
    'wasm untried',
  ]);
});

longTest('C4: after three crashes wasm answers for the session, until the page resets its backends', async () => {
  const page = await stage();
  for (const next of ['webgpu', 'webgpu', 'wasm']) {
    await crashGpu(page);
    await pardon(page);
    expect(await call(page)).toBe(next);
    await page.clock.fastForward(200_000);
  }
  expect(await reason(page)).toMatch(/failed 3 times, .*device was lost.* no more before the page is reloaded\.$/);
  await page.evaluate(async () => {
    model.dispose();
    await (await importModule<typeof import('../../src/index.js')>('/dist/index.js')).resetBackends();
  });
  expect(await begin(page)).toBe('webgpu');
});

/** A worker that starts, and is never done with a model. */
const ENDLESS = `
  const listen = self.addEventListener;
  self.addEventListener = (type, listener) =>
    listen.call(self, type, type === 'message' ? (event) => event.data.kind === 'open' || listener(event) : listener);
  await import('/dist/worker/compiled.js');
`;

/** Begins a first run that never ends, and waits for as many marks. */
async function beginEndless(page: Page, marks: number): Promise<void> {
  await page.evaluate(() => {
    const assetUrl = (name: string, url: string) => (name.startsWith('worker/') ? '/endless.js' : url);
    void load('add', { backend: 'wasm', assetUrl });
  });
  await expect.poll(() => marksOf(page)).toBe(marks);
}

/** First runs that the cache believes to be under way. */
const marksOf = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    // To open it would make one without stores.
    if ((await indexedDB.databases()).length === 0) return 0;
    const database = await settled(indexedDB.open('pannier-1'));
    const store = database.transaction('records').objectStore('records');
    const keys = await settled(store.getAllKeys());
    const mark = keys.find((key) => String(key).startsWith('crash:'));
    const bytes = mark === undefined ? undefined : await settled<ArrayBuffer>(store.get(mark));
    database.close();
    return bytes === undefined ? 0 : (JSON.parse(new TextDecoder().decode(bytes)) as number[]).length;
  });

test('a page that is left in a first run is no crash; two that crash in it keep the model off the backend', async () => {
  here.site.put('/endless.js', ENDLESS);
  const context = await here.browser.newContext();
  const left = await here.page(context);
  await beginEndless(left, 1);
  await left.goto(left.url());
  expect(await marksOf(left)).toBe(0);

  for (let crash = 0; crash < 2; crash++) {
    const page = await here.page(context);
    await page.clock.install({ time: Date.now() + crash * 60_000 });
    await beginEndless(page, crash + 1);
    const session = await context.newCDPSession(page);
    void session.send('Page.crash').catch(() => undefined);
    await page.waitForEvent('crash');
    await page.close();
  }
  await left.clock.install({ time: Date.now() + 120_000 });
  const seen = await left.evaluate(() => load('add', { backend: ['wasm', 'cpu'] }).then(({ selection }) => selection));
  expect(seen).toMatchObject([
    { backend: 'wasm', state: 'refused', reason: expect.stringContaining('The page ended 2 times while the model was first run there.') },
    { backend: 'cpu', state: 'chosen' },
  ]);
  await context.close();
});

/** Rows of the store where engines go their own ways, in each of them. Faults that only one engine's driver can make stay with its tests. */
import { expect, test, vi } from 'vitest';
import type { Model } from '../../src/index.js';
import { addModel, type RawModel } from '../fixtures/models.js';
import { randomFrom } from '../fixtures/random.mjs';
import type { EngineBrowser, EnginePage } from '../harness/engines/launch.js';
import type { Fault, Site, SiteOptions } from '../harness/site.js';
import { longTest } from '../tier.js';

const WIDTH = 700_000;

/** Four files: graph, golden sample and two shards, which Firefox keeps outside of its database. */
export function shardedModel(): RawModel {
  const random = randomFrom(5);
  // What Firefox cannot press; the answer is looked at in one place.
  const values = Float32Array.from({ length: WIDTH }, random);
  values[1_020] = 1_020;
  return addModel([1, WIDTH], values);
}
const FILES = 4;
const SHARDS = 2;

/** Of what comes by itself, on a busy machine. */
const LATER = { timeout: 20_000 };

type Pannier = typeof import('../../src/index.js');

/** What the pages of these tests do, put into them by {@link STORE_IN_PAGE}. */
declare global {
  /** Begins to load the model, and keeps what comes of it. */
  function begin(options?: object): void;
  /** What came of it: the answer that tells, or the error's code. */
  function outcome(): Promise<Outcome>;
  var loaded: Model;
}

interface Outcome {
  readonly answer?: number;
  readonly cache?: string;
  readonly bytesDownloaded?: number;
  readonly notes?: readonly string[];
  readonly code?: string;
}

export const STORE_IN_PAGE = `
  let coming;
  globalThis.begin = (options) => {
    coming = (async () => {
      try {
        globalThis.loaded = await load('sharded', { backend: 'cpu', ...options });
        const { outputs } = await loaded.predict({ x: new Float32Array(${WIDTH}) });
        const { loadTiming: { cache }, notes } = loaded;
        return { answer: outputs.sumY.data[1020], cache, notes: notes.map(({ code }) => code) };
      } catch (thrown) {
        return { code: thrown.code ?? String(thrown) };
      }
    })();
  };
  globalThis.outcome = () => coming;
  globalThis.settled = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
`;

const filesAsked = ({ requests }: Site) =>
  requests.flatMap(({ path }) => path.match(/^\/models\/sharded\/(?!model\.js)([a-z]+)/)?.[1] ?? []);
const shards = (count: number) => Array.from({ length: count }, () => 'weights');

/** Loads the model and asks it once. */
async function visit(page: EnginePage, options = {}): Promise<Outcome> {
  await page.evaluate((options) => begin(options), options);
  return page.evaluate(() => outcome());
}

const right = (cache: string) => ({ answer: 1_020, cache, notes: [] });

/** Resolves when the cache says that it holds the model. */
const recorded = (page: EnginePage) =>
  page.evaluate(async () => {
    const { isOfflineReady } = await importModule<Pannier>('/dist/index.js');
    while (!(await isOfflineReady(await source('sharded')))) await new Promise((resolve) => setTimeout(resolve, 20));
  });

/** A new visit of the same profile, which has all of it from the cache. */
async function expectCached(page: EnginePage, site: Site): Promise<void> {
  await recorded(page);
  await page.reload();
  site.requests.length = 0;
  expect(await visit(page)).toEqual(right('hit'));
  expect(filesAsked(site)).toEqual([]);
}

declare function settled<T>(request: IDBRequest<T>): Promise<T>;

/** @param browserOf started by then @param serve gives a site of its own, with the model and the page */
export function storeSuite(browserOf: () => EngineBrowser, serve: (rules?: SiteOptions) => Promise<Site>): void {
  /** A site of its own is an origin of its own, with an empty store. */
  async function visited(rules?: SiteOptions): Promise<{ site: Site; page: EnginePage }> {
    const site = await serve(rules);
    return { site, page: await browserOf().openPage(`${site.url}/`) };
  }

  longTest('S3: an open that another tab blocks keeps a load waiting for a while, and no longer', async () => {
    const { site, page } = await visited();
    const other = await browserOf().openPage(`${site.url}/next.html`);
    await other.evaluate(async () => {
      // Gives way to nobody, as an app may that has the database's name by chance.
      Object.assign(globalThis, {
        held: await new Promise((resolve) => {
          const request = indexedDB.open('pannier-1');
          request.onupgradeneeded = () => ['weights', 'records'].map((name) => request.result.createObjectStore(name));
          request.onsuccess = () => resolve(request.result);
        }),
      });
      await new Promise<void>((resolve) => {
        indexedDB.deleteDatabase('pannier-1').onblocked = () => resolve();
      });
    });
    expect(await visit(page)).toEqual({ answer: 1_020, cache: 'unavailable', notes: ['cache-unavailable'] });
    await other.evaluate(() => (globalThis as unknown as { held: IDBDatabase }).held.close());
    await page.reload();
    expect(await visit(page)).toEqual(right('miss'));
    await recorded(page);
    await other.close();
    await page.close();
  });

  test('S4: a frame without an origin has no storage and no worker, and answers', async () => {
    const { site, page } = await visited({ csp: null, headers: { 'Access-Control-Allow-Origin': '*' } });
    site.put('/frame.js', "begin(); outcome().then((came) => parent.postMessage({ ...came, origin }, '*'));");
    site.put(
      '/frame.html',
      '<!doctype html><script type="module" src="/in-page.js"></script><script type="module" src="/frame.js"></script>',
    );
    const { notes, ...came } = await page.evaluate(
      () =>
        new Promise<Outcome & { origin: string }>((resolve) => {
          addEventListener('message', ({ data }) => resolve(data));
          const frame = document.createElement('iframe');
          Object.assign(frame, { src: '/frame.html', sandbox: 'allow-scripts' });
          document.body.append(frame);
        }),
    );
    expect(came).toEqual({ answer: 1_020, cache: 'unavailable', origin: 'null' });
    expect(notes?.toSorted()).toEqual(['cache-unavailable', 'worker-unavailable']);
    await page.close();
  });

  test('S5, S7: a store that another tab deletes, and one that the browser clears: predicts go on, the next load stores anew', async () => {
    const { site, page } = await visited();
    const other = await browserOf().openPage(`${site.url}/next.html`);
    expect(await visit(page)).toEqual(right('miss'));
    await recorded(page);
    const clear = [
      () =>
        other.evaluate(
          () =>
            new Promise<string>((resolve, reject) => {
              const request = indexedDB.deleteDatabase('pannier-1');
              request.onblocked = () => reject(new Error('The deletion is blocked.'));
              request.onsuccess = () => resolve('deleted');
              request.onerror = () => reject(request.error);
            }),
        ),
      () => other.evaluate(async () => void (await fetch('/clear'))),
    ];
    site.fault(/^\/clear$/, { status: 200, body: '', headers: { 'Clear-Site-Data': '"storage"' } });
    for (const each of clear) {
      await each();
      const answer = page.evaluate(async (width) => {
        const { outputs } = await loaded.predict({ x: new Float32Array(width) });
        // A load while it is open would give the same model.
        loaded.dispose();
        return outputs['sumY']?.data[1_020];
      }, WIDTH);
      expect(await answer).toBe(1_020);
      site.requests.length = 0;
      // In the same page, over the connection that was closed under it.
      expect(await visit(page)).toEqual(right('miss'));
      expect(filesAsked(site)).toHaveLength(FILES);
      await recorded(page);
    }
    await other.close();
    await page.close();
  });

  test('S8, S9: a shard that is gone and one with a flipped byte are fetched again, and only they', async () => {
    const { site, page } = await visited();
    await visit(page);
    await recorded(page);
    const damaged = await page.evaluate(async () => {
      const database = await settled(indexedDB.open('pannier-1'));
      const store = () => database.transaction('weights', 'readwrite').objectStore('weights');
      const large: IDBValidKey[] = [];
      for (const key of await settled(store().getAllKeys())) {
        if (((await settled(store().get(key))) as ArrayBuffer).byteLength > 1e5) large.push(key);
      }
      const [gone, rotten] = large as [IDBValidKey, IDBValidKey];
      const damaging = store();
      damaging.delete(gone);
      const bytes = new Uint8Array((await settled(damaging.get(rotten))) as ArrayBuffer);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
      damaging.put(bytes.buffer, rotten);
      // Chromium takes large values from the page while it commits: a reload before the end would undo the damage.
      await new Promise((resolve, reject) => {
        damaging.transaction.oncomplete = resolve;
        damaging.transaction.onabort = () => reject(damaging.transaction.error);
      });
      database.close();
      return large.length;
    });
    expect(damaged).toBeGreaterThanOrEqual(2);
    await page.reload();
    site.requests.length = 0;
    expect(await visit(page)).toEqual({ answer: 1_020, cache: 'partial', notes: ['cache-corrupt'] });
    expect(filesAsked(site)).toEqual(shards(2));
    await expectCached(page, site);
    await page.close();
  });

  test('S13: two tabs at once ask for each file once', async () => {
    const { site, page } = await visited();
    const other = await browserOf().openPage(`${site.url}/`);
    site.requests.length = 0;
    site.fault(/\/models\/sharded\/(tfjs|weights|golden)/, { stall: 200 });
    for (const each of [page, other]) await each.evaluate(() => begin());
    for (const each of [page, other]) expect(await each.evaluate(() => outcome())).toMatchObject({ answer: 1_020, notes: [] });
    expect(filesAsked(site).toSorted()).toEqual(['golden', 'tfjs', ...shards(SHARDS)]);
    await other.close();
    await page.close();
  });

  longTest.each([
    ['is closed', 'closed'],
    ['goes to another page', 'left'],
  ] as const)('S13: a tab that %s in mid-download is taken over from, and what it had stored is not fetched again', async (_how, how) => {
    const { site, page } = await visited();
    const stuck = await browserOf().openPage(`${site.url}/`);
    site.requests.length = 0;
    site.fault(/\/weights-/, ({ count }): Fault | undefined => (count <= SHARDS ? { stall: 'body' } : undefined));
    await stuck.evaluate(() => begin());
    await vi.waitUntil(() => filesAsked(site).length === FILES, LATER);
    await page.evaluate(() => begin());
    await vi.waitUntil(() => page.evaluate(async () => (await navigator.locks.query()).pending?.length === 2), LATER);
    expect(filesAsked(site)).toHaveLength(FILES);
    if (how === 'closed') await stuck.close();
    else await stuck.open(`${site.url}/next.html`);
    expect(await page.evaluate(() => outcome())).toMatchObject({ answer: 1_020, notes: [] });
    expect(filesAsked(site).toSorted()).toEqual(['golden', 'tfjs', ...shards(2 * SHARDS)]);
    if (how === 'left') await stuck.close();
    await page.close();
  });

  test('a download that is given up, or whose network goes, goes on where it was', async () => {
    const { site, page } = await visited();
    site.requests.length = 0;
    const mend = site.fault(/\/weights-/, ({ count }): Fault | undefined => (count > 1 ? { stall: 'body' } : undefined));
    const given = await page.evaluate(async () => {
      const stop = new AbortController();
      // All but one shard.
      const left = Object.assign(new Error('The page gives it up.'), { code: 'left' });
      begin({ signal: stop.signal, onProgress: ({ fraction }: { fraction: number }) => fraction > 0.7 && stop.abort(left) });
      return outcome();
    });
    expect(given).toEqual({ code: 'left' });
    mend();
    const mendNetwork = site.fault(/\/weights-/, { reset: true });
    expect(await visit(page)).toEqual({ code: 'offline' });
    mendNetwork();
    site.requests.length = 0;
    expect(await visit(page)).toEqual(right('partial'));
    expect(filesAsked(site)).toEqual(shards(SHARDS - 1));
    await expectCached(page, site);
    await page.close();
  });

  test('N3: a body that is cut is fetched again', async () => {
    const { site, page } = await visited();
    site.requests.length = 0;
    const stalled = new Set<string>();
    site.fault(/\/weights-/, ({ path }): Fault | undefined => {
      if (stalled.has(path)) return undefined;
      stalled.add(path);
      return { stall: 'body' };
    });
    await page.evaluate(() => begin());
    await vi.waitUntil(() => stalled.size === SHARDS, LATER);
    site.cut();
    expect(await page.evaluate(() => outcome())).toEqual(right('miss'));
    expect(filesAsked(site).filter((name) => name === 'weights')).toEqual(shards(2 * SHARDS));
    await page.close();
  });

  longTest('what another tab holds is told of, and left when the cache is cleared', async () => {
    const { site, page } = await visited();
    const other = await browserOf().openPage(`${site.url}/next.html`);
    await visit(page);
    await recorded(page);
    const clear = () =>
      other.evaluate(async () => {
        const { cacheStatus, clearCache } = await importModule<Pannier>('/dist/index.js');
        const { freedBytes, held } = await clearCache();
        const { models } = await cacheStatus();
        return { freed: freedBytes > 0, held: held.length, models: models.length };
      });
    expect(await clear()).toEqual({ freed: false, held: 1, models: 1 });
    await page.evaluate(() => loaded.dispose());
    expect(await clear()).toEqual({ freed: true, held: 0, models: 0 });
    await other.close();
    await page.close();
  });
}

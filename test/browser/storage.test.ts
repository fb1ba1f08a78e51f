/**
 * Rows S1 to S15 in a real Chromium: quota, a full disk, a storage that is blocked, cleared, rotten, newer. The answer is right each
 * time, nobody waits long, and once the fault is over everything is cached again.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Model } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { addModel } from '../fixtures/models.js';
import { complaintsOf, launchProfile } from '../harness/browser.js';
import { longTest } from '../tier.js';
import { room } from './room.js';

/** Of what comes by itself, on a busy machine. */
const LATER = { timeout: 15_000 };

/** Above 64 KiB, which is what Chromium keeps in a file of its own. */
const VALUES = 100_000;

/** What no disk can press; the last value tells whose they are. */
function weightsOf(seed: number): Float32Array {
  let state = seed;
  const values = Float32Array.from({ length: VALUES }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  });
  values[VALUES - 1] = seed;
  return values;
}
const modelOf = (seed: number) => addModel([1, VALUES], weightsOf(seed));

const here = room({
  model: modelOf(1),
  other: modelOf(2),
  small: addModel([1, 4], Float32Array.of(0, 0, 0, 3)),
  old: { raw: modelOf(4), name: 'updated', version: '1' },
  new: { raw: modelOf(5), name: 'updated', version: '2' },
});
/** What the last value of an answer to zeros is. */
const ANSWERS: Readonly<Record<string, number>> = { model: 1, other: 2, small: 3, old: 4, new: 5 };

interface Visit {
  readonly answer?: number;
  readonly code?: string;
  readonly cache?: string;
  readonly notes?: readonly string[];
}

/** Loads a model in the page, asks it once, and leaves it open. */
function visit(page: Page | Frame, name: string): Promise<Visit> {
  return page.evaluate(async (name) => {
    try {
      const model = await load(name, { backend: 'cpu' });
      const { shape } = model.signature.inputs['x'] as { shape: readonly number[] };
      const ask = async () => {
        const { outputs } = await model.predict({ x: new Float32Array(shape[1] as number) });
        return outputs['sumY']?.data.at(-1) as number;
      };
      Object.assign(globalThis, { ask, model });
      return { answer: await ask(), cache: model.loadTiming.cache, notes: model.notes.map(({ code }) => code) };
    } catch (thrown) {
      return { code: (thrown as { code: string }).code };
    }
  }, name);
}
type Pannier = typeof import('../../src/index.js');

declare global {
  /** In a page: asks the model of the last visit once more. */
  function ask(): Promise<number>;
  /** In a page: the model of the last visit. */
  var model: Model;
}

/** What a load says of the cache, a little after it. */
const notesOf = (page: Page) => page.evaluate(() => model.notes.map(({ code, message }) => `${code} ${message}`).join(' '));

const right = (name: string, cache: string) => ({ answer: ANSWERS[name], cache, notes: [] });
/** Of models' own files. */
const asked = () => here.site.requests.flatMap(({ path }) => path.match(/^\/models\/\w+\/(?!model\.js)([a-z]+)/)?.[1] ?? []);

/** Waits until the cache says that it holds all of a model. */
async function stored(page: Page, name: string): Promise<void> {
  const isStored = () =>
    page.evaluate(async (name) => {
      const { hash } = (await source(name)) as unknown as { hash: string };
      const settled = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      // To open it would be to make it.
      if ((await indexedDB.databases()).length === 0) return false;
      const database = await settled(indexedDB.open('pannier-1'));
      try {
        const found = await settled<ArrayBuffer | undefined>(database.transaction('records').objectStore('records').get(`model:${hash}`));
        return found !== undefined && JSON.parse(new TextDecoder().decode(found)).complete === true;
      } finally {
        database.close();
      }
    }, name);
  await vi.waitUntil(isStored, { ...LATER, interval: 50 });
}

/** A visit that leaves everything in the cache. */
async function visitAndStore(page: Page, name: string): Promise<Visit> {
  const seen = await visit(page, name);
  await stored(page, name);
  return seen;
}

/** A new visit of the same profile: what is there comes from the cache and nothing else. */
async function expectCached(page: Page, name: string): Promise<void> {
  await page.reload();
  here.site.requests.length = 0;
  expect(await visit(page, name)).toEqual(right(name, 'hit'));
  expect(asked()).toEqual([]);
}

async function commandTo(page: Page, method: string, params: object): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send(method as 'Page.enable', params as never);
  // Playwright's own session would undo what was overridden when it ends.
}
const clearStorage = (page: Page) => commandTo(page, 'Storage.clearDataForOrigin', { origin: here.site.url, storageTypes: 'indexeddb' });

describe('a storage that refuses', () => {
  test('S1: over quota, the model answers from memory, and what was cached before stays', async () => {
    const page = await here.page();
    // Before the first write: Chromium remembers for a while how much room there was.
    await commandTo(page, 'Storage.overrideQuotaForOrigin', { origin: here.site.url, quotaSize: 200_000 });
    await visitAndStore(page, 'small');
    const seen = await visit(page, 'model');
    expect(seen.answer).toBe(1);
    await expect.poll(() => notesOf(page), LATER).toMatch(/cache-full/);
    expect(await page.evaluate(() => ask())).toBe(1);
    await expectCached(page, 'small');
    await commandTo(page, 'Storage.overrideQuotaForOrigin', { origin: here.site.url });
    expect((await visitAndStore(page, 'model')).answer).toBe(1);
    await expectCached(page, 'model');
    await page.context().close();
  });

  test('S3: an open that another tab blocks keeps a load waiting for two seconds, and no longer', async () => {
    const page = await here.page();
    await visitAndStore(page, 'small');
    const holder = await here.page(page.context());
    const deleter = await here.page(page.context());
    await holder.evaluate(
      () =>
        new Promise<void>((resolve) => {
          // Gives way to nobody, as an app may that has the database's name by chance.
          indexedDB.open('pannier-1').onsuccess = ({ target }) => {
            Object.assign(globalThis, { held: (target as IDBOpenDBRequest).result });
            resolve();
          };
        }),
    );
    await page.reload();
    await deleter.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const request = indexedDB.deleteDatabase('pannier-1');
          request.onblocked = () => resolve();
        }),
    );
    const seen = await visit(page, 'small');
    expect(seen).toEqual({ answer: 3, cache: 'unavailable', notes: ['cache-unavailable'] });
    // Not the longer limit of every call to a cache.
    expect(await notesOf(page)).toContain('Opening the weights cache took longer than 2000 ms');
    await holder.evaluate(() => (globalThis as unknown as { held: IDBDatabase }).held.close());
    await page.reload();
    expect(await visitAndStore(page, 'small')).toEqual(right('small', 'miss'));
    await page.context().close();
  });

  test('S4: a sandboxed frame has no storage and no worker, and answers', async () => {
    const site = await here.serve({ csp: null, headers: { 'Access-Control-Allow-Origin': '*' } });
    site.put('/outside.html', '<!doctype html><iframe sandbox="allow-scripts" src="/"></iframe>');
    const page = await here.page(undefined, site);
    await page.goto(`${site.url}/outside.html`);
    const frame = page.frames().find((each) => each !== page.mainFrame()) as Frame;
    await frame.waitForLoadState();
    expect(await frame.evaluate(() => origin)).toBe('null');
    const seen = await visit(frame, 'small');
    expect(seen).toMatchObject({ answer: 3, cache: 'unavailable' });
    expect(seen.notes?.toSorted()).toEqual(['cache-unavailable', 'worker-unavailable']);
    // Locks are refused there, too.
    expect((await complaintsOf(page)).pageErrors).toEqual([]);
    await page.context().close();
    await site.close();
  });

  test('S4: a private window keeps what it has until it is closed', async () => {
    const page = await here.page();
    expect(await visitAndStore(page, 'small')).toEqual(right('small', 'miss'));
    await expectCached(page, 'small');
    await page.context().close();
    const another = await here.page();
    expect(await visit(another, 'small')).toEqual(right('small', 'miss'));
    await another.context().close();
  });

  test('S4: a storage that lets nobody write, as private windows of old, costs the cache alone', async () => {
    const page = await here.page();
    await page.evaluate(() => {
      const { transaction } = IDBDatabase.prototype;
      IDBDatabase.prototype.transaction = function (...given) {
        if (given[1] !== 'readwrite') return transaction.apply(this, given);
        throw new DOMException('A mutation operation was attempted on a database that did not allow mutations.', 'InvalidStateError');
      };
    });
    expect((await visit(page, 'small')).answer).toBe(3);
    await expect.poll(() => notesOf(page), LATER).toMatch(/^cache-unavailable/);
    await page.context().close();
  });
});

describe('a storage that loses', () => {
  test('S5, S7: cleared while it is open: predicts go on, and the next load stores again', async () => {
    const page = await here.page();
    await visitAndStore(page, 'model');
    await clearStorage(page);
    expect(await page.evaluate(() => ask())).toBe(1);
    here.site.requests.length = 0;
    // In the same page, over the connection that was closed under it.
    expect(await visitAndStore(page, 'other')).toEqual(right('other', 'miss'));
    await expectCached(page, 'other');
    expect(await visitAndStore(page, 'model')).toEqual(right('model', 'miss'));
    await expectCached(page, 'model');
    await page.context().close();
  });

  test('S7: evicted between two visits: fetched again; without a network, a typed error', async () => {
    const page = await here.page();
    await visitAndStore(page, 'small');
    await page.reload();
    await clearStorage(page);
    const mend = here.site.fault(/\/models\/small\/(?!model\.js)/, { reset: true });
    expect(await visit(page, 'small')).toEqual({ code: 'offline' });
    mend();
    expect((await visitAndStore(page, 'small')).answer).toBe(3);
    await expectCached(page, 'small');
    await page.context().close();
  });

  test('S15: the database of a newer version is left alone', async () => {
    const page = await here.page();
    const versionAndKeys = () =>
      page.evaluate(
        () =>
          new Promise<readonly unknown[]>((resolve, reject) => {
            const request = indexedDB.open('pannier-1');
            request.onerror = () => reject(request.error);
            request.onsuccess = () => {
              const database = request.result;
              resolve([database.version, ...database.objectStoreNames]);
              database.close();
            };
          }),
      );
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const request = indexedDB.open('pannier-1', 99);
          request.onupgradeneeded = () => request.result.createObjectStore('of-the-future');
          request.onsuccess = () => {
            request.result.close();
            resolve();
          };
        }),
    );
    expect(await visit(page, 'small')).toEqual({ answer: 3, cache: 'unavailable', notes: ['cache-unavailable'] });
    expect(await versionAndKeys()).toEqual([99, 'of-the-future']);
    await page.context().close();
  });
});

test('S14: an old tab with one version and a new one with the next: both answer, and neither version makes way', async () => {
  const before = await here.page();
  await visitAndStore(before, 'old');
  const after = await here.page(before.context());
  expect((await visitAndStore(after, 'new')).answer).toBe(5);
  expect(await before.evaluate(() => ask())).toBe(4);
  const { freedBytes, held } = await after.evaluate(async () => (await importModule<Pannier>('/dist/index.js')).clearCache());
  expect([freedBytes, held.map(({ version }) => version).toSorted()]).toEqual([0, ['1', '2']]);
  await expectCached(before, 'old');
  // Whichever page loads next has a whole model of its own version.
  expect((await visit(before, 'old')).answer).toBe(4);
  expect(await after.evaluate(() => ask())).toBe(5);
  await before.context().close();
});

test('what a page prefetches, another loads without the network, holds, and keeps while the first clears the cache', async () => {
  const first = await here.page();
  const second = await here.page(first.context());
  const ready = await first.evaluate(async () => {
    const { isOfflineReady, prefetchModel } = await importModule<Pannier>('/dist/index.js');
    const small = await source('small');
    const before = await isOfflineReady(small);
    const heard: number[] = [];
    await prefetchModel(small, { onProgress: ({ fraction }) => heard.push(fraction) });
    return [before, heard.at(-1), await isOfflineReady(small)];
  });
  expect(ready).toEqual([false, 1, true]);
  here.site.requests.length = 0;
  await second.evaluate(async () => {
    Object.assign(globalThis, { model: await load('small', { backend: 'cpu', network: 'cache-only' }) });
  });
  expect(asked()).toEqual([]);
  const clear = () =>
    first.evaluate(async () => {
      const { cacheStatus, clearCache } = await importModule<Pannier>('/dist/index.js');
      const { freedBytes, held } = await clearCache();
      const { models, bytes, quotaBytes } = await cacheStatus();
      return { freed: freedBytes > 0, held: held.length, models: models.map(({ name }) => name), bytes, quota: (quotaBytes ?? 0) > 0 };
    });
  expect(await clear()).toMatchObject({ freed: false, held: 1, models: ['small'], quota: true });
  await second.evaluate(() => model.dispose());
  expect(await clear()).toEqual({ freed: true, held: 0, models: [], bytes: 0, quota: true });
  await first.context().close();
});

describe('a disk that rots', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-storage-'));
  const kept = join(folder, 'kept');
  const torn = join(folder, 'torn');
  beforeAll(async () => {
    const context = await launchProfile(kept);
    const page = await here.page(context);
    await visitAndStore(page, 'model');
    const mend = here.site.fault(/\/other\/weights-/, { stall: 'body' });
    await page.evaluate(() => void load('other', { backend: 'cpu' }));
    const keepsAllButWeights = () =>
      page.evaluate(async () => {
        const { targets, golden } = (await source('other')) as unknown as Manifest;
        const { models } = await (await importModule<Pannier>('/dist/index.js')).cacheStatus();
        return models.some(({ name, bytes }) => name === 'other' && bytes === targets.tfjs.graph.bytes + golden.asset.bytes);
      });
    await vi.waitUntil(keepsAllButWeights, { ...LATER, interval: 50 });
    // As after a loss of power: what the disk had by then.
    cpSync(kept, torn, { recursive: true, filter: (path) => !path.includes('Singleton') });
    mend();
    await page.reload();
    await visitAndStore(page, 'other');
    await context.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  const databases = (profile: string) => join(profile, 'Default', 'IndexedDB');
  /** Files below a folder. */
  const filesOf = (path: string): string[] =>
    readdirSync(path, { recursive: true, withFileTypes: true }).flatMap((each) =>
      each.isFile() ? [join(each.parentPath, each.name)] : [],
    );
  const fileWith = (profile: string, values: Float32Array): string => {
    const bytes = Buffer.from(values.buffer, 4 * (VALUES - 8));
    return filesOf(databases(profile)).find((path) => readFileSync(path).includes(bytes)) as string;
  };
  async function start(name: string, from: string, damage: (profile: string) => void): Promise<{ context: BrowserContext; page: Page }> {
    const profile = join(folder, name);
    cpSync(from, profile, { recursive: true });
    damage(profile);
    const context = await launchProfile(profile);
    const page = await here.page(context);
    here.site.requests.length = 0;
    return { context, page };
  }

  test('S8, S9: a shard that is gone and one with a flipped byte are fetched again, and only they', async () => {
    const { context, page } = await start('rotten', kept, (profile) => {
      unlinkSync(fileWith(profile, weightsOf(1)));
      const path = fileWith(profile, weightsOf(2));
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
      writeFileSync(path, bytes);
    });
    for (const name of ['model', 'other']) {
      expect(await visit(page, name)).toMatchObject({ answer: ANSWERS[name], cache: 'partial' });
    }
    expect(asked()).toEqual(['weights', 'weights']);
    const again = async () => {
      await page.reload();
      return visit(page, 'other');
    };
    await vi.waitUntil(async () => (await again()).cache === 'hit', LATER);
    await expectCached(page, 'model');
    await context.close();
  });

  test("S10: LevelDB's log and manifest are rubbish: as if nothing had been cached", async () => {
    const { context, page } = await start('rubbish', kept, (profile) => {
      const damaged = filesOf(databases(profile)).filter((path) => /\.leveldb\/(\d+\.log|MANIFEST-\d+)$/.test(path));
      expect(damaged.length).toBeGreaterThanOrEqual(2);
      for (const path of damaged)
        writeFileSync(
          path,
          readFileSync(path).map((byte) => byte ^ 0xa5),
        );
    });
    expect(await visitAndStore(page, 'model')).toEqual(right('model', 'miss'));
    await expectCached(page, 'model');
    await context.close();
  });

  test('S12: a profile as it was in mid-load, half of a file missing, answers right, fetches what is missing, and ends whole', async () => {
    const { context, page } = await start('power-lost', torn, (profile) => {
      const path = fileWith(profile, weightsOf(1));
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.fill(0, bytes.length >> 1));
    });
    for (const name of ['model', 'other']) {
      expect(await visitAndStore(page, name)).toMatchObject({ answer: ANSWERS[name], cache: 'partial' });
      expect(asked()).toEqual(['weights']);
      await expectCached(page, name);
    }
    await context.close();
  });

  test('S7: the folder of the database is gone: as if nothing had been cached', async () => {
    const { context, page } = await start('evicted', kept, (profile) => rmSync(databases(profile), { recursive: true }));
    expect(await visitAndStore(page, 'model')).toEqual(right('model', 'miss'));
    await expectCached(page, 'model');
    await context.close();
  });

  longTest('S2: a disk that is really full', async (context) => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return context.skip('only root on Linux can make a small disk');
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk]);
    try {
      const browser = await launchProfile(join(disk, 'profile'));
      const page = await here.page(browser);
      await visitAndStore(page, 'small');
      const filler = join(disk, 'filler');
      const fill = () => {
        const { bsize, bavail } = statfsSync(disk);
        writeFileSync(filler, Buffer.alloc(bsize * Math.max(0, bavail - 40)));
      };
      fill();
      const seen = await visit(page, 'model');
      expect(seen.answer).toBe(1);
      await expect.poll(() => notesOf(page), LATER).toMatch(/^cache-/);
      expect(await page.evaluate(() => ask())).toBe(1);
      unlinkSync(filler);
      await page.reload();
      expect((await visitAndStore(page, 'model')).answer).toBe(1);
      await expectCached(page, 'model');
      await expectCached(page, 'small');
      await visitAndStore(page, 'old');
      await page.reload();
      fill();
      // Of what nobody has open, the version that this one replaces makes way, and nothing else.
      expect(await visitAndStore(page, 'new')).toMatchObject({ answer: 5 });
      expect(await notesOf(page)).toBe('');
      for (const name of ['new', 'model', 'small']) await expectCached(page, name);
      await browser.close();
    } finally {
      execFileSync('umount', ['--lazy', disk]);
    }
    expect(existsSync(join(disk, 'profile'))).toBe(false);
  });
});

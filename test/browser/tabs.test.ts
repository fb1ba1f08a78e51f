/** Several tabs of one profile: row S13 of docs/faults.md. What one of them downloads, all of them have. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { addModel } from '../fixtures/models.js';
import { LONG_MS, longTest } from '../tier.js';
import { room } from './room.js';

const WIDTH = 1_200_000;
/** Five assets: module, golden samples and three shards. */
const here = room({
  add: addModel(
    [1, WIDTH],
    Float32Array.from({ length: WIDTH }, (_, index) => index % 1_021),
  ),
});
const ASSETS = 5;
const ANY = /\/(compiled|tfjs|weights|golden)-[0-9a-f]{16}/;

let context: BrowserContext;
const undo: (() => void)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0)) each();
  await context.close();
});

/** Tabs of a fresh profile. */
async function tabs(count: number, script?: string): Promise<Page[]> {
  context = await here.browser.newContext();
  if (script !== undefined) await context.addInitScript({ content: script });
  here.site.requests.length = 0;
  const pages: Page[] = [];
  for (let index = 0; index < count; index++) pages.push(await here.page(context));
  return pages;
}

interface Loaded {
  readonly y: number;
  readonly progress: readonly number[];
  readonly bytesDownloaded: number;
  readonly bytes: number;
  readonly notes: readonly string[];
}

const loadIn = (page: Page): Promise<Loaded> =>
  page.evaluate(async (width) => {
    const progress: number[] = [];
    const model = await load('add', { backend: 'wasm', onProgress: ({ loadedBytes }) => progress.push(loadedBytes) });
    const { outputs } = await model.predict({ x: new Float32Array(width) });
    const { bytesDownloaded } = model.stats();
    const notes = model.notes.map(({ code }) => code);
    return { y: outputs['sumY']?.data[1_020] as number, progress, bytesDownloaded, bytes: model.info.bytes, notes };
  }, WIDTH);

/** How often each asset was asked for, most often first. */
function asked(): number[] {
  const counts = new Map<string, number>();
  for (const { path } of here.site.requests) if (ANY.test(path)) counts.set(path, (counts.get(path) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => b - a);
}

const once = Array.from({ length: ASSETS }, () => 1);
const lockNames = (page: Page) =>
  page.evaluate(async () =>
    (await navigator.locks.query()).held?.map(({ name }) => name).filter((name) => name?.startsWith('pannier shard')),
  );

async function loadTogether(count: number): Promise<void> {
  const pages = await tabs(count);
  const all = await Promise.all(pages.map(loadIn));
  expect(asked()).toEqual(once);
  for (const { y, progress, bytes, notes } of all) {
    expect([y, notes, progress.length, progress.at(-1)]).toEqual([1_020, [], ASSETS, bytes]);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  }
  expect(all.reduce((sum, { bytesDownloaded }) => sum + bytesDownloaded, 0)).toBe(all[0]?.bytes);
  await expect.poll(() => lockNames(pages[0] as Page)).toEqual([]);
}

test('S13: three tabs at once download each shard once', () => loadTogether(3));

longTest.each([2, 3, 4, 5, 6, 7, 8])('S13: %i tabs at once download each shard once', loadTogether, LONG_MS);

/** A tab that has begun, and whose first download of the shards never ends; another one that waits for them. */
async function stuckAndWaiting(script?: string): Promise<{ stuck: Page; waiting: Promise<Loaded>; other: Page }> {
  const [stuck, other] = (await tabs(2, script)) as [Page, Page];
  const met = new Set<string>();
  undo.push(
    here.site.fault(/\/weights-/, ({ path }) => {
      if (met.has(path)) return undefined;
      met.add(path);
      return { stall: 'body' };
    }),
  );
  loadIn(stuck).catch(() => undefined);
  await expect.poll(() => asked().length).toBe(ASSETS);
  const waiting = loadIn(other);
  waiting.catch(() => undefined);
  return { stuck, waiting, other };
}

test.each<[string, (stuck: Page) => unknown]>([
  ['crashes', async (stuck) => void (await context.newCDPSession(stuck)).send('Page.crash').catch(() => undefined)],
  ['is closed', (stuck) => stuck.close()],
  ['goes into the back/forward cache', (stuck) => stuck.evaluate(() => void dispatchEvent(new Event('pagehide')))],
])('S13: a tab that %s in mid-download is taken over from, and what it had verified is not fetched again', async (_how, leave) => {
  const { stuck, waiting, other } = await stuckAndWaiting();
  // The other tab waits: it has what is there, and asks for nothing.
  const waits = () => other.evaluate(async () => (await navigator.locks.query()).pending?.length);
  await expect.poll(waits).toBe(ASSETS - 2);
  expect(asked()).toEqual(once);
  await leave(stuck);
  expect((await waiting).y).toBe(1_020);
  expect(asked()).toEqual([2, 2, 2, 1, 1]);
});

test('S13: without locks every tab downloads for itself, and is right', async () => {
  const { waiting } = await stuckAndWaiting("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });");
  expect((await waiting).y).toBe(1_020);
  // The small assets may have been stored by then.
  expect(asked().slice(0, 3)).toEqual([2, 2, 2]);
});

/** Loads that find everything in the cache, nothing, or a cache that fails: what is fetched, what is said, what is held. */
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { cacheStatus, isOfflineReady, type LoadOptions, loadModel, type Model, prefetchModel } from '../../src/index.js';
import { idbCache } from '../../src/storage/idb.js';
import { bytesOf, deferred, fakeEngine, fakeFetch, fakeModel, hashOf, rejection, rest, stateOf } from '../fixtures/fakes.js';
import { FakeLocks } from '../fixtures/locks.js';
import { memoryCache } from '../fixtures/memory-cache.js';

vi.mock('../../src/engines/local.js', () => ({ isRealmTaken: () => false, startLocalEngine: async (): Promise<Engine> => fakeEngine() }));

type Packed = ReturnType<typeof fakeModel>;

let count = 0;
/** A model that no other test has loaded. */
const freshModel = (shards?: readonly Uint8Array[]) => fakeModel(`offline ${count++}`, shards);

const open: Model[] = [];
async function load({ manifest, files }: Packed, options: LoadOptions = {}) {
  const network = fakeFetch(files);
  const model = await loadModel(manifest, { backend: 'cpu', fetch: network.fetch, ...options });
  open.push(model);
  return { model, asked: network.asked };
}
const answerOf = async (model: Model) => [...((await model.predict({ x: Float32Array.of(1, 1, 1, 1) })).outputs['y']?.data ?? [])];
const noNetwork = () => vi.fn<typeof fetch>(async () => Promise.reject(new TypeError('Failed to fetch')));
/** A load's record is written behind its answer. */
const ready = ({ manifest }: Packed, cache: ReturnType<typeof memoryCache>) =>
  vi.waitFor(async () => expect(await isOfflineReady(manifest, cache)).toBe(true));

let locks: FakeLocks;
beforeEach(() => {
  locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
});
afterEach(async () => {
  for (const model of open.splice(0)) model.dispose();
  await rest();
  vi.unstubAllGlobals();
});

describe("network: 'cache-only'", () => {
  it('loads what a prefetch has stored, and never calls fetch', async () => {
    const cache = memoryCache();
    const model = freshModel();
    await prefetchModel(model.manifest, { cache, fetch: fakeFetch(model.files).fetch });
    const fetch = noNetwork();
    const { model: loaded } = await load(model, { cache, fetch, network: 'cache-only' });
    expect([await answerOf(loaded), loaded.loadTiming.cache]).toEqual([[2, 2, 2, 2], 'hit']);
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([
    ['one file is missing', 'lacks 1 of 5 files (1.bin)', ['1.bin']],
    ['nothing is there', 'lacks 5 of 5 files', ['tfjs.json', '0.bin', '1.bin', '2.bin', 'golden.bin']],
  ])('where %s rejects with its name and the next step', async (what, said, missing) => {
    const cache = memoryCache();
    const model = freshModel();
    if (what.startsWith('one')) {
      await prefetchModel(model.manifest, { cache, fetch: fakeFetch(model.files).fetch });
      await cache.delete(hashOf(model.files.get('1.bin')!));
    }
    const fetch = noNetwork();
    const error = await rejection(load(model, { cache, fetch, network: 'cache-only' }));
    expect(error).toMatchObject({ code: 'not-cached', retryable: false, detail: { missing } });
    expect(String(error)).toContain(said);
    expect(String(error)).toContain('Call prefetchModel or loadModel once');
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([
    ['no cache', null],
    ['a cache that fails', { ...memoryCache(), get: async () => Promise.reject(new Error('no')), keys: async () => Promise.reject(null) }],
  ])('with %s rejects, too', async (_what, cache) => {
    const fetch = noNetwork();
    expect(await rejection(load(freshModel(), { cache, fetch, network: 'cache-only' }))).toMatchObject({ code: 'not-cached' });
    expect(fetch).not.toHaveBeenCalled();
  });

  it('fetches a damaged file no more than a missing one', async () => {
    const cache = memoryCache();
    const model = freshModel();
    await prefetchModel(model.manifest, { cache, fetch: fakeFetch(model.files).fetch });
    await cache.set(hashOf(model.files.get('1.bin')!), bytesOf(50, 99).buffer);
    const fetch = noNetwork();
    const error = await rejection(load(model, { cache, fetch, network: 'cache-only' }));
    expect(error).toMatchObject({ code: 'not-cached', detail: { missing: ['1.bin'] } });
    expect(fetch).not.toHaveBeenCalled();
  });

  it('answers at once with what is there while another tab downloads the rest, and keeps no tab waiting', async () => {
    const cache = memoryCache();
    const model = freshModel();
    const network = fakeFetch(model.files);
    const gate = deferred();
    const slow: typeof globalThis.fetch = async (input, init) => {
      if (String(input).endsWith('1.bin')) await gate.promise;
      return network.fetch(input, init);
    };
    const requests = vi.spyOn(locks, 'request');
    const loading = load(model, { cache, fetch: slow });
    await vi.waitFor(async () => expect((await cache.keys()).filter((key) => /^[\da-f]{64}$/.test(key))).toHaveLength(4));
    const shardsAsked = () => requests.mock.calls.filter(([name]) => name.startsWith('pannier shard'));
    expect(shardsAsked()).toHaveLength(5);
    try {
      const only = rejection(load(model, { cache, fetch: noNetwork(), network: 'cache-only' }));
      await vi.waitFor(async () => expect(await stateOf(only)).toBe('fulfilled'));
      expect(await only).toMatchObject({ code: 'not-cached', detail: { missing: ['1.bin'] } });
      expect(shardsAsked()).toHaveLength(5);
    } finally {
      gate.resolve();
      await loading;
    }
  });

  it('shares no load with one that may use the network', async () => {
    const cache = memoryCache();
    const model = freshModel();
    const network = fakeFetch(model.files);
    const both = (['cache-only', 'auto'] as const).map((each) => load(model, { cache, fetch: network.fetch, network: each }));
    const [only, auto] = await Promise.allSettled(both);
    expect([only, auto!.status]).toMatchObject([{ status: 'rejected', reason: { code: 'not-cached' } }, 'fulfilled']);
  });
});

describe('a model that is open', () => {
  it('is held until its last handle is disposed', async () => {
    const cache = memoryCache();
    const model = freshModel();
    const handles = await Promise.all([load(model, { cache }), load(model, { cache })].map(async (each) => (await each).model));
    await ready(model, cache);
    const held = async () => (await cacheStatus(cache)).models.map((each) => each.held);
    expect(await held()).toEqual([true]);
    handles[0]!.dispose();
    await rest();
    expect(await held()).toEqual([true]);
    handles[1]!.dispose();
    await rest();
    expect(await held()).toEqual([false]);
  });

  it('S7: goes on when everything is evicted; the next load fetches again, or says that it is offline', async () => {
    const factory = new IDBFactory();
    vi.stubGlobal('indexedDB', factory);
    const cache = idbCache();
    const model = freshModel();
    const { model: first } = await load(model, { cache });
    await ready(model, cache);
    await new Promise((resolve, reject) => {
      const deleting = factory.deleteDatabase('pannier-1');
      deleting.onsuccess = resolve;
      deleting.onerror = reject;
    });
    expect(await answerOf(first)).toEqual([2, 2, 2, 2]);
    first.dispose();
    await rest();
    expect(await rejection(load(model, { cache, fetch: noNetwork() }))).toMatchObject({ code: 'offline' });
    const { model: second, asked } = await load(model, { cache });
    expect([await answerOf(second), second.loadTiming.cache, asked.length]).toEqual([[2, 2, 2, 2], 'miss', 5]);
  });
});

describe('a cache without room', () => {
  const full = () => {
    const kept = memoryCache();
    const set = async (key: string, bytes: ArrayBuffer) => {
      if (/^[\da-f]{64}$/.test(key)) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
      return kept.set(key, bytes);
    };
    return { ...kept, set };
  };

  it('S1: costs a note, and the model runs from memory', async () => {
    const { model } = await load(freshModel(), { cache: full() });
    await vi.waitFor(() => expect(model.notes.map(({ code }) => code)).toContain('cache-full'));
    expect(model.notes.filter(({ code }) => code === 'cache-full')).toHaveLength(1);
    expect([await answerOf(model), model.loadTiming.cache]).toEqual([[2, 2, 2, 2], 'miss']);
  });

  it('cacheBudgetBytes below the model keeps none of it, with one note', async () => {
    const cache = memoryCache();
    const { model } = await load(freshModel(), { cache, cacheBudgetBytes: 195 });
    await vi.waitFor(() => expect(model.notes.map(({ code }) => code)).toEqual(['cache-full']));
    expect(await answerOf(model)).toEqual([2, 2, 2, 2]);
    await rest();
    expect((await cache.keys()).filter((key) => /^[\da-f]{64}$/.test(key))).toEqual([]);
  });
});

describe('the record of a load', () => {
  it('does not keep the answer waiting: neither its writes nor its clearing away', async () => {
    const kept = memoryCache();
    const gate = deferred();
    const late =
      <A extends unknown[], T>(act: (...given: A) => Promise<T>) =>
      (...given: A): Promise<T> =>
        gate.promise.then(() => act(...given));
    const cache = { ...kept, set: late(kept.set), delete: late(kept.delete), keys: late(kept.keys) };
    const model = freshModel();
    const { model: first } = await load(model, { cache });
    expect(await answerOf(first)).toEqual([2, 2, 2, 2]);
    expect(await kept.keys()).toEqual([]);
    gate.resolve();
    await ready(model, kept);
  });

  it('says when the model was used, at each load that is a minute later', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const cache = memoryCache();
    const model = freshModel();
    const usedAt = async () => (await cacheStatus(cache)).models[0]?.usedAt.getTime();
    await prefetchModel(model.manifest, { cache, fetch: fakeFetch(model.files).fetch });
    const firstMs = Date.now();
    for (const [afterMs, wantedMs] of [
      [30_000, 0],
      [90_000, 120_000],
    ] as const) {
      vi.setSystemTime(Date.now() + afterMs);
      const { model: loaded } = await load(model, { cache });
      await rest();
      expect(await usedAt()).toBe(firstMs + wantedMs);
      loaded.dispose();
      await rest();
    }
    vi.useRealTimers();
  });
});

it.each([
  [{ network: 'offline' }, 'network should be "auto" or "cache-only", but is "offline"'],
  [{ cacheBudgetBytes: -1 }, 'cacheBudgetBytes should be bytes from 0 up, but is -1'],
  [{ cacheBudgetBytes: 'all' }, 'cacheBudgetBytes should be bytes from 0 up, but is "all"'],
])('refuses %o', async (options, said) => {
  const error = await rejection(loadModel(freshModel().manifest, options as never));
  expect(error).toMatchObject({ code: 'options', message: expect.stringContaining(said) });
});

/** What the cache keeps of which model, for how long, and what apps are told of it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WeightsCache } from '../../src/api/cache.js';
import { fromBytes, toBytes } from '../../src/base/json.js';
import { cacheStatus, clearCache, isOfflineReady, type PannierError, prefetchModel, requestPersistence } from '../../src/index.js';
import { holdModel } from '../../src/storage/held.js';
import { writeRecord } from '../../src/storage/records.js';
import { bytesOf, deferred, fakeFetch, fakeModel, hashOf, rejection, rest } from '../fixtures/fakes.js';
import { FakeLocks } from '../fixtures/locks.js';
import { memoryCache } from '../fixtures/memory-cache.js';

type Packed = ReturnType<typeof fakeModel>;

const DAY_MS = 24 * 3_600_000;
const totalOf = ({ files }: Packed) => [...files.values()].reduce((sum, { length }) => sum + length, 0);
/** A model of its own of 100 bytes and a golden sample. */
const modelOf = (name: string, seed: number) => fakeModel(name, [bytesOf(70, seed)]);

/** A cache with room for so many bytes of shards, as a browser with such a quota, or Chromium on such a disk. */
function smallCache(quotaBytes: number, error = 'QuotaExceededError') {
  const kept = memoryCache();
  const sizes = new Map<string, number>();
  const seen = { maxBytes: 0, refused: 0 };
  const used = () => [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const cache: WeightsCache = {
    ...kept,
    async set(key, bytes) {
      // Records are small against a quota.
      const size = /^[\da-f]{64}$/.test(key) ? bytes.byteLength : 0;
      if (used() - (sizes.get(key) ?? 0) + size > quotaBytes) {
        seen.refused++;
        throw new DOMException('No room.', error);
      }
      sizes.set(key, size);
      seen.maxBytes = Math.max(seen.maxBytes, used());
      await kept.set(key, bytes);
    },
    async delete(key) {
      sizes.delete(key);
      await kept.delete(key);
    },
  };
  return { cache, seen, used };
}

async function prefetch(model: Packed, cache: WeightsCache, options: Parameters<typeof prefetchModel>[1] = {}) {
  const network = fakeFetch(model.files);
  await prefetchModel(model.manifest, { cache, fetch: network.fetch, ...options });
  return network.asked;
}

/** A server that lacks one file, and says so when the cache has all others. */
const lacking = ({ files }: Packed, missing: string, cache: WeightsCache): typeof globalThis.fetch => {
  const { fetch } = fakeFetch(files);
  return async (input, init) => {
    if (!String(input).endsWith(missing)) return fetch(input, init);
    const stored = async () => (await cache.keys()).filter((key) => /^[\da-f]{64}$/.test(key));
    await vi.waitFor(async () => expect(await stored()).toHaveLength(files.size - 1));
    return new Response('', { status: 404 });
  };
};

const namesIn = async (cache: WeightsCache) => (await cacheStatus(cache)).models.map(({ name, version }) => `${name} ${version}`).sort();
const hashesIn = async (cache: WeightsCache) => (await cacheStatus(cache)).models.map(({ hash }) => hash);

let locks: FakeLocks;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe('prefetchModel', () => {
  it('fills the cache, so that the model is ready for offline use and nothing is fetched again', async () => {
    const cache = memoryCache();
    const model = fakeModel();
    expect(await isOfflineReady(model.manifest, cache)).toBe(false);
    const heard: number[] = [];
    const asked = await prefetch(model, cache, { onProgress: ({ loadedBytes }) => heard.push(loadedBytes) });
    expect(asked.sort()).toEqual([...model.files.keys()].sort());
    expect(heard.at(-1)).toBe(totalOf(model));
    expect(await isOfflineReady(model.manifest, cache)).toBe(true);
    expect(await prefetch(model, cache)).toEqual([]);
  });

  it('goes on where an earlier try ended', async () => {
    const cache = memoryCache();
    const model = fakeModel();
    const fetch = lacking(model, '1.bin', cache);
    expect(await rejection(prefetchModel(model.manifest, { cache, fetch }))).toMatchObject({ code: 'http-status' });
    expect(await isOfflineReady(model.manifest, cache)).toBe(false);
    expect((await cacheStatus(cache)).models).toMatchObject([{ complete: false, bytes: totalOf(model) - 50 }]);
    expect(await prefetch(model, cache)).toEqual(['1.bin']);
  });

  it('has few files in memory at once: the next is fetched when one is written', async () => {
    const model = fakeModel(
      'm',
      Array.from({ length: 40 }, (_, index) => bytesOf(10, index)),
    );
    const kept = memoryCache();
    const gate = deferred();
    const cache = {
      ...kept,
      set: (key: string, bytes: ArrayBuffer) =>
        (key.startsWith('model:') ? kept : Promise.resolve()) && gate.promise.then(() => kept.set(key, bytes)),
    };
    const network = fakeFetch(model.files);
    const done = prefetchModel(model.manifest, { cache, fetch: network.fetch });
    await rest();
    await vi.waitFor(() => expect(network.asked).toHaveLength(4));
    await rest();
    expect(network.asked).toHaveLength(4);
    gate.resolve();
    await done;
    expect(network.asked).toHaveLength(42);
  });

  it('is one download however many ask, and all hear of it, late ones at once', async () => {
    const cache = memoryCache();
    const model = fakeModel();
    const gate = deferred();
    const network = fakeFetch(model.files);
    const fetch: typeof globalThis.fetch = async (...given) => {
      if (String(given[0]).endsWith('golden.bin')) await gate.promise;
      return network.fetch(...given);
    };
    const heard: number[][] = [[], []];
    const calls = [prefetchModel(model.manifest, { cache, fetch, onProgress: ({ loadedBytes }) => heard[0]!.push(loadedBytes) })];
    await vi.waitFor(() => expect(heard[0]).toHaveLength(4));
    calls.push(prefetchModel(model.manifest, { cache, fetch, onProgress: ({ loadedBytes }) => heard[1]!.push(loadedBytes) }));
    await rest();
    expect(heard[1]).toEqual([heard[0]!.at(-1)]);
    gate.resolve();
    await Promise.all(calls);
    expect([network.asked.length, heard.map((each) => each.at(-1))]).toEqual([5, [totalOf(model), totalOf(model)]]);
  });

  it('fetches a shard that another load swept away after this one had found it', async () => {
    const kept = memoryCache();
    const model = fakeModel();
    const swept = hashOf(model.files.get('1.bin')!);
    await kept.set(swept, model.files.get('1.bin')!.slice().buffer as ArrayBuffer);
    let isSwept = false;
    const get = async (key: string) => {
      const found = await kept.get(key);
      if (key === swept && !isSwept) await kept.delete(key);
      isSwept ||= key === swept;
      return found;
    };
    const heard: number[] = [];
    const asked = await prefetch(model, { ...kept, get }, { onProgress: ({ loadedBytes }) => heard.push(loadedBytes) });
    expect([asked.at(-1), asked.length, heard.at(-1), heard.length]).toEqual(['1.bin', 5, totalOf(model), 5]);
    expect(await isOfflineReady(model.manifest, kept)).toBe(true);
  });

  it('that is aborted rejects with the reason, and keeps what had arrived', async () => {
    const cache = memoryCache();
    const model = fakeModel();
    const network = fakeFetch(model.files);
    const fetch: typeof globalThis.fetch = (...given) =>
      String(given[0]).endsWith('golden.bin') ? new Promise(() => {}) : network.fetch(...given);
    const abort = new AbortController();
    const call = rejection(prefetchModel(model.manifest, { cache, fetch, signal: abort.signal }));
    await vi.waitFor(async () => expect((await cacheStatus(cache)).bytes).toBe(totalOf(model) - 16));
    abort.abort('enough');
    expect(await call).toBe('enough');
    expect(await prefetch(model, cache)).toEqual(['golden.bin']);
  });

  it.each([
    ['without a cache', () => undefined, /There is no IndexedDB here/],
    ['with a cache that fails', () => ({ ...memoryCache(), set: async () => Promise.reject(new Error('broken')) }), /broken/],
    ['with a cache that forgets', () => ({ ...memoryCache(), set: async () => undefined }), /is not there/],
  ])('%s rejects with cache-unavailable', async (_what, open, message) => {
    const { manifest, files } = fakeModel();
    const cache = open() as WeightsCache;
    const error = await rejection(prefetchModel(manifest, { ...(cache && { cache }), fetch: fakeFetch(files).fetch }));
    expect(error).toMatchObject({ code: 'cache-unavailable', message: expect.stringMatching(message) });
  });

  it('refuses what is no option of it', async () => {
    const options = { backend: 'wasm' } as never;
    expect(await rejection(prefetchModel(fakeModel().manifest, options))).toMatchObject({
      code: 'options',
      message: expect.stringContaining('prefetchModel has no option "backend"'),
    });
  });

  it.each([
    [{ fetch: 3 }, "prefetchModel's option fetch should be a function, but is 3."],
    [{ cacheBudgetBytes: -1 }, "prefetchModel's option cacheBudgetBytes should be bytes from 0 up, but is -1."],
    [{ signal: {} }, "prefetchModel's option signal should be an AbortSignal, but is an object."],
  ])('refuses %o in its own name', async (options, said) => {
    const error = await rejection(prefetchModel(fakeModel().manifest, options as never));
    expect(error).toMatchObject({ code: 'options', message: expect.stringContaining(said) });
  });
});

describe('S1: a quota', () => {
  it('has the least recently used version make way, one at a time, and no more than is needed', async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name, index) => modelOf(name, index + 1)) as [Packed, Packed, Packed, Packed];
    // The graph and the golden sample are the same bytes in all of them.
    const { cache, seen, used } = smallCache(46 + 3 * 70);
    for (const model of [a, b, c]) {
      await prefetch(model, cache);
      later(1_000);
    }
    expect(used()).toBe(46 + 3 * 70);
    // `a` is used again, so that `b` is the one.
    later(100_000);
    await prefetch(a, cache);
    expect((await cacheStatus(cache)).models.map(({ name, evictedNext }) => [name, evictedNext])).toEqual([
      ['b', true],
      ['c', false],
      ['a', false],
    ]);
    await prefetch(d, cache);
    expect(await namesIn(cache)).toEqual(['a 1', 'c 1', 'd 1']);
    expect([seen.maxBytes, seen.refused > 0]).toEqual([46 + 3 * 70, true]);
    for (const { manifest } of [a, c, d]) expect(await isOfflineReady(manifest, cache)).toBe(true);
  });

  it('that no eviction could meet drops nobody, keeps nothing of the model, and is said', async () => {
    const small = modelOf('small', 1);
    const large = fakeModel('large', [bytesOf(70, 2), bytesOf(70, 3), bytesOf(70, 4)]);
    const { cache, used } = smallCache(46 + 2 * 70);
    await prefetch(small, cache);
    const error = (await rejection(prefetch(large, cache))) as PannierError;
    expect(error).toMatchObject({ code: 'cache-full', message: expect.stringContaining('no room for its 256 bytes') });
    await rest();
    expect([await isOfflineReady(small.manifest, cache), used()]).toEqual([true, 46 + 70]);
  });

  it('keeps not even what was being written when the cache turned out to be full', async () => {
    const large = fakeModel('large', [bytesOf(70, 2), bytesOf(70, 3)]);
    const { cache, used } = smallCache(46 + 70);
    const gate = deferred();
    const slow = hashOf(bytesOf(70, 2));
    const set = (key: string, bytes: ArrayBuffer) =>
      key === slow ? cache.set(key, bytes).then(() => gate.promise) : cache.set(key, bytes);
    expect(await rejection(prefetch(large, { ...cache, set }))).toMatchObject({ code: 'cache-full' });
    gate.resolve();
    await vi.waitFor(() => expect(used()).toBe(0));
  });

  it('spares what a tab holds', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name, index) => modelOf(name, index + 1)) as [Packed, Packed, Packed];
    const { cache } = smallCache(46 + 2 * 70);
    const letGo = holdModel(a.manifest.hash);
    await prefetch(a, cache);
    later(1_000);
    await prefetch(b, cache);
    await prefetch(c, cache);
    expect(await namesIn(cache)).toEqual(['a 1', 'c 1']);
    expect((await cacheStatus(cache)).models).toMatchObject([
      { name: 'a', held: true, evictedNext: false },
      { name: 'c', held: false, evictedNext: true },
    ]);
    letGo();
    await rest();
    await prefetch(b, cache);
    expect(await namesIn(cache)).toEqual(['b 1', 'c 1']);
  });
});

describe('S1: a full cache whose deletions delete nothing', () => {
  it('has nobody make way twice: what is written is given up', async () => {
    const kept = memoryCache();
    for (const model of [modelOf('a', 1), modelOf('b', 2)]) await prefetch(model, kept);
    let writes = 0;
    let deletions = 0;
    const cache: WeightsCache = {
      ...kept,
      delete: async () => void deletions++,
      set: async (key, bytes) => {
        // Room in the end, so that a loop without one fails here rather than hangs.
        if (/^[\da-f]{64}$/.test(key) && ++writes < 500) throw new DOMException('No room.', 'QuotaExceededError');
        await kept.set(key, bytes);
      },
    };
    expect(await rejection(prefetch(modelOf('c', 3), cache))).toMatchObject({ code: 'cache-full' });
    // At first, in its turn, and after each of the two, whose records and shards are deleted; then it is itself.
    expect([writes, deletions]).toEqual([4, 5]);
  });
});

describe('S2: a full disk, which Chromium calls a DataError', () => {
  const [a, b, d] = ['a', 'b', 'd'].map((name, index) => modelOf(name, index + 1)) as [Packed, Packed, Packed];
  async function filled(quotaBytes: number) {
    const { cache } = smallCache(quotaBytes, 'DataError');
    for (const model of [a, b]) {
      await prefetch(model, cache);
      later(1_000);
    }
    return cache;
  }

  it('has the least recently used version make way, and is written again', async () => {
    const cache = await filled(46 + 2 * 70);
    await prefetch(d, cache);
    expect(await namesIn(cache)).toEqual(['b 1', 'd 1']);
    expect(await isOfflineReady(d.manifest, cache)).toBe(true);
  });

  it('has as many make way as the new shards need', async () => {
    const cache = await filled(46 + 2 * 70);
    await prefetch(fakeModel('large', [bytesOf(60, 5), bytesOf(65, 6)]), cache);
    expect(await namesIn(cache)).toEqual(['large 1']);
  });

  it('that is none, but another fault, costs one version at most', async () => {
    const cache = await filled(1_000);
    const broken = {
      ...cache,
      set: async (key: string, bytes: ArrayBuffer) => {
        if (key.startsWith('model:')) return cache.set(key, bytes);
        throw new DOMException('Failed to write blobs (IOError)', 'DataError');
      },
    };
    const error = await rejection(prefetch(fakeModel('large', [bytesOf(60, 7), bytesOf(60, 8)]), broken));
    expect(error).toMatchObject({ code: 'cache-unavailable', message: expect.stringContaining('Failed to write blobs') });
    await rest();
    expect(await Promise.all([a, b].map(({ manifest }) => isOfflineReady(manifest, cache)))).toEqual([false, true]);
  });

  it('with nobody to make way is said, and nothing is deleted', async () => {
    const cache = await filled(46 + 2 * 70);
    const letGo = [a, b].map(({ manifest }) => holdModel(manifest.hash));
    await rest();
    expect(await rejection(prefetch(d, cache))).toMatchObject({ code: 'cache-unavailable', message: expect.stringContaining('No room') });
    expect(await Promise.all([a, b].map(({ manifest }) => isOfflineReady(manifest, cache)))).toEqual([true, true]);
    for (const each of letGo) each();
  });
});

describe('cacheBudgetBytes', () => {
  it('holds once the new model is there: whole versions make way, least recently used first', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name, index) => modelOf(name, index + 1)) as [Packed, Packed, Packed];
    const cache = memoryCache();
    for (const model of [a, b]) {
      await prefetch(model, cache);
      later(1_000);
    }
    await prefetch(c, cache, { cacheBudgetBytes: 46 + 2 * 70 });
    expect(await namesIn(cache)).toEqual(['b 1', 'c 1']);
    expect(await cache.get(hashOf(bytesOf(70, 1)))).toBe(undefined);
    expect((await cacheStatus(cache)).bytes).toBe(46 + 2 * 70);
  });

  it('that the model alone is above keeps nothing of it, and drops nobody', async () => {
    const [a, b] = [modelOf('a', 1), modelOf('b', 2)];
    const cache = memoryCache();
    await prefetch(a, cache);
    const error = await rejection(prefetch(b, cache, { cacheBudgetBytes: 115 }));
    expect(error).toMatchObject({ code: 'cache-full', message: expect.stringContaining('it takes 116 bytes, cacheBudgetBytes is 115') });
    await rest();
    expect([await isOfflineReady(a.manifest, cache), (await cacheStatus(cache)).bytes]).toEqual([true, 116]);
  });
});

describe('a model on its way', () => {
  /** A model of which only the golden sample comes, until `gate` opens. */
  const held = (model: Packed, gate: Promise<unknown>) => async (url: unknown) => {
    const name = new URL(String(url)).pathname.slice(1);
    if (name === '0.bin') await gate;
    return new Response(model.files.get(name)?.slice());
  };

  it('is held, so that another tab neither clears nor evicts it', async () => {
    const cache = memoryCache();
    const model = modelOf('a', 1);
    const gate = deferred();
    const coming = prefetchModel(model.manifest, { cache, fetch: held(model, gate.promise) as typeof globalThis.fetch });
    await expect.poll(async () => (await cacheStatus(cache)).bytes).toBe(46);
    expect(await clearCache({ cache })).toMatchObject({ freedBytes: 0, held: [{ name: 'a', held: true, complete: false }] });
    gate.resolve();
    await coming;
    await rest();
    expect(await clearCache({ cache })).toEqual({ freedBytes: 116, held: [] });
  });

  it('evicts nobody for the budget while it is not whole', async () => {
    const cache = memoryCache();
    const [a, b] = [fakeModel('a', [bytesOf(110, 1)]), fakeModel('b', [bytesOf(30, 3), bytesOf(70, 2)])];
    await prefetch(a, cache);
    later(1_000);
    // Somebody clears a file of it away as it comes.
    const losing = {
      ...cache,
      set: async (key: string, bytes: ArrayBuffer) => (key === hashOf(bytesOf(70, 2)) ? undefined : cache.set(key, bytes)),
    };
    await rejection(prefetch(b, losing, { cacheBudgetBytes: totalOf(b) }));
    expect(await isOfflineReady(a.manifest, cache)).toBe(true);
  });

  it('whose record finds no room drops one version for it, and not all', async () => {
    const cache = memoryCache();
    const [a, b, c] = ['a', 'b', 'c'].map((name, index) => modelOf(name, index + 1)) as [Packed, Packed, Packed];
    await prefetch(a, cache);
    later(1_000);
    await prefetch(b, cache);
    const full = {
      ...cache,
      set: async (key: string, bytes: ArrayBuffer) => {
        if (key.startsWith('model:')) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
        await cache.set(key, bytes);
      },
    };
    expect(await rejection(prefetch(c, full))).toMatchObject({
      code: 'cache-full',
      message: expect.stringContaining('no room for its record'),
    });
    expect(await namesIn(cache)).toEqual(['b 1']);
  });
});

describe('versions of one model', () => {
  const old = fakeModel('pose', [bytesOf(40, 1), bytesOf(50, 2)]);
  const fresh = fakeModel('pose', [bytesOf(40, 1), bytesOf(50, 7)]);

  it('S14: two stay beside each other; a third one has the oldest dropped, unless a tab has that open', async () => {
    const cache = memoryCache();
    const [first, second, third] = [old, fresh, fakeModel('pose', [bytesOf(40, 1), bytesOf(50, 8)])] as const;
    const all = [first, second, third].map(({ manifest }) => manifest.hash).sort();
    for (const model of [first, second]) {
      await prefetch(model, cache);
      later(1_000);
    }
    const release = holdModel(first.manifest.hash);
    later(100 * DAY_MS);
    expect(await prefetch(third, cache)).toEqual(['1.bin']);
    expect((await hashesIn(cache)).sort()).toEqual(all);
    release();
    await rest();
    later(120_000);
    await prefetch(third, cache);
    expect(await hashesIn(cache)).toEqual([second.manifest.hash, third.manifest.hash]);
    const files = [second, third].flatMap((model) => [...model.files.values()].map(hashOf));
    const records = [second, third].map(({ manifest }) => `model:${manifest.hash}`);
    expect(new Set(await cache.keys())).toEqual(new Set([...records, ...files]));
  });

  it('that are not whole replace none', async () => {
    const cache = memoryCache();
    await prefetch(old, cache);
    for (const seed of [2, 3]) {
      later(1_000);
      const half = fakeModel('pose', [bytesOf(70, seed)]);
      const { fetch } = fakeFetch(new Map([...half.files].filter(([name]) => name !== '0.bin')));
      await rejection(prefetchModel(half.manifest, { cache, fetch }));
      await rest();
    }
    await prefetch(modelOf('other', 9), cache);
    expect(await isOfflineReady(old.manifest, cache)).toBe(true);
  });

  it('of two apps in turns evict nobody', async () => {
    const cache = memoryCache();
    for (let day = 0; day < 20; day++) {
      expect(await prefetch(day % 2 ? old : fresh, cache)).toHaveLength(day === 0 ? 4 : day === 1 ? 1 : 0);
      later(DAY_MS);
    }
    expect(await hashesIn(cache)).toHaveLength(2);
  });

  it('that are not whole make way before models that were used longer ago', async () => {
    const { cache } = smallCache(46 + 3 * 70);
    await prefetch(modelOf('other', 4), cache);
    later(1_000);
    const half = fakeModel('half', [bytesOf(70, 5), bytesOf(70, 6)]);
    await rejection(prefetchModel(half.manifest, { cache, fetch: lacking(half, '1.bin', cache) }));
    later(1_000);
    await prefetch(fakeModel('new', [bytesOf(70, 7), bytesOf(70, 8)]), cache);
    expect(await namesIn(cache)).toEqual(['new 1', 'other 1']);
  });

  it('that are replaced make way before models that were used longer ago', async () => {
    const { cache } = smallCache(46 + 70 + 40 + 50);
    await prefetch(modelOf('other', 4), cache);
    later(1_000);
    await prefetch(old, cache);
    later(1_000);
    await prefetch(fresh, cache).catch(() => undefined);
    expect(await namesIn(cache)).toEqual(['other 1', 'pose 1']);
    expect(await isOfflineReady(fresh.manifest, cache)).toBe(true);
  });
});

describe('what belongs to nobody', () => {
  it('goes with the next load: assets, records that cannot be read, what was found out about models that are gone', async () => {
    const cache = memoryCache();
    const model = fakeModel();
    const { hash } = model.manifest;
    const foreign = ['an app’s own', 'note:gone', `${'a'.repeat(63)}`];
    const gone = ['a'.repeat(64), 'model:broken', 'model:null', 'golden:gone a', 'choice:gone b', 'crash:gone c'];
    const ours = [`golden:${hash} a`, `choice:${hash} b`, `crash:${hash} c`];
    for (const key of [...foreign, ...gone, ...ours]) await cache.set(key, toBytes(null));
    await prefetch(model, cache);
    const keys = await cache.keys();
    expect(keys.filter((key) => gone.includes(key))).toEqual([]);
    expect(keys).toEqual(expect.arrayContaining([...foreign, ...ours]));
  });

  it('is not what a download of another model has stored so far', async () => {
    const cache = memoryCache();
    const model = fakeModel('half', [bytesOf(40, 5), bytesOf(50, 6)]);
    const { fetch } = fakeFetch(new Map([...model.files].filter(([name]) => name !== '1.bin')));
    await rejection(prefetchModel(model.manifest, { cache, fetch }));
    await rest();
    await prefetch(modelOf('other', 1), cache);
    expect(await prefetch(model, cache)).toEqual(['1.bin']);
  });
});

it('a record says that all is there only where all is', async () => {
  const kept = memoryCache();
  const model = fakeModel();
  const lost = hashOf(model.files.get('1.bin')!);
  const set = async (key: string, bytes: ArrayBuffer) => (key === lost ? undefined : kept.set(key, bytes));
  await rejection(prefetch(model, { ...kept, set }));
  const record = async () => fromBytes((await kept.get(`model:${model.manifest.hash}`))!);
  expect(await record()).toMatchObject({ complete: false });
  await prefetch(model, kept);
  expect(await record()).toMatchObject({ complete: true });
});

describe('cacheStatus', () => {
  it('tells each version, and what the browser says of the origin', async () => {
    const storage = { persisted: async () => true, estimate: async () => ({ quota: 1000, usage: 300 }), persist: async () => true };
    vi.stubGlobal('navigator', { locks, storage });
    const cache = memoryCache();
    const model = modelOf('a', 1);
    await prefetch(model, cache);
    const { hash } = model.manifest;
    const usedAt = new Date();
    const only = { name: 'a', version: '1', hash, bytes: 116, complete: true, usedAt, held: false, evictedNext: true };
    expect(await cacheStatus(cache)).toEqual({ models: [only], bytes: 116, persisted: true, quotaBytes: 1000, usageBytes: 300 });
    expect(await requestPersistence()).toBe(true);
  });

  const there = { sha256: 'b'.repeat(64), bytes: 5 };
  it.each([
    ['whether it is whole', { complete: undefined }],
    ['a day', { usedAtMs: 1e300 }],
    ['a length', { assets: [there, { sha256: 'a'.repeat(64), bytes: -5 }] }],
  ])('leaves out a record without %s', async (_what, damage) => {
    const cache = memoryCache();
    await cache.set(there.sha256, new ArrayBuffer(there.bytes));
    await cache.set('model:x', toBytes({ name: 'x', version: '1', usedAtMs: 1, complete: true, assets: [there], ...damage }));
    expect((await cacheStatus(cache)).models).toEqual([]);
  });

  it('leaves out what has a record and no bytes, which is nobody to make way, and is cleared away', async () => {
    const { cache } = smallCache(46 + 70);
    const [kept, refused] = [modelOf('kept', 1), fakeModel('refused', [bytesOf(70, 2), bytesOf(70, 3)])];
    await rejection(prefetch(refused, cache));
    await vi.waitFor(async () => expect(await cache.keys()).toEqual([`model:${refused.manifest.hash}`]));
    expect(await cacheStatus(cache)).toMatchObject({ models: [], bytes: 0 });
    expect(await clearCache({ cache })).toEqual({ freedBytes: 0, held: [] });
    expect(await cache.keys()).toEqual([]);
    await prefetch(kept, cache);
    await writeRecord(cache, 'none', { name: 'kept', version: '0', usedAtMs: 1, complete: true, assets: [] });
    expect(await cacheStatus(cache)).toMatchObject({ models: [{ version: '1', evictedNext: true }], bytes: 116 });
  });

  it('leaves open what the browser does not tell, and does not fail for it', async () => {
    const storage = { persisted: async () => Promise.reject(new Error('no')), estimate: () => undefined };
    vi.stubGlobal('navigator', { storage });
    const cache = memoryCache();
    await prefetch(modelOf('a', 1), cache);
    const status = await cacheStatus(cache);
    expect(status).toMatchObject({ persisted: undefined, quotaBytes: undefined, usageBytes: undefined });
    expect(status.models).toMatchObject([{ held: undefined, evictedNext: true }]);
    expect(await requestPersistence()).toBe(false);
  });

  it('rejects with cache-unavailable where the cache fails', async () => {
    const keys = async () => Promise.reject(null);
    expect(await rejection(cacheStatus({ ...memoryCache(), keys }))).toMatchObject({ code: 'cache-unavailable' });
    expect(await rejection(cacheStatus())).toMatchObject({ code: 'cache-unavailable', message: expect.stringContaining('no IndexedDB') });
  });
});

describe('S8: isOfflineReady', () => {
  it('is no where one file is missing, or the cache fails', async () => {
    const cache = memoryCache();
    const model = fakeModel();
    await prefetch(model, cache);
    expect(await isOfflineReady(model.manifest, cache)).toBe(true);
    expect(await isOfflineReady(model.manifest, { ...cache, get: async () => Promise.reject(new Error('no')) })).toBe(false);
    expect(await isOfflineReady(model.manifest)).toBe(false);
    await cache.delete(hashOf(model.files.get('1.bin')!));
    expect(await isOfflineReady(model.manifest, cache)).toBe(false);
    expect(await prefetch(model, cache)).toEqual(['1.bin']);
  });
});

describe('clearCache', () => {
  it('deletes whole versions but those that it is told to leave, and says what is free now', async () => {
    const [a, b] = [modelOf('a', 1), modelOf('b', 2)];
    const cache = memoryCache();
    for (const model of [a, b]) await prefetch(model, cache);
    await cache.set(`golden:${a.manifest.hash} cpu`, toBytes({}));
    expect(await clearCache({ except: [b.manifest], cache })).toEqual({ freedBytes: 70, held: [] });
    expect(new Set(await cache.keys())).toEqual(new Set([`model:${b.manifest.hash}`, ...[...b.files.values()].map(hashOf)]));
    expect(await clearCache({ cache })).toEqual({ freedBytes: 116, held: [] });
    expect(await cache.keys()).toEqual([]);
  });

  it('counts shards that no version names, also one that cannot be read', async () => {
    const kept = memoryCache();
    await prefetch(modelOf('a', 1), kept);
    const [lost, damaged] = ['b'.repeat(64), 'd'.repeat(64)];
    for (const key of [lost, damaged]) await kept.set(key, new ArrayBuffer(30));
    const cache = { ...kept, get: async (key: string) => (key === damaged ? Promise.reject(new Error('no file')) : kept.get(key)) };
    expect(await clearCache({ cache })).toEqual({ freedBytes: 116 + 30, held: [] });
    expect(await kept.keys()).toEqual([]);
  });

  it('deletes nothing where it does not understand what is to stay', async () => {
    const cache = memoryCache();
    const { manifest } = modelOf('a', 1);
    await prefetch(modelOf('a', 1), cache);
    for (const [options, message] of [
      [[manifest], 'clearCache takes an object of options, but got an array of 1.'],
      [manifest, 'clearCache has no option "format"'],
      [{ except: manifest, cache }, "clearCache's option except should be an array of models"],
      [{ except: ['a'], cache }, 'The model source should be an object, but is "a"'],
      [{ except: [Promise.resolve(manifest)], cache }, 'but is Promise'],
    ] as const)
      expect(await rejection(clearCache(options as never))).toMatchObject({ message: expect.stringContaining(message) });
    expect(await namesIn(cache)).toEqual(['a 1']);
  });

  it('leaves what a tab has open, and says so', async () => {
    const cache = memoryCache();
    const model = modelOf('a', 1);
    await prefetch(model, cache);
    const letGo = holdModel(model.manifest.hash);
    expect(await clearCache({ cache })).toMatchObject({ freedBytes: 0, held: [{ name: 'a', held: true, complete: true }] });
    letGo();
    letGo();
    await rest();
    expect(await clearCache({ cache })).toEqual({ freedBytes: 116, held: [] });
  });

  it('deletes nothing while the browser does not say what is open', async () => {
    const cache = memoryCache();
    await prefetch(modelOf('a', 1), cache);
    await rest();
    vi.stubGlobal('navigator', { locks: { query: () => Promise.reject(new Error('busy')) } });
    expect(await clearCache({ cache })).toMatchObject({ freedBytes: 0, held: [{ name: 'a', held: undefined, evictedNext: false }] });
    vi.stubGlobal('navigator', {});
    expect(await clearCache({ cache })).toEqual({ freedBytes: 116, held: [] });
  });

  it('cut short at any deletion never leaves a record of what is not whole', async () => {
    for (let deletions = 0; deletions < 8; deletions++) {
      const kept = memoryCache();
      const model = fakeModel();
      await prefetch(model, kept);
      let left = deletions;
      const dying = { ...kept, delete: async (key: string) => (left-- > 0 ? kept.delete(key) : Promise.reject(new Error('ended'))) };
      await clearCache({ cache: dying }).catch(() => undefined);
      const { models } = await cacheStatus(kept);
      expect(models.every(({ complete, bytes }) => complete && bytes === totalOf(model))).toBe(true);
      // What was left over goes with the next load.
      await prefetch(modelOf('other', 9), kept);
      if (models.length === 0) expect((await cacheStatus(kept)).bytes).toBe(116);
      expect((await kept.get(hashOf(bytesOf(50, 2)))) === undefined).toBe(models.length === 0);
    }
  });
});

describe('a page that is left', () => {
  it.each(['pagehide', 'beforeunload'])(
    'holds nothing after %s, for the back/forward cache, and holds again if it is still there after 10 s',
    async (type) => {
      const page = new EventTarget();
      vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
      vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const heldNames = async () => {
        await rest();
        return (await locks.query()).held?.map(({ name }) => name);
      };
      const release = holdModel('hash');
      expect(await heldNames()).toEqual(['pannier model hash']);
      page.dispatchEvent(new Event(type));
      expect(await heldNames()).toEqual([]);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await heldNames()).toEqual(['pannier model hash']);
      page.dispatchEvent(new Event(type));
      release();
      page.dispatchEvent(new Event(type));
      await vi.advanceTimersByTimeAsync(60_000);
      expect([await heldNames(), vi.getTimerCount()]).toEqual([[], 0]);
    },
  );
});

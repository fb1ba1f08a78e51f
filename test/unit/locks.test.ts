/** One download for all tabs, between loads that share a cache and a lock manager that a test holds. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WeightsCache } from '../../src/api/cache.js';
import { downloadModel } from '../../src/download/download-model.js';
import { shardLocks } from '../../src/download/shard-locks.js';
import { bytesOf, deferred, fakeFetch, fakeModel, hashOf, rejection, rest, stateOf } from '../fixtures/fakes.js';
import { FakeLocks } from '../fixtures/locks.js';
import { memoryCache } from '../fixtures/memory-cache.js';

let locks: FakeLocks;
const heldAndPending = async () => {
  const { held = [], pending = [] } = await locks.query();
  return [held.length, pending.length];
};
const use = (manager: unknown) => vi.stubGlobal('navigator', { locks: manager });
beforeEach(() => {
  locks = new FakeLocks();
  use(locks);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const shards = Array.from({ length: 10 }, (_, index) => bytesOf(10, index));
const model = fakeModel('tabs', shards);
const once = [...model.files.keys()].sort();

interface Tab {
  readonly loaded: Promise<string>;
  readonly progress: number[];
  readonly notes: string[];
  readonly abort: AbortController;
}

/** A tab that loads the model. */
function tab(cache: WeightsCache | null, fetch: typeof globalThis.fetch): Tab {
  const progress: number[] = [];
  const notes: string[] = [];
  const abort = new AbortController();
  const { graph, weights, golden, whole } = downloadModel(model.manifest, [model.manifest.targets.tfjs.graph], {
    ...{ caching: Promise.resolve(cache), budgetBytes: Number.POSITIVE_INFINITY, fetch, signal: abort.signal },
    assetUrl: (_name, url) => url,
    note: (code) => void notes.push(code),
    onProgress: ({ loadedBytes }) => void progress.push(loadedBytes),
  });
  const loaded = whole.then(async ({ stored }) => {
    await stored;
    const all = [await graph];
    for await (const each of weights) all.push(each);
    return hashOf(Buffer.concat([...all, await golden].map((each) => Buffer.from(each))));
  });
  return { loaded, progress, notes, abort };
}
const right = hashOf(Buffer.concat([...model.files.values()]));

/** A network that never answers for these files. */
function without(names: readonly string[]) {
  const network = fakeFetch(model.files);
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await network.fetch(input, init);
    return names.some((name) => String(input).endsWith(`/${name}`)) ? new Promise<never>(() => {}) : response;
  };
  return { fetch, asked: network.asked };
}

describe('tabs that load at once', () => {
  it.each([2, 8])('%i of them: each asset is asked for once, all are right, and nothing stays held', async (count) => {
    const cache = memoryCache();
    const { fetch, asked } = fakeFetch(model.files);
    const tabs = Array.from({ length: count }, () => tab(cache, fetch));
    expect(await Promise.all(tabs.map(({ loaded }) => loaded))).toEqual(tabs.map(() => right));
    expect(asked.toSorted()).toEqual(once);
    for (const { progress, notes } of tabs)
      expect([progress.length, progress.toSorted((a, b) => a - b), notes]).toEqual([12, progress, []]);
    await rest();
    expect(await heldAndPending()).toEqual([0, 0]);
  });

  it('one that fails ends its downloads, and who waits for one of them takes over at once', async () => {
    const cache = memoryCache();
    const { fetch, asked } = fakeFetch(model.files);
    const signals: AbortSignal[] = [];
    const gone = deferred();
    const first = tab(cache, async (input, init) => {
      if (String(input).endsWith('/7.bin')) return gone.promise.then(() => new Response('', { status: 404 }));
      if (!String(input).endsWith('/8.bin')) return fetch(input, init);
      signals.push(init?.signal as AbortSignal);
      return new Promise<never>(() => {});
    });
    const second = tab(cache, fetch);
    await vi.waitFor(() => expect([first.progress.length, second.progress.length]).toEqual([10, 10]));
    gone.resolve();
    expect(await rejection(first.loaded)).toMatchObject({ code: 'http-status' });
    expect(await second.loaded).toBe(right);
    expect([signals.map(({ aborted }) => aborted), asked.toSorted()]).toEqual([[true], once]);
    await rest();
    expect(await heldAndPending()).toEqual([0, 0]);
  });

  it('one that waits sees its progress move with what the other one stores', async () => {
    const cache = memoryCache();
    const gate = deferred();
    const { fetch, asked } = fakeFetch(model.files);
    const first = tab(cache, async (...args) =>
      String(args[0]).endsWith('/7.bin') ? gate.promise.then(() => fetch(...args)) : fetch(...args),
    );
    const second = tab(cache, fetch);
    await vi.waitFor(() => expect([first.progress.length, second.progress.length]).toEqual([11, 11]));
    expect(await stateOf(second.loaded)).toBe('pending');
    gate.resolve();
    expect([await first.loaded, await second.loaded]).toEqual([right, right]);
    expect(asked.toSorted()).toEqual(once);
  });

  it('one whose disk is slow keeps the others waiting until its shard is there to be found', async () => {
    const kept = memoryCache();
    const gate = deferred();
    const slow = { ...kept, set: async (key: string, bytes: ArrayBuffer) => gate.promise.then(() => kept.set(key, bytes)) };
    const { fetch, asked } = fakeFetch(model.files);
    const first = tab(slow, fetch);
    await vi.waitFor(() => expect(asked).toHaveLength(12));
    const second = tab(slow, fetch);
    await vi.waitFor(async () => expect(await heldAndPending()).toEqual([12, 4]));
    gate.resolve();
    expect([await first.loaded, await second.loaded]).toEqual([right, right]);
    expect(asked.toSorted()).toEqual(once);
  });

  it('one that is aborted lets go: the other one takes over, and fetches only what was not there', async () => {
    const cache = memoryCache();
    const stuck = without(['3.bin', '4.bin']);
    const first = tab(cache, stuck.fetch);
    const gone = rejection(first.loaded);
    await vi.waitFor(() => expect(first.progress).toHaveLength(10));
    const { fetch, asked } = fakeFetch(model.files);
    const second = tab(cache, fetch);
    await vi.waitFor(() => expect(second.progress).toHaveLength(10));
    expect(asked).toEqual([]);
    first.abort.abort('enough');
    expect(await gone).toBe('enough');
    expect(await second.loaded).toBe(right);
    expect(asked.toSorted()).toEqual(['3.bin', '4.bin']);
  });

  it('one that is aborted while it waits asks for nothing and holds nothing', async () => {
    const cache = memoryCache();
    const first = tab(cache, without(once).fetch);
    first.loaded.catch(() => undefined);
    await vi.waitFor(async () => expect((await heldAndPending())[0]).toBe(4));
    const { fetch, asked } = fakeFetch(model.files);
    const second = tab(cache, fetch);
    await vi.waitFor(async () => expect(await heldAndPending()).toEqual([4, 4]));
    second.abort.abort('enough');
    expect(await rejection(second.loaded)).toBe('enough');
    await rest();
    expect([asked, await heldAndPending()]).toEqual([[], [4, 0]]);
    first.abort.abort();
  });

  it('one whose cache fails, or that has none, keeps nobody waiting and waits for nobody', async () => {
    const cache = memoryCache();
    const broken = { ...cache, set: async () => Promise.reject(new Error('no disk')) };
    const first = tab(broken, without(['5.bin']).fetch);
    first.loaded.catch(() => undefined);
    await vi.waitFor(() => expect(first.notes).toEqual(['cache-unavailable']));
    await rest();
    expect(await heldAndPending()).toEqual([0, 0]);
    const { fetch, asked } = fakeFetch(model.files);
    expect(await tab(cache, fetch).loaded).toBe(right);
    expect(asked).toHaveLength(12);
    const holder = tab(memoryCache(), without(once).fetch);
    holder.loaded.catch(() => undefined);
    await vi.waitFor(async () => expect((await heldAndPending())[0]).toBe(4));
    expect(await tab(null, fetch).loaded).toBe(right);
    for (const each of [first, holder]) each.abort.abort();
  });

  it('a page that is left lets go of all', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    const first = tab(memoryCache(), without(once).fetch);
    first.loaded.catch(() => undefined);
    await vi.waitFor(async () => expect((await heldAndPending())[0]).toBe(4));
    page.dispatchEvent(new Event('pagehide'));
    await rest();
    expect(await heldAndPending()).toEqual([0, 0]);
    first.abort.abort();
  });

  it('one that waits leaves the queue with its page, and downloads for itself if the page goes on', async () => {
    const cache = memoryCache();
    const gate = deferred();
    const { fetch, asked } = fakeFetch(model.files);
    const first = tab(cache, async (...args) => gate.promise.then(() => fetch(...args)));
    await vi.waitFor(async () => expect((await heldAndPending())[0]).toBe(4));
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    const second = tab(cache, fetch);
    await vi.waitFor(async () => expect(await heldAndPending()).toEqual([4, 4]));
    page.dispatchEvent(new Event('pagehide'));
    expect(await second.loaded).toBe(right);
    expect([asked.toSorted(), await heldAndPending()]).toEqual([once, [4, 0]]);
    gate.resolve();
    await first.loaded;
  });
});

describe('a tab that keeps its locks, since it hangs or is suspended,', () => {
  it('is waited for 30 s in all by another tab, whatever it holds; a tab that ends before is waited for', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hangs = [3, 9].map((index) => hashOf(shards[index]!));
    for (const sha256 of hangs) void locks.request(`pannier shard ${sha256}`, {}, () => new Promise(() => {}));
    const done = deferred();
    void locks.request(`pannier shard ${hashOf(shards[2]!)}`, {}, () => done.promise);
    const { fetch, asked } = fakeFetch(model.files);
    const { loaded } = tab(memoryCache(), fetch);
    // Hashes come from threads of their own, and vi.waitFor would move the clock.
    const until = async (isDone: () => boolean) => {
      for (let turn = 0; turn < 10_000 && !isDone(); turn++) await rest();
    };
    const others = once.filter((name) => name !== '3.bin' && name !== '9.bin');
    await until(() => asked.length === others.length - 1);
    await vi.advanceTimersByTimeAsync(29_000);
    done.resolve();
    await until(() => asked.length === others.length);
    await rest();
    expect(asked.toSorted()).toEqual(others);
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => asked.length === once.length);
    expect(asked.toSorted()).toEqual(once);
    vi.useRealTimers();
    expect(await loaded).toBe(right);
  });
});

describe('a lock manager', () => {
  it.each<[string, unknown]>([
    ['that is not there', undefined],
    [
      'that throws at once',
      {
        request() {
          throw new DOMException('Not here.', 'SecurityError');
        },
      },
    ],
    ['that rejects', { request: async () => Promise.reject(new DOMException('Not here.', 'SecurityError')) }],
  ])('%s: each tab downloads for itself, and is right', async (_what, manager) => {
    use(manager);
    const cache = memoryCache();
    const { fetch } = fakeFetch(model.files);
    const tabs = [tab(cache, fetch), tab(cache, fetch)];
    expect(await Promise.all(tabs.map(({ loaded }) => loaded))).toEqual([right, right]);
    for (const { notes } of tabs) expect(notes).toEqual([]);
  });

  it('that never answers costs 30 s in all; a lock that it grants later is released', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const grants: ((lock: Lock) => unknown)[] = [];
    const request = vi.fn((_name: string, _options: LockOptions, hold: (lock: Lock) => unknown) => {
      grants.push(hold);
      return new Promise<never>(() => {});
    });
    use({ request });
    const { fetch, asked } = fakeFetch(model.files);
    const { loaded } = tab(memoryCache(), fetch);
    await rest();
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await loaded).toBe(right);
    expect(request).toHaveBeenCalledTimes(4);
    for (const grant of grants) expect(await stateOf(grant({} as Lock) as Promise<unknown>)).toBe('fulfilled');
  });

  it('that grants a lock when the load has ended has it back', async () => {
    const { claim, end } = shardLocks(new AbortController().signal);
    const claiming = claim('a');
    end();
    await claiming;
    await rest();
    expect(await heldAndPending()).toEqual([0, 0]);
  });
});

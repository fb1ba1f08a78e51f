/** What outlives a page that ended in a model's first run: kept in a cache, which may be IndexedDB, broken, or hanging. */
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WeightsCache } from '../../src/api/cache.js';
import { circuitBreaker } from '../../src/select/circuit-breaker.js';
import { CrashMark } from '../../src/select/crash-mark.js';
import { resetBackends } from '../../src/select/reset-backends.js';
import { idbCache } from '../../src/storage/idb.js';
import { rest } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';

const DAY_MS = 24 * 3_600_000;

/** A page that can be looked at, hidden and left. */
class FakePage extends EventTarget {
  visibilityState = 'visible';
  hide() {
    this.visibilityState = 'hidden';
    this.dispatchEvent(new Event('visibilitychange'));
  }
  leave() {
    this.dispatchEvent(new Event('pagehide'));
  }
}

let page: FakePage;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) });
  vi.stubGlobal('indexedDB', new IDBFactory());
  open();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  circuitBreaker.reset();
});

/** Another page, of which the earlier one hears nothing more. */
function open(): FakePage {
  page = new FakePage();
  vi.stubGlobal('document', page);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  return page;
}

const wait = (ms: number) => void vi.setSystemTime(Date.now() + ms);

describe.each([
  ['memory', memoryCache],
  ['IndexedDB', idbCache],
])('in %s', (_, makeCache) => {
  let cache: WeightsCache;
  beforeEach(() => {
    cache = makeCache();
  });
  const of = (backend: 'webgpu' | 'wasm' = 'webgpu', { hash = 'abc', identity = 'google swiftshader' } = {}) =>
    new CrashMark(cache, hash, backend, identity);
  /** A page that crashes in its first run, a minute before the next one. */
  const crash = async (...given: Parameters<typeof of>) => {
    open();
    await of(...given).begin();
    wait(60_000);
  };

  it('there is nothing at first', async () => {
    expect(await of().reason()).toBe(undefined);
    expect(await cache.keys()).toEqual([]);
  });

  it('two pages that ended in the first run leave the backend alone for seven days, and another one then for seven more', async () => {
    await crash();
    expect(await of().reason()).toBe(undefined);
    await crash();
    const reason =
      'The page ended 2 times while the model was first run there. It is tried again from 2026-01-08, or after resetBackends().';
    expect(await of().reason()).toBe(reason);
    wait(7 * DAY_MS - 60_001);
    expect(await of().reason()).toBe(reason);
    wait(1);
    expect(await of().reason()).toBe(undefined);
    await crash();
    expect(await of().reason()).toMatch(/^The page ended 3 times .* from 2026-01-15/);
  });

  it('a mark is of one model on one backend in one browser on one GPU', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (X11) Chrome/150.0.1.2 Safari/537.36' });
    for (let round = 0; round < 2; round++) await crash();
    const others = [of('wasm'), of('webgpu', { hash: 'other' }), of('webgpu', { identity: 'nvidia ampere' })];
    for (const other of others) expect(await other.reason()).toBe(undefined);
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (X11) Chrome/150.0.9.9 Safari/537.36' });
    expect(await of().reason()).toBeTypeOf('string');
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (X11) Chrome/151.0.1.2 Safari/537.36' });
    expect(await of().reason()).toBe(undefined);
  });

  it('a clock that was set back by years makes no crash', async () => {
    for (let round = 0; round < 2; round++) await crash();
    wait(-3_000 * DAY_MS);
    expect(await of().reason()).toBe(undefined);
  });

  it('pages that are reloaded within 30 s of their crash are counted all the same', async () => {
    for (let round = 0; round < 4; round++) {
      expect(await of().reason()).toBe(undefined);
      await crash();
      wait(-50_000);
    }
    expect(await of().reason()).toMatch(/^The page ended 2 times/);
  });

  it('other tabs that are at it are no crash', async () => {
    for (let tab = 0; tab < 5; tab++) {
      open();
      await of().begin();
    }
    wait(29_999);
    expect(await of().reason()).toBe(undefined);
  });

  it('a first run that ended, however it went, clears all marks', async () => {
    await crash();
    open();
    const end = await of().begin();
    end();
    await rest();
    expect(await cache.keys()).toEqual([]);
    page.leave();
    page.hide();
    await rest();
    expect(await cache.keys()).toEqual([]);
  });

  it.each(['leave', 'hide'] as const)('a page that is left (%s) is no crash, and clears no other', async (how) => {
    await crash();
    for (let round = 0; round < 3; round++) {
      open();
      await of().begin();
      page[how]();
      await rest();
      wait(60_000);
    }
    expect(await of().reason()).toBe(undefined);
    await crash();
    expect(await of().reason()).toMatch(/^The page ended 2 times/);
  });

  it('a page that goes on after it was hidden ends its run as any other', async () => {
    const end = await of().begin();
    page.hide();
    await rest();
    expect(await cache.keys()).toEqual([]);
    await crash();
    end();
    await rest();
    expect(await cache.keys()).toEqual([]);
  });

  it('a hidden page, and a thread without a page, leave no mark', async () => {
    page.visibilityState = 'hidden';
    await of().begin();
    vi.stubGlobal('document', undefined);
    const end = await of().begin();
    end();
    expect(await cache.keys()).toEqual([]);
  });

  it('a damaged mark counts for nothing', async () => {
    for (let round = 0; round < 2; round++) await crash();
    const [key = ''] = await cache.keys();
    for (const damaged of ['{"a', '{}', 'null', '["soon", null, {}]']) {
      await cache.set(key, new TextEncoder().encode(damaged).buffer);
      expect(await of().reason()).toBe(undefined);
    }
  });

  it('a reset forgets marks, choices and what the page has seen, and nothing else', async () => {
    for (const backend of ['webgpu', 'wasm'] as const) await crash(backend);
    for (const key of ['golden:x', 'choice:x', 'f'.repeat(64)]) await cache.set(key, new ArrayBuffer(1));
    for (let loss = 0; loss < 3; loss++) circuitBreaker.fail('webgpu', 'Gone.');
    await resetBackends(cache);
    expect((await cache.keys()).toSorted()).toEqual(['f'.repeat(64), 'golden:x']);
    expect(circuitBreaker.openReason('webgpu')).toBe(undefined);
  });
});

it("a reset is of the browser's own cache if none is given; without one, of the page alone", async () => {
  const cache = idbCache();
  await new CrashMark(cache, 'abc', 'webgpu', '').begin();
  await resetBackends();
  expect(await cache.keys()).toEqual([]);
  vi.stubGlobal('indexedDB', undefined);
  circuitBreaker.fail('webgpu', 'None.', true);
  await resetBackends();
  expect(circuitBreaker.openReason('webgpu')).toBe(undefined);
});

describe('a cache that', () => {
  const broken = (call: () => Promise<never>) => {
    const asked = vi.fn(call);
    return { get: asked, set: asked, delete: asked, keys: asked } satisfies WeightsCache;
  };

  it('fails costs nothing but the memory', async () => {
    const cache = broken(() => Promise.reject(new DOMException('full', 'QuotaExceededError')));
    const mark = new CrashMark(cache, 'abc', 'webgpu', '');
    expect(await mark.reason()).toBe(undefined);
    const end = await mark.begin();
    end();
    await resetBackends(cache);
    await rest();
  });

  it('hangs is waited for once', async () => {
    vi.useRealTimers();
    vi.useFakeTimers();
    const cache = broken(() => new Promise(() => undefined));
    const mark = new CrashMark(cache, 'abc', 'webgpu', '');
    const reason = mark.reason();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await reason).toBe(undefined);
    const asked = cache.get.mock.calls.length;
    // From here on no clock moves.
    (await mark.begin())();
    expect(await mark.reason()).toBe(undefined);
    expect(cache.get.mock.calls.length).toBe(asked);
  });

  it('is none keeps nothing', async () => {
    const mark = new CrashMark(null, 'abc', 'webgpu', '');
    expect(await mark.reason()).toBe(undefined);
    (await mark.begin())();
    expect(await mark.reason()).toBe(undefined);
  });
});

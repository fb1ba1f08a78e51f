/** What outlives a page of a backend's bad days: kept in a cache, which may be IndexedDB, broken, or hanging. */
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WeightsCache } from '../../src/api/cache.js';
import { circuitBreaker } from '../../src/select/circuit-breaker.js';
import { Quarantine, resetQuarantine } from '../../src/select/quarantine.js';
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
    new Quarantine(cache, hash, backend, identity);
  /** A page that crashes in its first run. */
  const crash = async () => {
    open();
    await of().held();
    await of().begin();
  };

  it('there is nothing at first', async () => {
    expect(await of().held()).toBe(undefined);
    expect(await cache.keys()).toEqual([]);
  });

  it('a quarantine holds for seven days, then no more', async () => {
    const imposed = await of().impose('It was lost 3 times.', true);
    expect(imposed).toEqual({
      reason: 'It was lost 3 times. It is tried again from 2026-01-08, or after resetQuarantine().',
      mayBeLast: true,
    });
    expect(await of().held()).toEqual(imposed);
    wait(7 * DAY_MS - 1);
    expect(await of().held()).toEqual(imposed);
    wait(1);
    expect(await of().held()).toBe(undefined);
  });

  it('is of one model on one backend in one browser on one GPU', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (X11) Chrome/150.0.1.2 Safari/537.36' });
    await of().impose('Gone.', true);
    const others = [of('wasm'), of('webgpu', { hash: 'other' }), of('webgpu', { identity: 'nvidia ampere' })];
    for (const other of others) expect(await other.held()).toBe(undefined);
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (X11) Chrome/150.0.9.9 Safari/537.36' });
    expect(await of().held()).toMatchObject({ mayBeLast: true });
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (X11) Chrome/151.0.1.2 Safari/537.36' });
    expect(await of().held()).toBe(undefined);
  });

  it('a clock that was set back by years ends a quarantine, and makes no crash', async () => {
    await crash();
    await crash();
    await of('wasm').impose('Gone.', true);
    wait(-3_000 * DAY_MS);
    expect([await of().held(), await of('wasm').held()]).toEqual([undefined, undefined]);
  });

  it('two pages that ended in the first run are a quarantine without a last chance', async () => {
    await crash();
    wait(60_000);
    expect(await of().held()).toBe(undefined);
    await crash();
    wait(60_000);
    const held = {
      reason: 'The page ended 2 times while the model was first run there. It is tried again from 2026-01-08, or after resetQuarantine().',
      mayBeLast: false,
    };
    expect(await of().held()).toEqual(held);
    expect(await of().held()).toEqual(held);
    expect(await of('wasm').held()).toBe(undefined);
    wait(7 * DAY_MS);
    expect(await of().held()).toBe(undefined);
  });

  it('pages that are reloaded within 30 s of their crash are counted all the same', async () => {
    for (let round = 0; round < 3; round++) {
      await crash();
      wait(10_000);
      expect(await of().held()).toBe(undefined);
    }
    await crash();
    wait(10_000);
    expect(await of().held()).toMatchObject({ mayBeLast: false });
  });

  it('other tabs that are at it are no crash', async () => {
    for (let tab = 0; tab < 5; tab++) await crash();
    wait(29_999);
    expect(await of().held()).toBe(undefined);
  });

  it('a first run that ended, however it went, clears all marks', async () => {
    await crash();
    wait(60_000);
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
      wait(60_000);
      open();
      await of().begin();
      page[how]();
      await rest();
    }
    expect(await of().held()).toBe(undefined);
    await crash();
    wait(60_000);
    expect(await of().held()).toMatchObject({ mayBeLast: false });
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

  it('a page that nobody looks at, and what is no page, leaves no mark', async () => {
    page.visibilityState = 'hidden';
    await of().begin();
    vi.stubGlobal('document', undefined);
    const end = await of().begin();
    end();
    expect(await cache.keys()).toEqual([]);
  });

  it('what cannot be read counts for nothing', async () => {
    await crash();
    await of().impose('Gone.', true);
    for (const key of await cache.keys()) await cache.set(key, new Uint8Array([123, 255, 0]).buffer);
    expect(await of().held()).toBe(undefined);
    for (const key of await cache.keys()) await cache.set(key, new TextEncoder().encode('{"sinceMs":"soon"}').buffer);
    expect(await of().held()).toBe(undefined);
  });

  it('a reset forgets quarantines, marks and the ladder, and nothing else', async () => {
    await of().impose('Gone.', true);
    await of('wasm').begin();
    await cache.set('golden:x', new ArrayBuffer(1));
    await cache.set('f'.repeat(64), new ArrayBuffer(1));
    for (let loss = 0; loss < 3; loss++) circuitBreaker.lost('webgpu', 'Gone.');
    await resetQuarantine(cache);
    expect((await cache.keys()).toSorted()).toEqual(['f'.repeat(64), 'golden:x']);
    expect(circuitBreaker.veto('webgpu')).toBe(undefined);
  });
});

it("a reset is of the browser's own cache, where none is given; without one, of the page alone", async () => {
  const cache = idbCache();
  await new Quarantine(cache, 'abc', 'webgpu', '').impose('Gone.', true);
  await resetQuarantine();
  expect(await cache.keys()).toEqual([]);
  vi.stubGlobal('indexedDB', undefined);
  circuitBreaker.absent('webgpu', 'None.');
  await resetQuarantine();
  expect(circuitBreaker.veto('webgpu')).toBe(undefined);
});

describe('a cache that', () => {
  const broken = (call: () => Promise<never>) => {
    const asked = vi.fn(call);
    return { get: asked, set: asked, delete: asked, keys: asked } satisfies WeightsCache;
  };

  it('fails costs nothing but the memory', async () => {
    const cache = broken(() => Promise.reject(new DOMException('full', 'QuotaExceededError')));
    const quarantine = new Quarantine(cache, 'abc', 'webgpu', '');
    expect(await quarantine.held()).toBe(undefined);
    const end = await quarantine.begin();
    end();
    expect(await quarantine.impose('Gone.', true)).toMatchObject({ mayBeLast: true });
    await resetQuarantine(cache);
    await rest();
  });

  it('hangs is waited for once', async () => {
    vi.useRealTimers();
    vi.useFakeTimers();
    const cache = broken(() => new Promise(() => undefined));
    const quarantine = new Quarantine(cache, 'abc', 'webgpu', '');
    const held = quarantine.held();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await held).toBe(undefined);
    const asked = cache.get.mock.calls.length;
    // From here on no clock moves.
    (await quarantine.begin())();
    await quarantine.impose('Gone.', true);
    expect(await quarantine.held()).toBe(undefined);
    expect(cache.get.mock.calls.length).toBe(asked);
  });

  it('is none keeps nothing', async () => {
    const quarantine = new Quarantine(null, 'abc', 'webgpu', '');
    expect(await quarantine.held()).toBe(undefined);
    (await quarantine.begin())();
    await quarantine.impose('Gone.', true);
    expect(await quarantine.held()).toBe(undefined);
  });
});

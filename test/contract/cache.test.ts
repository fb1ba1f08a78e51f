/** The contract of a weights cache on both of ours, and IndexedDB on its bad days. */
import { IDBDatabase, IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheFor } from '../../src/weights/cache-for.js';
import { guardedCache } from '../../src/weights/guarded.js';
import { idbCache } from '../../src/weights/idb.js';
import { memoryCache } from '../../src/weights/memory.js';
import { rejection } from '../fixtures/fakes.js';
import { cacheContract } from './cache.js';

const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;

describe('memory', () => cacheContract(memoryCache));
describe('memory, guarded', () => cacheContract(() => guardedCache(memoryCache())));

describe('IndexedDB', () => {
  let factory: IDBFactory;
  beforeEach(() => {
    factory = new IDBFactory();
    vi.stubGlobal('indexedDB', factory);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  cacheContract(idbCache);

  /** A request, settled. */
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  /** The connections that the cache opened. */
  function watchConnections() {
    const opened: IDBDatabase[] = [];
    const { open } = factory;
    vi.spyOn(factory, 'open').mockImplementation((...args) => {
      const request = open.apply(factory, args);
      request.addEventListener('success', () => opened.push(request.result as unknown as IDBDatabase));
      return request;
    });
    return opened;
  }

  it('opens one connection, when it is first needed', async () => {
    const opened = watchConnections();
    const cache = idbCache();
    expect(factory.open).not.toHaveBeenCalled();
    await Promise.all([cache.get('a'), cache.set('b', bytes(1)), cache.keys()]);
    await cache.get('b');
    expect(opened).toHaveLength(1);
  });

  it('lives in a database of its own, and is there for the next page', async () => {
    await idbCache().set('key', bytes(1));
    expect((await factory.databases()).map(({ name }) => name)).toEqual(['pannier-1']);
    expect(await idbCache().get('key')).toEqual(bytes(1));
  });

  it('writes records so that they are on the disk, shards so that they are quick', async () => {
    const asked: unknown[] = [];
    const { transaction } = IDBDatabase.prototype;
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...given) {
      if (given[1] === 'readwrite') asked.push(given[2]?.durability);
      return transaction.apply(this, given);
    });
    const cache = idbCache();
    for (const key of ['a1'.repeat(32), 'model:a1', 'trial:a1', 'a1'.repeat(33)]) await cache.set(key, bytes(1));
    expect(asked).toEqual(['relaxed', 'strict', 'strict', 'strict']);
  });

  it('has no record wait for the shards before it', async () => {
    const cache = idbCache();
    const done: string[] = [];
    const shards = Array.from({ length: 5 }, (_, index) => cache.set(`${index}`.repeat(64), bytes(1)).then(() => done.push('shard')));
    await cache.set('model:a', bytes(1)).then(() => done.push('record'));
    await Promise.all(shards);
    expect(done.at(-1)).toBe('shard');
  });

  it('opens anew after the browser closed the connection', async () => {
    const opened = watchConnections();
    const cache = idbCache();
    await cache.set('key', bytes(1));
    opened[0]!.close();
    opened[0]!.onclose?.(new Event('close') as never);
    expect(await cache.get('key')).toEqual(bytes(1));
    expect(opened).toHaveLength(2);
  });

  it('opens anew once where the connection is closing and nobody has said so yet', async () => {
    const opened = watchConnections();
    const cache = idbCache();
    await cache.set('key', bytes(1));
    opened[0]!.close();
    expect(await Promise.all([cache.get('key'), cache.keys()])).toEqual([bytes(1), ['key']]);
    expect(opened).toHaveLength(2);
  });

  it('gives up after one new connection that is no better', async () => {
    const cache = idbCache();
    await cache.set('key', bytes(1));
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
      throw new DOMException('The database connection is closing.', 'InvalidStateError');
    });
    const open = vi.spyOn(factory, 'open');
    expect(await rejection(cache.get('key'))).toMatchObject({ name: 'InvalidStateError' });
    expect(open.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it('gives way to another tab that deletes or upgrades the database, and comes back', async () => {
    const cache = idbCache();
    await cache.set('key', bytes(1));
    await done(factory.deleteDatabase('pannier-1') as IDBRequest);
    expect(await cache.get('key')).toBe(undefined);
    await cache.set('key', bytes(2));
    const upgraded = (await done(factory.open('pannier-1', 2) as IDBRequest)) as unknown as IDBDatabase;
    upgraded.close();
    expect(await cache.get('key')).toEqual(bytes(2));
  });

  it('does not wait for ever for an open that is blocked, and works when it no longer is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const cache = idbCache();
    const blocked = vi.spyOn(factory, 'open').mockImplementation(() => ({ addEventListener() {} }) as never);
    const call = rejection(cache.get('key'));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await call).toMatchObject({ code: 'timeout', message: expect.stringContaining('Opening the weights cache') });
    blocked.mockRestore();
    vi.useRealTimers();
    await cache.set('key', bytes(1));
    expect(await cache.get('key')).toEqual(bytes(1));
  });

  it('works again after an open that failed once', async () => {
    const cache = idbCache();
    const { open } = factory;
    const failing = vi.spyOn(factory, 'open').mockImplementationOnce(() => {
      // A version that is too old is the one open that always fails.
      return open.call(factory, 'newer', 1);
    });
    const newer = (await done(open.call(factory, 'newer', 2) as IDBRequest)) as unknown as IDBDatabase;
    newer.close();
    expect(await rejection(cache.set('key', bytes(1)))).toMatchObject({ name: 'VersionError' });
    await cache.set('key', bytes(1));
    expect(await cache.get('key')).toEqual(bytes(1));
    expect(failing).toHaveBeenCalledTimes(2);
  });

  it('rejects where an open throws at once, as in a sandboxed frame', async () => {
    vi.spyOn(factory, 'open').mockImplementation(() => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    });
    const cache = idbCache();
    for (const call of [cache.get('key'), cache.set('key', bytes(1)), cache.delete('key'), cache.keys()]) {
      expect(await rejection(call)).toMatchObject({ name: 'SecurityError' });
    }
  });

  it('rejects where there is no IndexedDB', async () => {
    vi.stubGlobal('indexedDB', undefined);
    expect(await rejection(idbCache().get('key'))).toMatchObject({ code: 'policy-blocked' });
  });

  it('rejects a write that the quota forbids, and goes on', async () => {
    const cache = idbCache();
    await cache.set('small', bytes(1));
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
      throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    });
    expect(await rejection(cache.set('large', bytes(2)))).toMatchObject({ name: 'QuotaExceededError' });
    expect(await cache.get('small')).toEqual(bytes(1));
    await cache.set('large', bytes(2));
    expect(await cache.get('large')).toEqual(bytes(2));
  });
});

describe('the cache of a load', () => {
  const notes: string[] = [];
  const note = (code: string) => void notes.push(code);
  afterEach(() => {
    notes.length = 0;
    vi.unstubAllGlobals();
  });
  it('is the app’s own, guarded; null for null; none in Node', async () => {
    expect(await cacheFor(null, note)).toBe(null);
    expect(await cacheFor(undefined, note)).toBe(null);
    const own = memoryCache();
    await (await cacheFor(own, note))!.set('key', bytes(1));
    expect(await own.get('key')).toEqual(bytes(1));
    expect(notes).toEqual([]);
  });
  it('is the browser’s where there is one', async () => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    const cache = await cacheFor(undefined, note);
    await cache!.set('key', bytes(1));
    expect(await cache!.get('key')).toEqual(bytes(1));
  });
  it('is none, with a note, where the very name of IndexedDB throws', async () => {
    vi.stubGlobal('indexedDB', undefined);
    Object.defineProperty(globalThis, 'indexedDB', {
      configurable: true,
      get() {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    });
    expect(await cacheFor(undefined, note)).toBe(null);
    expect(notes).toEqual(['cache-unavailable']);
    Reflect.deleteProperty(globalThis, 'indexedDB');
  });
});

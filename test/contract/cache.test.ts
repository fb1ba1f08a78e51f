/** The contract of a weights cache on both of ours, and IndexedDB on its bad days. */
import { IDBDatabase, IDBFactory, IDBObjectStore, IDBTransaction } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheFor } from '../../src/storage/cache-for.js';
import { guardedCache } from '../../src/storage/guarded.js';
import { idbCache } from '../../src/storage/idb.js';
import { rejection } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';
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

  it('S5: opens anew after the browser closed the connection', async () => {
    const opened = watchConnections();
    const cache = idbCache();
    await cache.set('key', bytes(1));
    opened[0]!.close();
    opened[0]!.onclose?.(new Event('close') as never);
    const tried = vi.spyOn(opened[0]!, 'transaction');
    expect(await cache.get('key')).toEqual(bytes(1));
    expect(opened).toHaveLength(2);
    // Some browsers leave a step on a connection that they have lost waiting.
    expect(tried).not.toHaveBeenCalled();
  });

  it('S5: opens anew once where the connection is closing and nobody has said so yet', async () => {
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

  describe('S3: an open that is blocked', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] }));
    /** Opens are answered when `answer` is called. */
    function holdOpens() {
      const { open } = factory;
      const waiting: (() => void)[] = [];
      const opens = vi.spyOn(factory, 'open').mockImplementation((...args) => {
        const request: Record<string, unknown> = {};
        waiting.push(() => {
          const real = open.apply(factory, args);
          for (const event of ['success', 'upgradeneeded', 'error'])
            real.addEventListener(event, () => {
              request['result'] = event === 'error' ? undefined : real.result;
              (request[`on${event}`] as () => void)();
            });
        });
        return request as never;
      });
      const answer = () => {
        for (const each of waiting.splice(0)) each();
      };
      return { opens, answer };
    }

    it('is given up after two seconds, for all calls at once; another one is tried by the next call', async () => {
      const { opens, answer } = holdOpens();
      const cache = idbCache();
      const calls = [rejection(cache.get('key')), rejection(cache.keys())];
      await vi.advanceTimersByTimeAsync(2_000);
      for (const call of calls)
        expect(await call).toMatchObject({ code: 'timeout', message: expect.stringContaining('Opening the weights cache') });
      expect(opens).toHaveBeenCalledTimes(1);
      const next = cache.set('key', bytes(1));
      answer();
      await next;
      expect(await cache.get('key')).toEqual(bytes(1));
      expect(opens).toHaveBeenCalledTimes(2);
      // The connection that came late, beside the other, is closed: it would block this.
      await done(factory.deleteDatabase('pannier-1') as IDBRequest);
    });

    it('is tried three times in a minute, and serves when it comes after all', async () => {
      const { opens, answer } = holdOpens();
      const cache = idbCache();
      for (let open = 1; open <= 3; open++) {
        const call = rejection(cache.get('key'));
        await vi.advanceTimersByTimeAsync(2_000);
        expect(await call).toMatchObject({ code: 'timeout' });
      }
      expect(await rejection(cache.get('key'))).toMatchObject({ code: 'cache-unavailable' });
      answer();
      await vi.waitFor(() => cache.set('key', bytes(1)));
      expect(await cache.get('key')).toEqual(bytes(1));
      expect(opens).toHaveBeenCalledTimes(3);
    });
  });

  describe('S6: a browser that has lost its databases', () => {
    const lost = () => new DOMException('Connection to Indexed Database server lost. Refresh the page to try again', 'UnknownError');
    const advance = async (ms: number, call: Promise<unknown>) => {
      await vi.advanceTimersByTimeAsync(ms);
      return call;
    };
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));

    const failingRequest = (error: DOMException | null) => {
      const request = { error, onerror: () => {} };
      queueMicrotask(() => request.onerror());
      return request as never;
    };

    it('for good: three opens within a minute, then none until it is over', async () => {
      const open = vi.spyOn(factory, 'open').mockImplementation(() => failingRequest(lost()));
      const cache = idbCache();
      expect(await advance(1_100, rejection(cache.get('key')))).toMatchObject({ name: 'UnknownError' });
      expect(open).toHaveBeenCalledTimes(3);
      for (let call = 0; call < 10; call++) {
        const error = await rejection(cache.set('key', bytes(1)));
        expect(error).toMatchObject({ code: 'cache-unavailable', message: expect.stringContaining('until the minute is over') });
      }
      expect(open).toHaveBeenCalledTimes(3);
      open.mockRestore();
      await vi.advanceTimersByTimeAsync(60_000);
      await cache.set('key', bytes(1));
      expect(await cache.get('key')).toEqual(bytes(1));
    });

    it.each(['transaction', 'objectStore', 'request'])(
      'for a moment, told by a %s: the handle is dropped, the call succeeds',
      async (where) => {
        vi.useRealTimers();
        const opened = watchConnections();
        const cache = idbCache();
        await cache.set('key', bytes(1));
        const fail = () => {
          throw lost();
        };
        if (where === 'transaction') vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(fail);
        if (where === 'objectStore') vi.spyOn(IDBTransaction.prototype, 'objectStore').mockImplementationOnce(fail);
        if (where === 'request')
          for (const call of ['get', 'getKey'] as const)
            vi.spyOn(IDBObjectStore.prototype, call).mockImplementationOnce(() => failingRequest(lost()));
        expect(await cache.get('key')).toEqual(bytes(1));
        expect(opened).toHaveLength(2);
        // Nothing of the first one is left to block a deletion.
        await done(factory.deleteDatabase('pannier-1') as IDBRequest);
      },
    );

    it('that gives no reason still rejects with an error', async () => {
      vi.spyOn(factory, 'open').mockImplementation(() => failingRequest(null));
      expect(await rejection(idbCache().get('key'))).toMatchObject({ code: 'cache-unavailable' });
    });
  });

  it('S15: leaves alone a database of a newer version, and what is not its own', async () => {
    const names = ['pannier', 'pannier-2', 'pannier-10'];
    for (const name of names) {
      const request = factory.open(name, 7);
      request.onupgradeneeded = () => request.result.createObjectStore('newer').put('kept', 'key');
      (await done(request as IDBRequest as IDBRequest<IDBDatabase>)).close();
    }
    const cache = idbCache();
    await cache.set('key', bytes(1));
    for (const key of await cache.keys()) await cache.delete(key);
    expect((await factory.databases()).map(({ name, version }) => `${name} ${version}`).sort()).toEqual([
      'pannier 7',
      'pannier-1 1',
      'pannier-10 7',
      'pannier-2 7',
    ]);
    for (const name of names) {
      const database = await done(factory.open(name) as IDBRequest as IDBRequest<IDBDatabase>);
      expect(await done(database.transaction('newer').objectStore('newer').get('key') as IDBRequest)).toBe('kept');
      database.close();
    }
  });

  it('S15: rejects where its own name holds something else, and changes nothing there', async () => {
    const request = factory.open('pannier-1', 7);
    request.onupgradeneeded = () => request.result.createObjectStore('newer').put('kept', 'key');
    const database = await done(request as IDBRequest as IDBRequest<IDBDatabase>);
    const cache = idbCache();
    for (const call of [cache.get('key'), cache.set('key', bytes(1)), cache.delete('key'), cache.keys()])
      expect(await rejection(call)).toMatchObject({ name: 'NotFoundError' });
    expect([database.version, [...database.objectStoreNames]]).toEqual([7, ['newer']]);
    database.close();
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

  it('S4: rejects where an open throws at once, as in a sandboxed frame', async () => {
    vi.spyOn(factory, 'open').mockImplementation(() => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    });
    const cache = idbCache();
    for (const call of [cache.get('key'), cache.set('key', bytes(1)), cache.delete('key'), cache.keys()]) {
      expect(await rejection(call)).toMatchObject({ name: 'SecurityError' });
    }
  });

  it('S4: rejects where there is no IndexedDB', async () => {
    vi.stubGlobal('indexedDB', undefined);
    expect(await rejection(idbCache().get('key'))).toMatchObject({ code: 'policy-blocked' });
  });

  /** The next write is taken, and its transaction aborts, as over a quota: first an error event without a reason. */
  function abortNextWrite(reason: string | null) {
    const { put } = IDBObjectStore.prototype;
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(function (this: IDBObjectStore, ...given) {
      const transaction = this.transaction as IDBTransaction & { _abort(reason: string | null): void };
      vi.spyOn(transaction, 'commit').mockImplementation(() => {
        transaction.onerror?.(new Event('error') as never);
        transaction._abort(reason);
      });
      return put.apply(this, given);
    });
  }

  it('S1: rejects a write that the quota forbids, by the name that comes with the abort, and goes on', async () => {
    const cache = idbCache();
    await cache.set('small', bytes(1));
    abortNextWrite('QuotaExceededError');
    expect(await rejection(cache.set('large', bytes(2)))).toMatchObject({ name: 'QuotaExceededError' });
    expect(await cache.get('small')).toEqual(bytes(1));
    await cache.set('large', bytes(2));
    expect(await cache.get('large')).toEqual(bytes(2));
  });

  it('never rejects with null', async () => {
    const cache = idbCache();
    abortNextWrite(null);
    expect(await rejection(cache.set('key', bytes(2)))).toMatchObject({ code: 'cache-unavailable' });
  });

  it('deletes on a new connection where a full disk lets nothing be written on the old one', async () => {
    const opened = watchConnections();
    const cache = idbCache();
    await cache.set('key', bytes(1));
    vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementationOnce(() => {
      throw new DOMException('The disk is full.', 'QuotaExceededError');
    });
    await cache.delete('key');
    expect([await cache.keys(), opened.length]).toEqual([[], 2]);
  });

  it.each([
    ['Chromium', 'NotReadableError', 'Failed to read large IndexedDB value'],
    ['Firefox', 'UnknownError', 'The operation failed for reasons unrelated to the database itself.'],
  ])('S8: takes a value whose file is gone for one that is not there, as %s tells it', async (_browser, name, message) => {
    const opened = watchConnections();
    const cache = idbCache();
    await cache.set('a', bytes(1));
    await cache.set('b', bytes(2));
    const { get } = IDBObjectStore.prototype;
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      if (key !== 'a') return get.call(this, key);
      const request = { error: new DOMException(message, name), onerror: () => {} };
      queueMicrotask(() => request.onerror());
      return request as never;
    });
    expect(await Promise.all([cache.get('a'), cache.get('b')])).toEqual([undefined, bytes(2)]);
    // Nor does its key say that it is there.
    expect(await cache.keys()).toEqual(['b']);
    expect(opened).toHaveLength(1);
  });

  it('keeps a value that could not be read once', async () => {
    const cache = idbCache();
    await cache.set('a', bytes(1));
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementationOnce(() => {
      const request = { error: new DOMException('For reasons unrelated to the database.', 'UnknownError'), onerror: () => {} };
      queueMicrotask(() => request.onerror());
      return request as never;
    });
    expect(await cache.get('a')).toEqual(bytes(1));
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
  it('S4: is none, with a note, where the very name of IndexedDB throws', async () => {
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

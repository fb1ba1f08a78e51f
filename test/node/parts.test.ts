/** Parts of Pannier that are downloaded when they are needed, and never come: a stalled server keeps nobody waiting for ever. */
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { lazily } from '../../src/base/lazily.js';
import { cacheFor } from '../../src/storage/cache-for.js';
import { rejection } from '../fixtures/fakes.js';

vi.mock('../../src/storage/guarded.js', () => new Promise(() => {}));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('the rest of its code is a `timeout`, and may be tried again', async () => {
  const error = rejection(lazily(() => new Promise(() => {})));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await error).toMatchObject({ code: 'timeout', retryable: true });
});

it('the code of the cache costs the cache, with a note', async () => {
  const notes: string[] = [];
  const cache = cacheFor(undefined, (code, message) => notes.push(`${code}: ${message}`));
  await vi.advanceTimersByTimeAsync(15_000);
  expect([await cache, notes]).toEqual([null, ['cache-unavailable: The weights cache is not used: Its code took longer than 15000 ms.']]);
});

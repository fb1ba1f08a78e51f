/** The time between two tries for a file of weights: what ends it, and what it leaves behind. No server, so that every timer is its own. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { retryFetch } from '../../src/download/retry.js';
import { bytesOf, hashOf, rejection } from '../fixtures/fakes.js';

const key = hashOf(bytesOf(10, 1));

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a pause', () => {
  it('N1: ends when the browser says that it is online again, and stays quiet after an abort', async () => {
    const page = new EventTarget();
    const listens = vi.fn(page.addEventListener.bind(page));
    const listensNoMore = vi.fn(page.removeEventListener.bind(page));
    vi.stubGlobal('addEventListener', listens);
    vi.stubGlobal('removeEventListener', listensNoMore);
    vi.useFakeTimers();
    const fetch = vi.fn(async () => new Response('', { status: 503 }));
    const abort = new AbortController();
    const asset = { name: 'a.bin', bytes: 1, sha256: key };
    const incoming = {
      asset,
      url: 'https://a.test/a.bin',
      bytes: new Uint8Array(1),
      arrivedBytes: 0,
      response: new Response('', { status: 503 }),
    };
    const options = { fetch, signal: abort.signal, network: { answered: true } };
    const resumed = rejection(retryFetch(incoming, undefined, options));
    await vi.advanceTimersByTimeAsync(0);
    expect(fetch).toHaveBeenCalledTimes(0);
    page.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(0);
    expect(fetch).toHaveBeenCalledTimes(1);
    abort.abort('enough');
    expect(await resumed).toBe('enough');
    expect(listensNoMore.mock.calls).toEqual(listens.mock.calls);
    expect(vi.getTimerCount()).toBe(0);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('ends with the next try, and there is none after an abort', async () => {
    vi.useFakeTimers();
    const abort = new AbortController();
    const fetch = vi.fn(async () => new Response('', { status: 503 }));
    const response = new Response('', { status: 503 });
    const incoming = {
      ...{ asset: { name: 'a.bin', bytes: 1, sha256: key }, url: 'https://a.test/a.bin' },
      ...{ bytes: new Uint8Array(1), arrivedBytes: 0, response },
    };
    const options = { fetch, signal: abort.signal, network: { answered: true } };
    const failed = rejection(retryFetch(incoming, undefined, options));
    await vi.advanceTimersByTimeAsync(0);
    expect(fetch).toHaveBeenCalledTimes(0);
    await vi.advanceTimersByTimeAsync(750);
    expect(fetch).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await failed).toMatchObject({ code: 'http-status' });

    abort.abort('enough');
    expect(await rejection(retryFetch({ ...incoming, response }, undefined, options))).toBe('enough');
    expect(vi.getTimerCount()).toBe(0);
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});

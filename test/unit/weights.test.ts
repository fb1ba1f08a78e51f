/** A model's bytes: verified or refused, from a cache that may do what it likes and a network that may too. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WeightsCache } from '../../src/api/cache.js';
import type { LoadProgress } from '../../src/api/options.js';
import { fromBytes } from '../../src/base/json.js';
import { downloadModel } from '../../src/download/download-model.js';
import { fetchAsset } from '../../src/download/fetch.js';
import type { FetchOptions } from '../../src/download/receive.js';
import { visitorAssets } from '../../src/engines/own-graph.js';
import type { Asset } from '../../src/manifest/assets.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { guardedCache } from '../../src/storage/guarded.js';
import { writeRecord } from '../../src/storage/records.js';
import { assetOf, bytesOf, deferred, fakeFetch, fakeModel, hashOf, rejection, rest, shardsOf, stateOf } from '../fixtures/fakes.js';
import { FakeLocks } from '../fixtures/locks.js';
import { memoryCache } from '../fixtures/memory-cache.js';

const bytes = bytesOf(100_000);
const asset = (url: string): Asset => assetOf('weights.bin', bytes, url);
const get = (url: string, fetch: typeof globalThis.fetch = globalThis.fetch, signal = new AbortController().signal) =>
  fetchAsset(asset(url), url, { ...quickly(), fetch, signal });
/** The rest of Pannier, whose pauses take no time; they are noted in `pausesMs`. */
function quickly(pausesMs: number[] = []): Pick<FetchOptions, 'pauses' | 'network'> {
  const pauses = { random: () => 0.5, wait: async (pauseMs: number) => void pausesMs.push(pauseMs) };
  return { pauses, network: { answered: false } };
}

describe('from a server', () => {
  const answers: Record<string, (response: ServerResponse) => void> = {
    good: (response) => response.end(bytes),
    chunked: (response) => {
      for (let at = 0; at < bytes.length; at += 7_777) response.write(bytes.subarray(at, at + 7_777));
      response.end();
    },
    missing: (response) => response.writeHead(404).end('no'),
    broken: (response) => response.writeHead(500).end(),
    html: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('\n<!doctype html><html></html>'),
    'long-html': (response) => response.end(`<html>${' '.repeat(200_000)}</html>`),
    short: (response) => response.end(bytes.subarray(0, 99_999)),
    empty: (response) => response.end(),
    flipped: (response) => response.end(bytes.map((byte, index) => (index === 50_000 ? byte ^ 1 : byte))),
    'one-more': (response) => response.end(Buffer.concat([bytes, Buffer.of(0)])),
    reset: (response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 10_000), () => response.destroy());
    },
    'cut-chunked': (response) => response.write(bytes.subarray(0, 10_000), () => response.destroy()),
    stalled: (response) => void response.write(bytes.subarray(0, 10_000)),
  };
  const server = createServer((request, response) => answers[request.url!.slice(1)]!(response));
  let origin = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(['good', 'chunked'])('%s bytes arrive', async (path) => {
    const found = await get(`${origin}/${path}`);
    expect(found).toBeInstanceOf(ArrayBuffer);
    expect(hashOf(new Uint8Array(found))).toBe(hashOf(bytes));
  });

  it.each([
    [
      'missing',
      'http-status',
      /weights\.bin: http:.*\/missing answered 404 Not Found \(node_modules\/pannier\/docs\/errors\.md#http-status\)$/,
      { status: 404 },
    ],
    ['broken', 'http-status', /answered 500/, { status: 500 }],
    ['html', 'integrity', /gave a page of HTML, not the 100000 bytes.*index page/, { gotBytes: 29 }],
    ['long-html', 'integrity', /gave a page of HTML/, {}],
    ['short', 'integrity', /gave 99999 bytes, not the 100000 bytes that were packed/, { gotBytes: 99_999, wantedBytes: 100_000 }],
    ['empty', 'integrity', /gave 0 bytes/, { gotBytes: 0 }],
    ['flipped', 'integrity', /gave other bytes of the same length/, { gotBytes: 100_000 }],
    ['one-more', 'integrity', /gave more \(\d+ or above\)/, {}],
    ['reset', 'offline', /broke off after \d+ of 100000 bytes/, {}],
    ['cut-chunked', 'offline', /broke off after \d+ of 100000 bytes/, {}],
  ])('%s is a typed error', async (path, code, message, detail) => {
    const url = `${origin}/${path}`;
    expect(await rejection(get(url))).toMatchObject({ code, message: expect.stringMatching(message), detail: { url, ...detail } });
  });

  it('an address without a host is a matter of options where there is no page, unless the app’s fetch knows better', async () => {
    const path = '/_next/static/weights.bin';
    const error = await rejection(get(path));
    expect(error).toMatchObject({ code: 'options', retryable: false, detail: { url: path } });
    expect((error as Error).message).toContain(
      `its address ${path} could belong to. Load the model in the browser, or pass assetUrl: (name,`,
    );
    const own: typeof fetch = async (address) => new Response(String(address) === path ? bytes : '');
    expect(Buffer.from(await get(path, own)).equals(Buffer.from(bytes))).toBe(true);
    vi.stubGlobal('location', new URL('https://a.page/'));
    expect(await rejection(get(path))).toMatchObject({ code: 'offline' });
    vi.unstubAllGlobals();
  });

  it('a server that is not there is `offline`, and may be tried again', async () => {
    expect(await rejection(get('http://127.0.0.1:9/weights.bin'))).toMatchObject({
      code: 'offline',
      retryable: true,
      cause: expect.any(TypeError),
    });
  });

  it('an abort in mid-body rejects with its reason', async () => {
    const abort = new AbortController();
    const call = get(`${origin}/stalled`, globalThis.fetch, abort.signal);
    setTimeout(() => abort.abort('enough'), 50);
    expect(await rejection(call)).toBe('enough');
  });
});

describe('from a fetch that a test holds', () => {
  const url = 'https://models.test/weights.bin';
  /** Bodies that give `chunks`, then wait for `gate` for ever, and tell when they are cancelled. */
  function body(chunks: readonly Uint8Array[], gate?: Promise<unknown>) {
    const seen = { pulled: 0, cancelled: 0 };
    const stream = () => {
      const left = [...chunks];
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const chunk = left.shift();
            if (chunk !== undefined) {
              seen.pulled++;
              return controller.enqueue(chunk.slice());
            }
            await gate;
            controller.close();
          },
          cancel() {
            seen.cancelled++;
            throw new Error('cancel fails too');
          },
        },
        { highWaterMark: 0 },
      );
    };
    return { seen, fetch: async () => new Response(stream()) };
  }
  afterEach(() => void vi.useRealTimers());

  it('stops at one byte over, and does not read on', async () => {
    const { seen, fetch } = body([bytes, Uint8Array.of(1), bytes, bytes]);
    expect(await rejection(get(url, fetch))).toMatchObject({
      code: 'integrity',
      message: expect.stringContaining('more (100001 or above)'),
    });
    await rest();
    // Once more past the HTTP cache, and no further either.
    expect(seen).toEqual({ pulled: 4, cancelled: 2 });
  });

  it('knows a page of HTML that is longer than the asset', async () => {
    const small = assetOf('golden.bin', bytesOf(10), url);
    const fetch = async () => new Response(`<!DOCTYPE html>${' '.repeat(500)}`);
    const call = fetchAsset(small, url, { ...quickly(), fetch, signal: new AbortController().signal });
    expect(await rejection(call)).toMatchObject({ code: 'integrity', message: expect.stringContaining('gave a page of HTML') });
  });

  it('cancels the body of an error status, also where that fails', async () => {
    let cancelled = 0;
    const cancel = () => {
      cancelled++;
      throw new Error('cancel fails too');
    };
    const fetch = async () => new Response(new ReadableStream({ cancel }), { status: 403 });
    expect(await rejection(get(url, fetch))).toMatchObject({ code: 'http-status' });
    await rest();
    expect(cancelled).toBe(1);
  });

  it.each([
    ['rejects', async () => Promise.reject(new TypeError('Failed to fetch'))],
    [
      'throws at once',
      () => {
        throw new TypeError('Failed to fetch');
      },
    ],
    ['gives nothing', async () => undefined],
  ])('a fetch that %s is `offline`', async (_what, fetch) => {
    expect(await rejection(get(url, fetch as never))).toMatchObject({ code: 'offline', detail: { url } });
  });

  it.each([
    ['before the first byte', []],
    ['between two chunks', [bytes.subarray(0, 10)]],
  ])('a stall %s is a timeout after three times 15 s without a byte, though fetch and body ignore the signal', async (_when, chunks) => {
    vi.useFakeTimers();
    const never = new Promise<never>(() => {});
    const stream = body(chunks, never);
    const fetch = vi.fn(chunks.length === 0 ? () => never : stream.fetch);
    let settled = false;
    const call = rejection(get(url, fetch)).finally(() => {
      settled = true;
    });
    for (const tries of [1, 2, 3]) {
      await vi.advanceTimersByTimeAsync(14_999);
      expect([fetch.mock.calls.length, settled]).toEqual([tries, false]);
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(await call).toMatchObject({ code: 'timeout', retryable: true, message: expect.stringContaining('no byte arrived') });
    expect(vi.getTimerCount()).toBe(0);
    if (chunks.length > 0) expect(stream.seen.cancelled).toBe(3);
  });

  it('slow is not stalled: every byte winds the clock again', async () => {
    vi.useFakeTimers();
    const slow = new ReadableStream<Uint8Array>({
      async pull(controller) {
        for (let at = 0; at < bytes.length; at += 25_000) {
          await new Promise((resolve) => setTimeout(resolve, 14_000));
          controller.enqueue(bytes.slice(at, at + 25_000));
        }
        controller.close();
      },
    });
    const call = get(url, async () => new Response(slow));
    await vi.advanceTimersByTimeAsync(14_000 * 5);
    vi.useRealTimers();
    expect((await call).byteLength).toBe(bytes.length);
  });

  it('fetch is called without a receiver: the platform’s would throw', async () => {
    const receivers: unknown[] = [];
    async function fetch(this: unknown) {
      receivers.push(this);
      return new Response(receivers.length === 1 ? bytes.slice(0, 10) : bytes);
    }
    await get('https://models.test/weights.bin', fetch);
    expect(receivers).toEqual([undefined, undefined]);
  });

  it('an abort ends a call whose fetch ignores the signal', async () => {
    const abort = new AbortController();
    const call = get(url, () => new Promise(() => {}), abort.signal);
    abort.abort('enough');
    expect(await rejection(call)).toBe('enough');
  });
});

describe('on a page that is no secure context', () => {
  beforeEach(() => void vi.stubGlobal('crypto', {}));
  afterEach(() => void vi.unstubAllGlobals());
  const url = 'https://models.test/weights.bin';

  it('right bytes arrive', async () => {
    expect(hashOf(new Uint8Array(await get(url, async () => new Response(bytes))))).toBe(hashOf(bytes));
  });

  it('a flipped bit is refused', async () => {
    const flipped = bytes.map((byte, index) => (index === 50_000 ? byte ^ 1 : byte));
    const error = await rejection(get(url, async () => new Response(flipped)));
    expect(error).toMatchObject({ code: 'integrity', message: expect.stringContaining('other bytes of the same length') });
  });
});

describe('from other addresses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-weights-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const noFetch = () => {
    throw new Error('a CSP would forbid this');
  };
  const text = Buffer.from('{"name":"é %41","n":[1,2]}');

  it.each([
    ['base64', `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`, bytes],
    ['base64 with a charset', `data:text/plain;charset=utf-8;base64,${text.toString('base64')}`, text],
    ['percent signs', `data:application/json,${encodeURIComponent(text.toString())}`, text],
    [
      'percent signs of bytes that are no text',
      `data:application/octet-stream,${[...bytes.subarray(0, 300)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`,
      bytes.subarray(0, 300),
    ],
    ['nothing', 'data:,', new Uint8Array(0)],
  ])('data: with %s is decoded, never fetched', async (_what, url, wanted) => {
    const found = await fetchAsset(assetOf('a.bin', wanted, url), url, {
      ...quickly(),
      fetch: noFetch,
      signal: new AbortController().signal,
    });
    expect(Buffer.from(found).equals(Buffer.from(wanted))).toBe(true);
  });
  it.each(['data:;base64,@@@', 'data:application/octet-stream;base64,AAA=A', 'data:', 'data:application/json,{}'])(
    '%s is refused',
    async (url) => {
      expect(await rejection(get(url, noFetch))).toMatchObject({ code: 'integrity' });
    },
  );
  it('file: is read in Node, also a name with a space', async () => {
    const path = join(folder, 'my weights.bin');
    writeFileSync(path, bytes);
    const found = await get(pathToFileURL(path).href, noFetch);
    // A small file comes in a slice of Node's pool: only its own bytes may be handed on.
    expect([found.byteLength, found instanceof ArrayBuffer]).toEqual([bytes.length, true]);
    writeFileSync(join(folder, 'tiny.bin'), bytes.subarray(0, 5));
    const tiny = pathToFileURL(join(folder, 'tiny.bin')).href;
    const small = await fetchAsset(assetOf('tiny.bin', bytes.subarray(0, 5), tiny), tiny, {
      ...quickly(),
      fetch: noFetch,
      signal: new AbortController().signal,
    });
    expect(new Uint8Array(small)).toEqual(bytes.slice(0, 5));
  });
  it('file: that is not there, or is another, is a typed error', async () => {
    expect(await rejection(get(pathToFileURL(join(folder, 'none.bin')).href, noFetch))).toMatchObject({
      code: 'offline',
      message: expect.stringContaining('ENOENT'),
    });
    writeFileSync(join(folder, 'other.bin'), 'other');
    expect(await rejection(get(pathToFileURL(join(folder, 'other.bin')).href, noFetch))).toMatchObject({
      code: 'integrity',
      message: expect.stringContaining('gave 5 bytes'),
    });
  });
});

/** Loads a fake model; what happened is in the answer. */
async function load(
  model: ReturnType<typeof fakeModel>,
  cache: WeightsCache | null,
  { fetch, signal = new AbortController().signal }: { fetch?: typeof globalThis.fetch; signal?: AbortSignal } = {},
) {
  const network = fakeFetch(model.files);
  const notes: string[] = [];
  const progress: number[] = [];
  const options = {
    ...{
      caching: Promise.resolve(cache),
      budgetBytes: Number.POSITIVE_INFINITY,
      signal,
      fetch: fetch ?? network.fetch,
      assetUrl: (_name: string, url: string) => url,
    },
    ...{ note: (code: string) => void notes.push(code), onProgress: ({ loadedBytes }: LoadProgress) => void progress.push(loadedBytes) },
  };
  const { graph, weights, golden, whole } = downloadModel(model.manifest, [model.manifest.targets.tfjs.graph], options);
  const loaded = whole.then(async (gathered) => ({
    ...gathered,
    ...{ graph: await graph, weights: await shardsOf(weights), golden: await golden },
  }));
  return { loaded, notes, progress, asked: network.asked };
}

const recordIn = async (cache: WeightsCache, { manifest }: ReturnType<typeof fakeModel>) => {
  const bytes = await cache.get(`model:${manifest.hash}`);
  return bytes && fromBytes(bytes);
};

/** All bytes in the manifest's order, as one. */
const joined = ({ graph, weights, golden }: Record<'graph' | 'golden', ArrayBuffer> & { readonly weights: readonly ArrayBuffer[] }) =>
  Buffer.concat([graph, ...weights, golden].map((each) => Buffer.from(each)));
const packed = (files: ReadonlyMap<string, Uint8Array>) => Buffer.concat([...files.values()]);
const total = (manifest: Manifest) => visitorAssets(manifest).reduce((sum, each) => sum + each.bytes, 0);

describe('a model', () => {
  it('without a cache comes whole from the network, in the manifest’s order', async () => {
    const model = fakeModel(
      'm',
      Array.from({ length: 20 }, (_, index) => bytesOf(10 + index, index)),
    );
    // The later the asset, the sooner it is there.
    const fetch = async (input: unknown) => {
      const name = new URL(String(input)).pathname.slice(1);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 20 - Number.parseInt(name, 10) || 0)));
      return new Response(model.files.get(name)!.slice());
    };
    const { loaded, notes } = await load(model, null, { fetch });
    const found = await loaded;
    expect(joined(found).equals(packed(model.files))).toBe(true);
    expect(found).toMatchObject({ cache: 'off', bytesFromCache: 0, bytesDownloaded: total(model.manifest) });
    expect([found.hashMs >= 0, found.totalMs >= 0, notes]).toEqual([true, true, []]);
  });

  it('hashes and writes each shard in a task of its own, where the platform has tasks', async () => {
    const steps: string[] = [];
    let line = Promise.resolve();
    // One after another, with time for all that follows from each.
    const postTask = (task: () => void) => {
      line = line.then(rest).then(() => {
        steps.push('task');
        task();
      });
      return line;
    };
    vi.stubGlobal('scheduler', { postTask });
    const digest = crypto.subtle.digest.bind(crypto.subtle);
    const hashing = vi.spyOn(crypto.subtle, 'digest').mockImplementation((...args) => {
      steps.push('hash');
      return digest(...args);
    });
    const kept = memoryCache();
    const cache = {
      ...kept,
      set: (key: string, value: ArrayBuffer) => {
        if (!key.startsWith('model:')) steps.push('write');
        return kept.set(key, value);
      },
    };
    await (await (await load(fakeModel(), cache)).loaded).stored;
    hashing.mockRestore();
    vi.unstubAllGlobals();
    expect(steps.filter((_, index) => index % 2 === 0)).toEqual(Array(10).fill('task'));
    expect(steps.filter((_, index) => index % 2 === 1).sort()).toEqual([...Array(5).fill('hash'), ...Array(5).fill('write')]);
  });

  it('downloads at most four at once from a host, of all models; one that is given up leaves the line', async () => {
    const model = fakeModel(
      'm',
      Array.from({ length: 20 }, (_, index) => bytesOf(10, index)),
    );
    let now = 0;
    let most = 0;
    const fetch = async (input: unknown) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      return new Response(model.files.get(new URL(String(input)).pathname.slice(1))!.slice());
    };
    const stop = new AbortController();
    const first = await load(model, null, { fetch });
    const inLine = await load(model, null, { fetch, signal: stop.signal });
    const third = await load(model, null, { fetch });
    stop.abort('enough');
    expect(await rejection(inLine.loaded)).toBe('enough');
    await Promise.all([first.loaded, third.loaded]);
    expect(most).toBe(4);
  });

  it('tells of verified bytes only, ever more, up to all, once', async () => {
    const model = fakeModel();
    const gates = new Map([...model.files.keys()].map((name) => [name, deferred()]));
    const fetch = async (input: unknown) => {
      const name = new URL(String(input)).pathname.slice(1);
      const half = model.files.get(name)!.length >> 1;
      return new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(model.files.get(name)!.slice(0, half));
            await gates.get(name)!.promise;
            controller.enqueue(model.files.get(name)!.slice(half));
            controller.close();
          },
        }),
      );
    };
    const { loaded, progress } = await load(model, null, { fetch });
    await rest();
    // Half of every byte has arrived and none is verified.
    expect(progress).toEqual([]);
    for (const [index, gate] of [...gates.values()].entries()) {
      gate.resolve();
      await vi.waitFor(() => expect(progress).toHaveLength(index + 1));
    }
    await loaded;
    expect(progress).toEqual([30, 70, 120, 180, 196]);
    expect(progress.filter((each) => each === total(model.manifest))).toHaveLength(1);
  });

  it('that is bad in one shard fails, begins no more downloads and is on record as incomplete', async () => {
    const shards = Array.from({ length: 30 }, (_, index) => bytesOf(10, index));
    const model = fakeModel('m', shards);
    model.files.set('2.bin', bytesOf(10, 99));
    const cache = memoryCache();
    const { loaded, asked } = await load(model, cache);
    expect(await rejection(loaded)).toMatchObject({ code: 'integrity', message: expect.stringContaining('2.bin') });
    await rest();
    expect(asked.length).toBeLessThan(20);
    const keys = await cache.keys();
    expect(keys).not.toContain(hashOf(bytesOf(10, 99)));
    expect(await recordIn(cache, model)).toMatchObject({ complete: false });
  });

  it('that is aborted rejects with the reason, and tells nothing more', async () => {
    const model = fakeModel();
    const abort = new AbortController();
    const gate = deferred();
    const network = fakeFetch(model.files);
    const fetch = async (...args: Parameters<typeof globalThis.fetch>) => {
      if (String(args[0]).endsWith('1.bin')) await gate.promise;
      return network.fetch(...args);
    };
    const cache = memoryCache();
    const { loaded, progress } = await load(model, cache, { fetch, signal: abort.signal });
    const outcome = rejection(loaded);
    await vi.waitFor(() => expect(progress).toHaveLength(4));
    abort.abort('enough');
    gate.resolve();
    expect(await outcome).toBe('enough');
    await rest();
    expect(progress).toHaveLength(4);
    expect(await recordIn(cache, model)).toMatchObject({ complete: false });
  });
});

describe('a cache', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('holds verified bytes by hash between two writes of a record; the next load asks nobody', async () => {
    const model = fakeModel();
    const kept = memoryCache();
    const written: string[] = [];
    const cache = {
      ...kept,
      set: async (key: string, value: ArrayBuffer) => {
        // Shards take their time; the record must wait for all of them.
        if (!key.startsWith('model:')) await new Promise((resolve) => setTimeout(resolve, 5));
        await kept.set(key, value);
        written.push(key);
      },
    };
    const first = await load(model, cache);
    const one = await first.loaded;
    expect(one).toMatchObject({ cache: 'miss', bytesFromCache: 0 });
    await one.stored;
    const record = `model:${model.manifest.hash}`;
    expect([written[0], written.at(-1)]).toEqual([record, record]);
    expect(new Set(written.slice(1, -1))).toEqual(new Set([...model.files.values()].map(hashOf)));
    const second = await load(model, cache);
    const two = await second.loaded;
    expect(two).toMatchObject({ cache: 'hit', bytesDownloaded: 0, bytesFromCache: total(model.manifest) });
    expect([second.asked, second.progress.at(-1), joined(two).equals(packed(model.files))]).toEqual([[], total(model.manifest), true]);
  });

  it('whose shards are the same bytes is a miss on a first visit, downloaded once, and a hit on the next', async () => {
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
    const model = fakeModel('twins', [bytesOf(40, 1), bytesOf(50, 2), bytesOf(40, 1)]);
    const cache = memoryCache();
    const first = await load(model, cache);
    const one = await first.loaded;
    expect(one).toMatchObject({ cache: 'miss', bytesFromCache: 0, bytesDownloaded: total(model.manifest) - 40 });
    expect(first.asked).toHaveLength(4);
    await one.stored;
    const { loaded } = await load(model, cache);
    expect(await loaded).toMatchObject({ cache: 'hit', bytesFromCache: total(model.manifest), bytesDownloaded: 0 });
  });

  it('with some of it gives some of it', async () => {
    const model = fakeModel();
    const cache = memoryCache();
    await cache.set(hashOf(model.files.get('1.bin')!), model.files.get('1.bin')!.slice().buffer as ArrayBuffer);
    const { loaded, asked } = await load(model, cache);
    expect(await loaded).toMatchObject({ cache: 'partial', bytesFromCache: 50 });
    expect(asked).not.toContain('1.bin');
  });

  it('gets a record even where another load had stored the bytes and was killed before it', async () => {
    const model = fakeModel();
    const cache = memoryCache();
    for (const file of model.files.values()) await cache.set(hashOf(file), file.slice().buffer as ArrayBuffer);
    const { loaded } = await load(model, cache);
    const { stored, cache: outcome } = await loaded;
    await stored;
    expect(outcome).toBe('hit');
    expect(await cache.keys()).toContain(`model:${model.manifest.hash}`);
  });

  it.each([
    ['one flipped bit', (old: Uint8Array) => old.map((byte, index) => (index === 3 ? byte ^ 1 : byte))],
    ['the end missing', (old: Uint8Array) => old.slice(0, -1)],
    ['nothing left', () => new Uint8Array(0)],
  ])('with %s is noted, and that shard alone is fetched and stored again', async (_what, damage) => {
    const model = fakeModel();
    const cache = memoryCache();
    await (await (await load(model, cache)).loaded).stored;
    const key = hashOf(model.files.get('1.bin')!);
    await cache.set(key, damage(model.files.get('1.bin')!).slice().buffer as ArrayBuffer);
    const { loaded, asked, notes } = await load(model, cache);
    const found = await loaded;
    await found.stored;
    expect([asked, notes, joined(found).equals(packed(model.files))]).toEqual([['1.bin'], ['cache-corrupt'], true]);
    expect(hashOf(new Uint8Array((await cache.get(key))!))).toBe(key);
  });

  it('gives bytes that are the load’s own: changing them changes nothing that is kept', async () => {
    const model = fakeModel();
    const cache = memoryCache();
    const first = await (await load(model, cache)).loaded;
    new Uint8Array(first.weights[0]!).fill(0);
    await first.stored;
    const second = await (await load(model, cache)).loaded;
    expect(second.cache).toBe('hit');
    new Uint8Array(second.weights[0]!).fill(0);
    expect((await (await load(model, cache)).loaded).cache).toBe('hit');
  });

  it('that takes its time gets bytes of its own: the engine has the others by then', async () => {
    const model = fakeModel();
    const kept = memoryCache();
    const gate = deferred();
    const cache = { ...kept, set: async (key: string, value: ArrayBuffer) => gate.promise.then(() => kept.set(key, value)) };
    const { weights, stored } = await (await load(model, cache)).loaded;
    // As a worker takes them.
    structuredClone(weights, { transfer: [...weights] });
    gate.resolve();
    await stored;
    expect((await (await load(model, kept)).loaded).cache).toBe('hit');
  });

  describe('that is slower than the network', () => {
    const MB = 1_000_000;
    const slow = (count: number) =>
      fakeModel(
        'slow',
        Array.from({ length: count }, (_, index) => bytesOf(1.5 * MB, index)),
      );
    /** Each write of a shard waits until it is let go. */
    function held() {
      const kept = memoryCache();
      const waiting: { key: string; letGo: () => void }[] = [];
      const set = async (key: string, value: ArrayBuffer) => {
        const gate = deferred();
        if (value.byteLength > 1_000) waiting.push({ key, letGo: () => gate.resolve() });
        else gate.resolve();
        await gate.promise;
        await kept.set(key, value);
      };
      return { kept, waiting, cache: { ...kept, set } };
    }

    it('has one copy at a time: who gave the bytes waits for room, and for no more than that', async () => {
      const model = slow(3);
      const { waiting, cache, kept } = held();
      const { loaded, progress } = await load(model, cache);
      let isLoaded = false;
      void loaded.then(() => {
        isLoaded = true;
      });
      for (let shard = 1; shard <= 3; shard++) {
        await vi.waitFor(() => expect(waiting).toHaveLength(1));
        await rest();
        // So many shards, and what is small besides.
        expect([waiting.length, Math.floor((progress.at(-1) as number) / (1.5 * MB)), isLoaded]).toEqual([1, shard, shard === 3]);
        waiting.shift()?.letGo();
      }
      const { stored } = await loaded;
      await stored;
      expect((await (await load(model, kept)).loaded).cache).toBe('hit');
    });

    it('holds a load up for two seconds in all: what has no room then is left out, and fetched by the next one', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
      const model = slow(4);
      const { waiting, cache, kept } = held();
      const { loaded, notes } = await load(model, cache);
      const ended = stateOf(loaded);
      await vi.waitFor(() => expect(waiting).toHaveLength(1));
      await vi.advanceTimersByTimeAsync(1_900);
      expect(await Promise.race([ended, Promise.resolve('pending')])).toBe('pending');
      await vi.advanceTimersByTimeAsync(200);
      vi.useRealTimers();
      const { stored, bytesDownloaded } = await loaded;
      expect([waiting.length, bytesDownloaded]).toEqual([1, total(model.manifest)]);
      waiting[0]?.letGo();
      await stored;
      expect(notes).toEqual(['cache-slow']);
      const next = await load(model, kept);
      const found = await next.loaded;
      await found.stored;
      expect([found.cache, next.asked.length, next.notes]).toEqual(['partial', 3, []]);
      expect((await (await load(model, kept)).loaded).cache).toBe('hit');
    });
  });

  it('whose copy of a shard cannot be allocated is used no more, says so once, and never fails the load', async () => {
    const model = fakeModel('m', [bytesOf(50, 1), bytesOf(4_321, 2), bytesOf(60, 3)]);
    const { slice } = ArrayBuffer.prototype;
    const copying = vi.spyOn(ArrayBuffer.prototype, 'slice').mockImplementation(function (this: ArrayBuffer, ...given) {
      if (this.byteLength === 4_321) throw new RangeError('Array buffer allocation failed');
      return slice.apply(this, given);
    });
    const kept = memoryCache();
    // A body that is bytes would be copied by Node itself.
    const fetch = async (input: unknown) => {
      const bytes = model.files.get(String(input).split('/').at(-1) as string);
      return new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes);
            controller.close();
          },
        }),
      );
    };
    try {
      const { loaded, notes } = await load(model, kept, { fetch });
      const { stored, cache, ...found } = await loaded;
      await stored;
      expect(joined(found).equals(packed(model.files))).toBe(true);
      expect([cache, notes]).toEqual(['unavailable', ['cache-unavailable']]);
    } finally {
      copying.mockRestore();
    }
    expect(await kept.keys()).not.toContain(hashOf(model.files.get('1.bin') as Uint8Array));
    expect(await recordIn(kept, model)).not.toMatchObject({ complete: true });
    // The next visit may have the memory.
    await (await (await load(model, kept)).loaded).stored;
    expect((await (await load(model, kept)).loaded).cache).toBe('hit');
  });

  describe('that is broken costs a note, never the load', () => {
    const never = () => new Promise<never>(() => {});
    const rejects = async () => Promise.reject(new DOMException('The quota has been exceeded.', 'QuotaExceededError'));
    const throws = () => {
      throw new ReferenceError('indexedDB is not defined');
    };
    const nulls = async () => Promise.reject(null);
    const methods = ['get', 'set', 'delete', 'keys'] as const;
    const faults = { 'never settles': never, rejects, 'rejects with null': nulls, 'throws at once': throws, 'is missing': undefined };
    afterEach(() => void vi.useRealTimers());

    it.each(methods.flatMap((method) => Object.entries(faults).map(([what, fault]) => [method, what, fault] as const)))(
      '%s %s',
      async (method, _what, fault) => {
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
        const model = fakeModel();
        const kept = memoryCache();
        // An older version makes the commit go all the way; a damaged shard makes it delete.
        const old = { name: model.manifest.name, version: '0', assets: [], usedAtMs: 0, complete: true };
        await writeRecord(kept, 'old', old);
        await kept.set(hashOf(model.files.get('0.bin')!), new ArrayBuffer(40));
        const cache = guardedCache({ ...kept, [method]: fault } as WeightsCache);
        const { loaded, notes } = await load(model, cache);
        let ended = false;
        const end = () => {
          ended = true;
        };
        const whole = loaded.then(({ stored }) => stored).then(end, end);
        while (!ended) {
          await rest();
          await vi.advanceTimersByTimeAsync(1_000);
        }
        await whole;
        expect(joined(await loaded).equals(packed(model.files))).toBe(true);
        const isFull = method === 'set' && fault === rejects;
        expect(notes.filter((code) => code === (isFull ? 'cache-full' : 'cache-unavailable'))).toHaveLength(1);
      },
    );

    it('all at once: one note, and no other call after the first that failed', async () => {
      const calls = vi.fn(rejects);
      const model = fakeModel(
        'm',
        Array.from({ length: 30 }, (_, index) => bytesOf(10, index)),
      );
      const { loaded, notes } = await load(model, { get: calls, set: calls, delete: calls, keys: calls });
      const found = await loaded;
      await found.stored;
      expect([found.cache, notes]).toEqual(['unavailable', ['cache-unavailable']]);
      // Six were under way at once.
      expect(calls.mock.calls.length).toBeLessThanOrEqual(12);
    });
  });

  it('that hands out views, or null for nothing, is understood', async () => {
    const model = fakeModel();
    const entries = new Map<string, Buffer>();
    const cache = guardedCache({
      get: async (key: string) => entries.get(key) ?? null,
      // Into the middle of a larger buffer: only the view's own bytes are the value.
      set: async (key: string, value: ArrayBuffer) =>
        void entries.set(
          key,
          Buffer.concat([Buffer.alloc(8, 255), Buffer.from(value), Buffer.alloc(8, 255)]).subarray(8, 8 + value.byteLength),
        ),
      delete: async (key: string) => void entries.delete(key),
      keys: async () => [...entries.keys()],
    } as unknown as WeightsCache);
    const first = await load(model, cache);
    await (await first.loaded).stored;
    const second = await load(model, cache);
    const found = await second.loaded;
    expect([found.cache, first.notes, second.notes]).toEqual(['hit', [], []]);
    for (const each of [found.graph, ...found.weights, found.golden])
      expect(Object.prototype.toString.call(each)).toBe('[object ArrayBuffer]');
    expect(joined(found).equals(packed(model.files))).toBe(true);
  });

  it('that hands out something else is not believed', async () => {
    const model = fakeModel();
    const cache = guardedCache({ ...memoryCache(), get: async () => 'bytes' as never });
    const { loaded, notes } = await load(model, cache);
    expect(joined(await loaded).equals(packed(model.files))).toBe(true);
    expect(notes[0]).toMatch(/^cache-/);
  });
});

describe('a new version of a model', () => {
  const old = fakeModel('pose', [bytesOf(40, 1), bytesOf(50, 2), bytesOf(60, 3)]);
  const fresh = fakeModel('pose', [bytesOf(40, 1), bytesOf(50, 7), bytesOf(60, 3)]);
  const store = async (model: typeof old, cache: WeightsCache) => (await (await load(model, cache)).loaded).stored;

  it('fetches what changed alone', async () => {
    const cache = memoryCache();
    await store(old, cache);
    const { loaded, asked } = await load(fresh, cache);
    await (await loaded).stored;
    expect(asked).toEqual(['1.bin']);
    expect((await (await load(old, cache)).loaded).cache).toBe('hit');
  });

  it('killed at any write leaves the old one whole, and no record that lies', async () => {
    for (let kill = 0; ; kill++) {
      const cache = memoryCache();
      await store(old, cache);
      let writes = 0;
      const mortal =
        <A extends unknown[], T>(act: (...args: A) => Promise<T>) =>
        (...args: A): Promise<T> =>
          writes++ >= kill ? new Promise(() => {}) : act(...args);
      const dying = { ...cache, set: mortal(cache.set), delete: mortal(cache.delete) };
      const { stored } = await (await load(fresh, dying)).loaded;
      if ((await stateOf(stored)) === 'fulfilled') {
        expect(kill).toBe(3);
        break;
      }
      const hasAll = async (model: typeof old) =>
        (await Promise.all([...model.files.values()].map((file) => cache.get(hashOf(file))))).every((each) => each !== undefined);
      expect([kill, await hasAll(old)]).toEqual([kill, true]);
      const record = (await recordIn(cache, fresh)) as { complete: boolean } | undefined;
      expect([kill, record?.complete ?? false]).toEqual([kill, false]);
      expect(kill).toBeLessThan(20);
    }
  });
});

/** What a network can do to a model's bytes, from a server that does it: rows N1 to N10 of docs/faults.md. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WeightsCache } from '../../src/api/cache.js';
import { downloadModel } from '../../src/download/download-model.js';
import { fetchAsset } from '../../src/download/fetch.js';
import type { Pauses } from '../../src/download/receive.js';
import { retryFetch } from '../../src/download/retry.js';
import { bytesOf, fakeModel, hashOf, rejection } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';

const SHARD_BYTES = 200_000;
const model = fakeModel('net', [bytesOf(SHARD_BYTES, 1)]);
const total = [...model.files.values()].reduce((sum, { length }) => sum + length, 0);
const shard = model.files.get('0.bin') as Uint8Array<ArrayBuffer>;
const key = hashOf(shard);

/** What the server does to the shard's first request, second, …; the last one to all that follow. */
type Answer = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => void;
let answers: Answer[] = [];
/** Requests for the shard: what they asked for. */
let asked: { range: string | undefined; cache: string | undefined }[] = [];
/** Answers for the shard that nobody has ended or let go of. */
let openAnswers = 0;

const server = createServer((request, response) => {
  const bytes = model.files.get((request.url as string).slice(1));
  if (bytes === undefined) return void response.writeHead(404).end();
  if (request.url !== '/0.bin') return void response.end(bytes);
  const { range, 'cache-control': cache } = request.headers;
  const answer = answers[Math.min(asked.length, answers.length - 1)] as Answer;
  asked.push({ range, cache });
  openAnswers++;
  response.on('close', () => openAnswers--);
  answer(request, response, bytes);
});
let port = 0;
const up = () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
const down = () =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
beforeAll(async () => {
  await up();
  port = (server.address() as AddressInfo).port;
});
afterAll(down);
beforeEach(() => {
  asked = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const whole: Answer = (_request, response, bytes) => response.end(bytes);
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(code, headers).end('no');
const body =
  (make: (bytes: Uint8Array) => Uint8Array, headers: Record<string, string> = {}): Answer =>
  (_request, response, bytes) =>
    response.writeHead(200, headers).end(make(bytes));
/** Cuts the connection when what is on its way has been read: both ends live in this thread, whose turns count, however late they come. */
async function cut(response: ServerResponse): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
  for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
  response.destroy();
}
/** So much of the body under the whole length, then the connection is cut. */
const reset =
  (atByte: number): Answer =>
  (_request, response, bytes) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, atByte));
    void cut(response);
  };
const cutChunked: Answer = (_request, response, bytes) => {
  response.write(bytes.subarray(0, 50_000));
  void cut(response);
};
/** Without a length, ended by closing: a cut looks like the end. */
const closeDelimited: Answer = (_request, response, bytes) => {
  const { socket } = response;
  socket?.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n');
  socket?.end(bytes.subarray(0, 70_000));
};
const flip = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 1_000 ? byte ^ 4 : byte));

interface Loading {
  readonly loaded: Promise<Uint8Array>;
  readonly pausesMs: number[];
  readonly progress: number[];
  readonly cache: WeightsCache;
}

function load({
  fetch = globalThis.fetch,
  of = model,
  wait,
}: {
  fetch?: typeof globalThis.fetch;
  of?: typeof model;
  wait?: Pauses['wait'];
} = {}): Loading {
  const pausesMs: number[] = [];
  const progress: number[] = [];
  const cache = memoryCache();
  const pauses: Pauses = {
    random: () => 0.5,
    wait: async (pauseMs, signal) => {
      pausesMs.push(pauseMs);
      await wait?.(pauseMs, signal);
    },
  };
  const { weights, whole } = downloadModel(of.manifest, [of.manifest.targets.tfjs.graph], {
    ...{ caching: Promise.resolve(cache), budgetBytes: Number.POSITIVE_INFINITY, note: () => undefined, fetch },
    signal: new AbortController().signal,
    assetUrl: (name) => `http://127.0.0.1:${port}/${name}`,
    onProgress: ({ loadedBytes }) => void progress.push(loadedBytes),
    pauses,
  });
  const loaded = whole.then(async ({ stored }) => {
    await stored;
    const all: Buffer[] = [];
    for await (const each of weights) all.push(Buffer.from(each));
    return Buffer.concat(all);
  });
  return { loaded, pausesMs, progress, cache };
}

/** Loads the model: the shard is right, and kept. */
async function loads(script: Answer[], options: Parameters<typeof load>[0] = {}): Promise<Loading> {
  answers = script;
  const loading = load(options);
  expect(hashOf(await loading.loaded)).toBe(key);
  expect(loading.progress.at(-1)).toBe(total);
  expect(await loading.cache.keys()).toContain(key);
  return loading;
}

/** Fails to load it, with this; nothing of the shard is kept. */
async function fails(script: Answer[], wanted: object, options: Parameters<typeof load>[0] = {}): Promise<Loading> {
  answers = script;
  const loading = load(options);
  expect(await rejection(loading.loaded)).toMatchObject(wanted);
  const kept = await loading.cache.keys();
  expect(kept).not.toContain(key);
  for (const hash of kept.filter((each) => /^[\da-f]{64}$/.test(each)))
    expect(hashOf(new Uint8Array((await loading.cache.get(hash))!))).toBe(hash);
  return loading;
}

describe('N1: offline', () => {
  it('at the first run is typed and retryable after two tries, at once where the browser knows; with the network back the same call loads', async () => {
    await down();
    const fetch = vi.fn(globalThis.fetch);
    const failure = { code: 'offline', retryable: true, message: expect.stringContaining('did not answer') };
    const { pausesMs } = await fails([], failure, { fetch });
    expect([pausesMs, fetch.mock.calls.length]).toEqual([[500, 500, 500], 6]);
    vi.stubGlobal('navigator', { onLine: false });
    const { pausesMs: none } = await fails([], failure, { fetch });
    expect([none, fetch.mock.calls.length]).toEqual([[], 9]);
    vi.unstubAllGlobals();
    await up();
    await loads([whole]);
  });

  it('in mid-load is tried again: the network was there a moment ago', async () => {
    const wait = async () => void (await up());
    answers = [whole];
    let goesDown = true;
    const fetch: typeof globalThis.fetch = async (input, init) => {
      if (String(input).endsWith('0.bin') && goesDown) {
        goesDown = false;
        await vi.waitFor(() => expect(loading.progress).toHaveLength(2));
        await down();
      }
      return globalThis.fetch(input, init);
    };
    const loading = load({ fetch, wait });
    const { loaded, pausesMs } = loading;
    expect(hashOf(await loaded)).toBe(key);
    expect([pausesMs, asked.length]).toEqual([[500], 1]);
  });
});

it('a file that no memory is there for is an error that says so', async () => {
  const asset = { name: 'a.bin', bytes: 2 ** 52, sha256: key };
  const fetch = vi.fn(async () => new Response(''));
  const options = { fetch, signal: new AbortController().signal, network: { answered: false } };
  for (const url of ['https://a.test/a.bin', 'data:,a'])
    expect(await rejection(fetchAsset(asset, url, options))).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining(`a.bin: there is no memory here for its ${2 ** 52} bytes (`),
      detail: { bytes: 2 ** 52 },
      retryable: false,
    });
  expect(fetch).not.toHaveBeenCalled();
});

describe('N2: what is not the asset', () => {
  it.each([400, 401, 403, 404, 410, 416])('%i fails at once, and nothing of it is kept', async (code) => {
    const { pausesMs } = await fails([status(code)], { code: 'http-status', retryable: false, detail: { status: code } });
    expect([asked.length, pausesMs]).toEqual([1, []]);
  });

  it.each([408, 425, 429, 500, 502, 503])('%i is asked three times, then fails; once, and it loads', async (code) => {
    const { pausesMs } = await fails([status(code)], { code: 'http-status', retryable: true, detail: { status: code } });
    expect([asked.length, pausesMs]).toEqual([3, [500, 2_000]]);
    await loads([status(code), whole]);
  });

  it.each<[string, string, number[] | undefined]>([
    ['seconds within reason are waited', '7', [7_000]],
    ['fewer than the pause are not', '0', [500]],
    ['what nobody understands is passed over', 'soon', [500]],
    ['a moment that has gone by is passed over', 'Wed, 21 Oct 2015 07:28:00 GMT', [500]],
    ['an hour is the app’s to wait', '3600', undefined],
  ])('Retry-After: %s', async (_what, after, pausesMs) => {
    const script = [status(429, { 'retry-after': after }), whole];
    if (pausesMs === undefined) await fails(script, { code: 'http-status', retryable: true });
    else expect((await loads(script)).pausesMs).toEqual(pausesMs);
  });

  it('a page of HTML is `integrity`, after one more request past the HTTP cache', async () => {
    const html = body(() => Buffer.from('<!doctype html><html></html>'));
    const { pausesMs } = await fails([html], { code: 'integrity', message: expect.stringContaining('a page of HTML') });
    expect([asked.map(({ cache }) => cache), pausesMs]).toEqual([[undefined, 'no-cache'], []]);
  });
});

describe('N3, N4: a body that is cut', () => {
  it.each<[string, Answer]>([
    ['a reset under a length', reset(60_000)],
    ['a reset of a chunked body', cutChunked],
    ['N4: one that looks like the end', closeDelimited],
  ])('%s: the shard is fetched again from its start, without Range', async (_what, cut) => {
    const { pausesMs } = await loads([cut, whole]);
    expect([asked.map(({ range }) => range), pausesMs]).toEqual([[undefined, undefined], [500]]);
  });

  it('three times is `offline`, and says how far it came', async () => {
    const { pausesMs } = await fails([reset(60_000)], {
      code: 'offline',
      retryable: true,
      message: expect.stringContaining('of 200000 bytes'),
    });
    expect([asked.length, pausesMs]).toEqual([3, [500, 2_000]]);
  });

  it('N4: three times without a sign of it is `integrity`', async () => {
    await fails([closeDelimited], { code: 'integrity', message: expect.stringContaining('gave 70000 bytes') });
    expect(asked).toHaveLength(3);
  });

  it('that is whole but for its end is taken as it is: nothing is asked for again', async () => {
    await loads([
      (_request, response, bytes) => {
        response.write(bytes);
        void cut(response);
      },
    ]);
    expect(asked).toHaveLength(1);
  });

  it('pauses are half as long up to half as long again', async () => {
    for (const [random, wanted] of [
      [0, [250, 1_000]],
      [0.999, [749.5, 2_998]],
    ] as const) {
      const pausesMs: number[] = [];
      const pauses: Pauses = { random: () => random, wait: async (pauseMs) => void pausesMs.push(pauseMs) };
      const incoming = {
        asset: { name: 'a', bytes: 9, sha256: key },
        url: 'https://a.test/',
        bytes: new Uint8Array(9),
        arrivedBytes: 0,
        response: undefined,
      };
      const options = {
        fetch: () => Promise.reject(new TypeError('gone')),
        signal: new AbortController().signal,
        network: { answered: true },
      };
      await rejection(retryFetch(incoming, new TypeError('gone'), { ...options, pauses }));
      expect(pausesMs.map((each) => Math.round(each * 10) / 10)).toEqual(wanted);
    }
  });
});

/** A network under a clock that stands still, of which every request is answered by the next of `tries`. */
function slowly(tries: readonly ((init: RequestInit | undefined) => Response)[]) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const inits: (RequestInit | undefined)[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const name = new URL(String(input)).pathname.slice(1);
    if (name !== '0.bin') return new Response(model.files.get(name)!.slice());
    inits.push(init);
    return (tries[Math.min(inits.length, tries.length) - 1] as (init: RequestInit | undefined) => Response)(init);
  };
  return { fetch, inits };
}
const stalled = (bytes: Uint8Array) => () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(bytes.slice()) }));
describe('N5: a stall', () => {
  it('of 15 s ends the try, and the next one begins at the start', async () => {
    const { fetch, inits } = slowly([stalled(shard.subarray(0, 80_000)), () => new Response(shard)]);
    const { loaded } = load({ fetch });
    await vi.advanceTimersByTimeAsync(14_999);
    expect(inits).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    expect(hashOf(await loaded)).toBe(key);
    expect(inits).toHaveLength(2);
  });

  it('three times is `timeout`', async () => {
    const { fetch, inits } = slowly([stalled(shard.subarray(0, 80_000))]);
    const failure = rejection(load({ fetch }).loaded);
    await vi.advanceTimersByTimeAsync(45_000);
    vi.useRealTimers();
    expect(await failure).toMatchObject({ code: 'timeout', retryable: true, message: expect.stringContaining('no byte arrived') });
    expect(inits).toHaveLength(3);
  });

  it('L2: a machine that slept for a minute has not waited for one', async () => {
    const { fetch, inits } = slowly([stalled(shard.subarray(0, 80_000)), () => new Response(shard)]);
    const { loaded } = load({ fetch });
    await vi.advanceTimersByTimeAsync(5_000);
    // Asleep: the timer that is due fires on waking up, and no other one.
    vi.advanceTimersToNextTimer();
    await vi.advanceTimersByTimeAsync(7_499);
    expect(inits).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    expect(hashOf(await loaded)).toBe(key);
  });
});

describe('N6: a body without an end', () => {
  it.each<[string, Answer]>([
    [
      'that unpacks to 20 MB',
      (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000))),
    ],
    [
      'that goes on',
      (_request, response) => {
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        };
        response.on('drain', more);
        more();
      },
    ],
  ])('%s is cut at the asset’s length, twice, and is `integrity`', async (_what, answer) => {
    await fails([answer], { code: 'integrity', message: expect.stringContaining('gave more') });
    expect(asked.map(({ cache }) => cache)).toEqual([undefined, 'no-cache']);
    await vi.waitFor(() => expect(openAnswers).toBe(0));
  });
});

describe('N8, N9: bytes that are not the asset’s', () => {
  it('N8: one flipped bit: fetched once more, past every HTTP cache, and right', async () => {
    const { pausesMs } = await loads([body(flip), whole]);
    expect([asked.map(({ cache }) => cache), pausesMs]).toEqual([[undefined, 'no-cache'], []]);
  });

  it('N8: flipped each time is `integrity` after the second', async () => {
    await fails([body(flip)], { code: 'integrity', message: expect.stringContaining('other bytes of the same length') });
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['looks at `cache`', true],
    ['gives what it has whatever it is asked', false],
  ])('N9: a stale service worker that %s', async (_what, minds) => {
    const old = bytesOf(SHARD_BYTES, 9);
    const fetch: typeof globalThis.fetch = async (input, init) =>
      String(input).endsWith('0.bin') && !(minds && init?.cache === 'reload') ? new Response(old) : globalThis.fetch(input, init);
    if (minds) await loads([whole], { fetch });
    else await fails([whole], { code: 'integrity' }, { fetch });
  });
});

describe('a load of which one file fails', () => {
  it('ends its other requests, at the server too, and asks for nothing more', async () => {
    // The server has no 1.bin; this one it sends in part, and never the rest.
    const of = fakeModel('net', [bytesOf(SHARD_BYTES, 1), bytesOf(10, 2)]);
    const signals: (AbortSignal | null | undefined)[] = [];
    const fetch: typeof globalThis.fetch = async (input, init) => {
      if (String(input).endsWith('1.bin')) await vi.waitFor(() => expect(openAnswers).toBe(1));
      if (String(input).endsWith('0.bin')) signals.push(init?.signal);
      return globalThis.fetch(input, init);
    };
    const hangs: Answer = (_request, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 50_000));
    };
    const { pausesMs } = await fails([hangs], { code: 'http-status', detail: { status: 404 } }, { of, fetch });
    await vi.waitFor(() => expect(openAnswers).toBe(0));
    expect([asked.length, pausesMs, signals.map((each) => each?.aborted)]).toEqual([1, [], [true]]);
  });
});

describe('N10: a line that comes and goes', () => {
  it('progress never goes back, and a shard that a flap cuts is fetched again', async () => {
    const many = fakeModel(
      'flapping',
      Array.from({ length: 12 }, (_, index) => bytesOf(20_000, 10 + index)),
    );
    const wanted = [...many.files.values()].reduce((sum, { length }) => sum + length, 0);
    let flaps = 0;
    const perShard = new Map<string, number>();
    // Every second connection dies in mid-body, and takes all others along now and then.
    const flapping = createServer((request, response) => {
      const name = (request.url as string).slice(1);
      const bytes = many.files.get(name) as Uint8Array;
      const tries = (perShard.get(name) ?? 0) + 1;
      perShard.set(name, tries);
      if (tries === 3 || perShard.size % 2 === 0) return void response.end(bytes);
      flaps++;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length >> 1));
      void cut(response);
    });
    await new Promise<void>((resolve) => flapping.listen(0, '127.0.0.1', () => resolve()));
    const stable = port;
    port = (flapping.address() as AddressInfo).port;
    try {
      const { loaded, progress } = load({ of: many });
      await loaded;
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      expect(progress.at(-1)).toBe(wanted);
      expect(flaps).toBeGreaterThan(5);
      // Each flap costs one more request.
      expect([...perShard.values()].reduce((sum, tries) => sum + tries, 0)).toBe(many.files.size + flaps);
    } finally {
      port = stable;
      flapping.closeAllConnections();
      await new Promise((resolve) => flapping.close(resolve));
    }
  });
});

/** What a server can do to a load: each fault has its own code, and nothing is lost. */
import { expect, test } from 'vitest';
import { addModel } from '../fixtures/models.js';
import type { Fault } from '../harness/site.js';
import { room } from './room.js';

const here = room({ add: addModel([1, 1000], new Float32Array(1000).fill(2)) });

/** The files that a fault meets, on the backend that asks for them; the weights have 4 000 bytes. */
const FILES = [
  ['the weights', 'cpu', /weights-.*\.bin$/],
  ['C11: the module', 'wasm', /compiled-.*\.wasm$/],
] as const;

const FAULTS: readonly (readonly [string, Fault, string, RegExp])[] = [
  ['a 404', { status: 404 }, 'http-status', /(weights-\w+\.bin|compiled-\w+\.wasm).*answered 404/],
  ['a 200 with HTML', { body: '<!doctype html><p>Home', headers: { 'Content-Type': 'text/html' } }, 'integrity', /a page of HTML/],
  ['a flipped bit', { edit: (body) => body.fill((body[7] as number) ^ 4, 7, 8) }, 'integrity', /other bytes of the same length/],
  ['an over-long file', { extraBytes: 1 }, 'integrity', /gave more/],
  ['a shorter file', { edit: (body) => body.subarray(0, 500) }, 'integrity', / 500 bytes/],
  ['a cut connection', { truncate: 100 }, 'offline', /broke off after \d+ of \d+ bytes/],
  ['no connection', { reset: true }, 'offline', /did not answer/],
];

test.each(FILES.flatMap(([what, backend, file]) => FAULTS.map((row) => [what, backend, file, ...row] as const)))(
  '%s (%s, %s): %s',
  async (_what, backend, file, _fault, fault, code, message) => {
    const page = await here.page();
    const mend = here.site.fault(file, fault);
    // What brings the network back also ends the pauses between tries.
    await page.evaluate(() => void setInterval(() => dispatchEvent(new Event('online')), 20));
    const attempt = () =>
      page.evaluate(
        (backend) =>
          load('add', { backend }).then(
            async (model) => {
              const { outputs } = await model.predict({ x: new Float32Array(1000) });
              return { code: 'none', message: String(outputs['sumY']?.data[999]) };
            },
            ({ code, message }) => ({ code, message }),
          ),
        backend,
      );
    expect(await attempt()).toEqual({ code, message: expect.stringMatching(message) });
    mend();
    // The failed load left nothing behind that the next one could trip over.
    expect(await attempt()).toEqual({ code: 'none', message: '2' });
  },
);

test.each(['fetch', 'before'] as const)('a load that is aborted (%s) rejects with the reason; the next one loads', async (when) => {
  const page = await here.page();
  const mend = when === 'fetch' ? here.site.fault(/weights-.*\.bin$/, { stall: 'body' }) : () => undefined;
  const reason = await page.evaluate(async (when) => {
    const stop = new AbortController();
    if (when === 'before') stop.abort(new Error('changed my mind'));
    else setTimeout(() => stop.abort(new Error('changed my mind')), 200);
    return load('add', { backend: 'cpu', signal: stop.signal }).then(String, ({ message }) => message);
  }, when);
  expect(reason).toBe('changed my mind');
  mend();
  expect(await page.evaluate(async () => (await load('add', { backend: 'cpu' })).backend)).toBe('cpu');
  await expect.poll(() => page.workers().length).toBe(1);
});

test('one of two callers aborts: the other one loads', async () => {
  const page = await here.page();
  const settled = await page.evaluate(async () => {
    const stop = new AbortController();
    const both = Promise.allSettled([load('add', { backend: 'cpu', signal: stop.signal }), load('add', { backend: 'cpu' })]);
    await Promise.resolve();
    stop.abort();
    return (await both).map(({ status }) => status);
  });
  expect(settled).toEqual(['rejected', 'fulfilled']);
});

test('fetch and assetUrl see exactly the files of the model', async () => {
  const page = await here.page();
  const seen = await page.evaluate(async () => {
    const names: string[] = [];
    const fetched: string[] = [];
    const model = await load('add', {
      backend: 'wasm',
      cache: null,
      assetUrl: (name, url) => {
        names.push(name);
        return name.startsWith('worker/') ? url : `${url}?token=1`;
      },
      fetch: (input, init) => {
        fetched.push(String(input));
        return fetch(input, { ...init, headers: { 'X-Token': '1' } });
      },
    });
    model.dispose();
    return { names: names.toSorted(), tokens: fetched.every((url) => url.endsWith('?token=1')), fetched: fetched.length };
  });
  expect(seen.names.map((name) => name.replace(/-\w{16}\./, '.')).toSorted()).toEqual([
    'compiled.wasm',
    'golden.bin',
    'weights.bin',
    'worker/compiled.js',
    'worker/host-parts.js',
  ]);
  expect(seen).toMatchObject({ tokens: true, fetched: 3 });
});

/** The first trip in a real browser: cache, single flight, threads, policies, ends. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { addModel } from '../fixtures/models.js';
import { expectNoViolations } from '../harness/browser.js';
import { type Fault, STRICT_CSP } from '../harness/site.js';
import { countModel, room } from './room.js';

const here = room(
  {
    add: addModel(),
    other: addModel([1, 2], Float32Array.of(10, 20)),
    large: addModel([1, 2000], new Float32Array(2000).fill(3)),
    count: countModel(),
    // Two shards.
    sharded: addModel([1, 600_000], new Float32Array(600_000).fill(3)),
  },
  { launch: { webgpu: true } },
);

type Pannier = typeof import('../../src/index.js');

/** Waits until the cache holds a model's files, and that it has passed its golden run: both come behind the first answer. */
async function stored(page: Page, name: string): Promise<void> {
  const isStored = () =>
    page.evaluate(async (name) => {
      const { isOfflineReady } = await importModule<Pannier>('/dist/index.js');
      if (!(await isOfflineReady(await source(name)))) return false;
      const database = await new Promise<IDBDatabase>((resolve) => {
        indexedDB.open('pannier-1').onsuccess = ({ target }) => resolve((target as IDBOpenDBRequest).result);
      });
      const keys = database.transaction('records').objectStore('records').getAllKeys();
      await new Promise((resolve) => Object.assign(keys, { onsuccess: resolve }));
      database.close();
      return keys.result.some((key) => String(key).startsWith('golden:'));
    }, name);
  await expect.poll(isStored).toBe(true);
}

const weightsAsked = () => here.site.requests.filter(({ path }) => /\/models\/.*\.(bin|json|wasm)$/.test(path)).map(({ path }) => path);

test('a second visit asks for nothing that the cache holds', async () => {
  const page = await here.page();
  const visit = () =>
    page.evaluate(async () => {
      const model = await load('add', { backend: 'wasm' });
      const { outputs } = await model.predict({ x: Float32Array.of(1, 1, 1, 1) });
      return { cache: model.loadTiming.cache, y: [...(outputs['sumY']?.data ?? [])], golden: model.loadTiming.goldenMs };
    });
  expect(await visit()).toEqual({ cache: 'miss', y: [2, 3, 4, 5], golden: expect.any(Number) });
  await stored(page, 'add');
  here.site.requests.length = 0;
  await page.reload();
  expect(await visit()).toEqual({ cache: 'hit', y: [2, 3, 4, 5], golden: 0 });
  expect(weightsAsked()).toEqual([]);
  await expectNoViolations(page);
});

test('a damaged cache entry is noticed and fetched again', async () => {
  const page = await here.page();
  await page.evaluate(async () => void (await load('add', { backend: 'cpu' })));
  await stored(page, 'add');
  const first = await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('pannier-1');
      request.onsuccess = () => resolve(request.result);
    });
    const shard = (await source('add')).weights[0]?.sha256 as string;
    const store = database.transaction('weights', 'readwrite').objectStore('weights');
    store.put(new Uint8Array(16).fill(7).buffer, shard);
    await new Promise((resolve) => {
      store.transaction.oncomplete = resolve;
    });
    database.close();
    return shard;
  });
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  await page.reload();
  const second = await page.evaluate(async () => {
    const model = await load('add', { backend: 'cpu' });
    const { outputs } = await model.predict({ x: new Float32Array(4) });
    return { notes: model.notes.map(({ code }) => code), cache: model.loadTiming.cache, y: [...(outputs['sumY']?.data ?? [])] };
  });
  expect(second).toEqual({ notes: ['cache-corrupt'], cache: 'partial', y: [1, 2, 3, 4] });
});

test('without IndexedDB the model loads all the same, and says so', async () => {
  const page = await here.page();
  const result = await page.evaluate(async () => {
    indexedDB.open = () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
    const model = await load('add', { backend: 'cpu' });
    return { cache: model.loadTiming.cache, notes: model.notes };
  });
  expect(result.cache).toBe('unavailable');
  expect(result.notes).toEqual([{ code: 'cache-unavailable', message: expect.stringContaining('The operation is insecure') }]);
});

describe('a shard in the worker', () => {
  /** Loads the model of two shards; the second comes when the first is uploaded, and then as `last` says. */
  const loadInTwo = (page: Awaited<ReturnType<typeof here.page>>, last: 'whole' | 'cut' | 'aborted') =>
    page.evaluate(async (last) => {
      const { postMessage } = Worker.prototype;
      const messages: string[] = [];
      const abort = new AbortController();
      const uploaded = new Promise<void>((resolve) => {
        Worker.prototype.postMessage = function (message: { id: number; kind: string }, ...given: unknown[]) {
          messages.push(message.kind);
          const isUpload = message.kind === 'upload';
          if (isUpload) this.addEventListener('message', ({ data }) => data.id === message.id && !('begun' in data) && resolve());
          return Reflect.apply(postMessage, this, [message, ...given]);
        };
      });
      const { weights } = await source('sharded');
      const fetchLast = async (...given: Parameters<typeof fetch>) => {
        const response = await fetch(...given);
        if (!String(given[0]).endsWith(weights.at(-1)?.name as string)) return response;
        await uploaded;
        if (last === 'aborted') abort.abort(new Error('enough'));
        return last === 'cut' ? new Response('gone', { status: 404 }) : response;
      };
      try {
        const model = await load('sharded', { backend: ['wasm', 'cpu'], cache: null, fetch: fetchLast, signal: abort.signal });
        const { outputs } = await model.predict({ x: new Float32Array(600_000) });
        model.dispose();
        return { shards: weights.length, messages, y: outputs['sumY']?.data.at(-1), openMs: model.loadTiming.openMs };
      } catch (thrown) {
        const { code, message } = thrown as { code?: string; message: string };
        return { shards: weights.length, messages, code, message };
      } finally {
        Worker.prototype.postMessage = postMessage;
      }
    }, last);

  test('is uploaded while the next one is still awaited', async () => {
    const page = await here.page();
    const { shards, messages, y, openMs } = await loadInTwo(page, 'whole');
    expect([shards, y]).toEqual([2, 3]);
    expect(messages.slice(0, 6)).toEqual(['start', 'open', 'upload', 'upload', 'build', 'run']);
    expect(openMs).toBeGreaterThan(0);
  });

  test.each([
    ['cut', 'http-status', /404/],
    ['aborted', undefined, /enough/],
  ] as const)('is let go of where the bytes are %s behind it; no other backend is asked', async (last, code, message) => {
    const page = await here.page();
    here.site.requests.length = 0;
    const failed = await loadInTwo(page, last);
    expect(failed).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(failed.messages.slice(0, 3)).toEqual(['start', 'open', 'upload']);
    expect(failed.messages).not.toContain('build');
    await expect.poll(() => page.workers().length).toBe(0);
    expect(here.site.requests.filter(({ path }) => path.includes('cpu'))).toEqual([]);
  });
});

test('twenty loads are one; the worker ends with the last of them', async () => {
  const page = await here.page();
  here.site.requests.length = 0;
  await page.evaluate(async () => {
    const models = await Promise.all(Array.from({ length: 20 }, () => load('add', { backend: 'wasm' })));
    Object.assign(globalThis, { models });
    for (const model of models.slice(1)) model.dispose();
    await models[0]?.predict({ x: new Float32Array(4) });
  });
  const asked = here.site.requests.map(({ path }) => path);
  expect(asked.filter((path) => path.includes('weights'))).toHaveLength(1);
  expect(asked.filter((path) => path.endsWith('.wasm'))).toHaveLength(1);
  expect(asked.filter((path) => path.includes('worker/'))).toEqual(['/dist/worker/compiled.js']);
  expect(page.workers()).toHaveLength(1);
  // Another model shares the worker.
  await page.evaluate(async () => {
    const other = await load('other', { backend: 'wasm' });
    const models = (globalThis as unknown as { models: { dispose(): void }[] }).models;
    models[0]?.dispose();
    const { outputs } = await other.predict({ x: Float32Array.of(1, 2) });
    if (outputs['sumY']?.data[1] !== 22) throw new Error('wrong answer');
    Object.assign(globalThis, { other });
  });
  expect(page.workers()).toHaveLength(1);
  await page.evaluate(() => (globalThis as unknown as { other: { dispose(): void } }).other.dispose());
  await expect.poll(() => page.workers().length).toBe(0);
});

test('progress counts verified bytes, up to the whole and once', async () => {
  const page = await here.page();
  const reports = await page.evaluate(async () => {
    const seen: { loadedBytes: number; totalBytes: number; fraction: number }[] = [];
    await load('add', { backend: 'cpu', onProgress: (progress) => seen.push(progress) });
    return seen;
  });
  const { totalBytes } = reports[0] as (typeof reports)[0];
  expect(reports.map(({ loadedBytes }) => loadedBytes)).toEqual(reports.map(({ loadedBytes }) => loadedBytes).toSorted((a, b) => a - b));
  expect(reports.filter(({ fraction }) => fraction === 1)).toHaveLength(1);
  expect(reports.at(-1)?.loadedBytes).toBe(totalBytes);
});

/** TF.js's own file. */
const TFJS_BINARY = /\/tfjs-backend-wasm-simd\.wasm$/;

/** The files that `dist/index.js` imports statically, itself included. */
function firstFiles(): readonly string[] {
  const reached = ['index.js'];
  for (const file of reached) {
    const code = readFileSync(`dist/${file}`, 'utf8');
    for (const [, name = ''] of code.matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g)) if (!reached.includes(name)) reached.push(name);
  }
  return reached.map((name) => `/dist/${name}`);
}

test('a first visit downloads what docs/sizes.md counts until the first answer, and no other file of Pannier', async () => {
  const page = await here.page();
  here.site.requests.length = 0;
  await page.evaluate(async () => {
    const model = await load('add', { autotune: false });
    await model.predict({ x: Float32Array.of(1, 1, 1, 1) });
  });
  await stored(page, 'add');
  const asked = here.site.requests.map(({ path }) => path);
  const lazy = asked.filter((path) => path.startsWith('/dist/') && !firstFiles().includes(path));
  expect(lazy.sort()).toEqual(['/dist/page-cache.js', '/dist/page-lazy.js', '/dist/worker/compiled.js']);
  const own = asked.flatMap((path) => path.match(/^\/models\/add\/([a-z]+)/)?.[1] ?? []);
  expect(own.sort()).toEqual(['compiled', 'golden', 'model', 'weights']);
  await page.close();
});

describe('backends', () => {
  test('a load begins without a GPU, and without what would run on it', async () => {
    const page = await here.page();
    here.site.requests.length = 0;
    const { backend, selection } = await page.evaluate(async () => {
      const model = await load('add');
      return { backend: model.backend, selection: model.selection };
    });
    expect(backend).toBe('wasm');
    expect(here.site.requests.filter(({ path }) => path.includes('webgpu'))).toEqual([]);
    expect(selection).toMatchObject([
      { backend: 'wasm', state: 'chosen', goldenShareOff: 0 },
      { backend: 'webgpu', state: 'untried' },
      { backend: 'cpu', state: 'untried' },
    ]);
  });

  test.each([
    ['no navigator.gpu', () => void Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }), 'navigator.gpu is missing'],
    ['no adapter', () => void Object.assign(GPU.prototype, { requestAdapter: async () => null }), 'has no adapter'],
    [
      'no device',
      () => void Object.assign(GPUAdapter.prototype, { requestDevice: () => Promise.reject(new Error('not today')) }),
      'not today',
    ],
  ])('C7: webgpu with %s is refused with the reason', async (_, breakIt, reason) => {
    const page = await here.page();
    await page.evaluate(breakIt);
    const selection = await page.evaluate(async () => (await load('add', { backend: ['webgpu', 'cpu'], thread: 'page' })).selection);
    expect(selection).toMatchObject([{ state: 'refused', reason: expect.stringContaining(reason) }, { state: 'chosen' }]);
  });

  test.each<[string, Fault, RegExp]>([
    ['that is not there', { status: 404 }, /answered 404/],
    ['in whose place is a page', { body: '<!doctype html><p>not here', headers: { 'Content-Type': 'text/html' } }, /a page of HTML/],
    ['of another content', { edit: (body) => body.fill(7, 9, 10) }, /other bytes of the same length/],
    ['of another length', { extraBytes: 1 }, /424594/],
  ])('C11: a wasm binary %s is named, and cpu serves', async (_what, fault, reason) => {
    const mend = here.site.fault(TFJS_BINARY, fault);
    const page = await here.page();
    const selection = await page.evaluate(async () => (await loadUncompiled('add', { backend: ['wasm', 'cpu'] })).selection);
    mend();
    expect(selection).toMatchObject([
      { state: 'refused', reason: expect.stringMatching(RegExp(`tfjs-backend-wasm-simd\\.wasm.*${reason.source}`)) },
      { backend: 'cpu', state: 'chosen' },
    ]);
  });

  test('C11: a wasm binary of the wrong type is the right one by its hash', async () => {
    const mend = here.site.fault(TFJS_BINARY, { headers: { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' } });
    const page = await here.page();
    expect(await page.evaluate(async () => (await loadUncompiled('add', { backend: 'wasm' })).notes)).toEqual([]);
    mend();
  });

  test('C11: where none can run, every reason is told', async () => {
    const mend = here.site.fault(TFJS_BINARY, { status: 404 });
    const page = await here.page();
    const error = await page.evaluate(() =>
      loadUncompiled('add', { backend: 'wasm' }).then(String, ({ code, message }) => ({ code, message })),
    );
    mend();
    expect(error).toEqual({ code: 'backend-unavailable', message: expect.stringMatching(/wasm: .*answered 404/) });
  });

  test.each([
    ['a compiled model', 'load'],
    ['one of TF.js', 'loadUncompiled'],
  ] as const)('C11: without wasm-unsafe-eval, wasm is refused and cpu serves %s', async (_what, loading) => {
    const site = await here.serve({ csp: STRICT_CSP.replace(" 'wasm-unsafe-eval'", '') });
    const page = await here.page(undefined, site);
    const { selection, notes } = await page.evaluate(async (loading) => {
      const { selection, notes } = await globalThis[loading]('add', { backend: ['wasm', 'cpu'] });
      return { selection, notes };
    }, loading);
    await site.close();
    expect(selection).toMatchObject([
      { state: 'refused', reason: expect.stringContaining("'wasm-unsafe-eval'") },
      { backend: 'cpu', state: 'chosen' },
    ]);
    expect(notes).toEqual([
      {
        code: 'wasm-refused',
        message: expect.stringMatching(/^The model runs on cpu, which is slower than wasm\. wasm: .*add 'wasm-unsafe-eval' to script-src/),
      },
    ]);
  });

  test('where cpu comes first, nothing is noted', async () => {
    const page = await here.page();
    expect(await page.evaluate(async () => (await load('add', { backend: ['cpu', 'wasm'] })).notes)).toEqual([]);
  });

  test('a policy that forbids the download is named', async () => {
    const site = await here.serve({ csp: STRICT_CSP.replace("connect-src 'self'", "connect-src 'none'") });
    const page = await here.page(undefined, site);
    const error = await page.evaluate(() => load('add', { backend: 'cpu' }).then(String, ({ code, message }) => ({ code, message })));
    await site.close();
    expect(error).toEqual({
      code: 'offline',
      message: expect.stringMatching(/ did not answer .*Check the address, the connection and the page's connect-src\. /),
    });
  });
});

describe('threads', () => {
  test.each([
    ['worker-src forbids workers', STRICT_CSP.replace("worker-src 'self'", "worker-src 'none'")],
    ['the Trusted Types list lacks pannier', STRICT_CSP.replace('trusted-types pannier', "trusted-types 'none'")],
    ["the worker's script is not there", STRICT_CSP],
  ])('L5: the page runs the model where %s', async (_, csp) => {
    const site = await here.serve({ csp });
    if (csp === STRICT_CSP) site.fault(/worker\//, { status: 404 });
    const page = await here.page(undefined, site);
    const { thread, notes } = await page.evaluate(async () => {
      const model = await load('add', { backend: 'wasm' });
      return { thread: model.thread, notes: model.notes };
    });
    await site.close();
    expect(thread).toBe('page');
    // Known at once, not by waiting for a worker that never listens.
    expect(notes).toEqual([{ code: 'worker-unavailable', message: expect.not.stringContaining('took longer') }]);
  });

  test("a page's own TF.js goes on as before", async () => {
    const page = await here.page();
    here.site.put('/tf.js', await readTfjs());
    const result = await page.evaluate(async () => {
      // biome-ignore lint/suspicious/noExplicitAny: the page's own TF.js
      const tf = await importModule<any>('/tf.js');
      await tf.setBackend('cpu');
      const kept = tf.tensor([1, 2, 3]);
      const answers: unknown[] = [];
      for (const loading of [load, loadUncompiled]) {
        const model = await loading('add', { backend: 'wasm', thread: 'page' });
        const { outputs } = await model.predict({ x: new Float32Array(4) });
        answers.push([model.thread, model.notes.map(({ code }) => code), [...(outputs['sumY']?.data ?? [])]]);
        model.dispose();
      }
      return {
        answers,
        backend: tf.getBackend(),
        squares: [...kept.square().dataSync()],
        tensors: tf.memory().numTensors,
      };
    });
    const answers = [
      ['page', [], [1, 2, 3, 4]],
      ['worker', ['page-taken'], [1, 2, 3, 4]],
    ];
    expect(result).toEqual({ answers, backend: 'cpu', squares: [1, 4, 9], tensors: 2 });
  });

  test("the app's own GPUDevice is used and left alive", async () => {
    const page = await here.page();
    const result = await page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      const device = (await adapter?.requestDevice()) as GPUDevice;
      let buffers = 0;
      const create = device.createBuffer.bind(device);
      device.createBuffer = (descriptor) => {
        buffers++;
        return create(descriptor);
      };
      const model = await load('large', { backend: 'webgpu', device });
      // Below 1 000 values, TF.js's webgpu backend computes on the processor.
      const { outputs } = await model.predict({ x: new Float32Array(2000) });
      model.dispose();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const lost = await Promise.race([device.lost.then(() => true), Promise.resolve(false)]);
      return { thread: model.thread, backend: model.backend, y: outputs['sumY']?.data[1999], buffers: buffers > 0, lost };
    });
    expect(result).toEqual({ thread: 'page', backend: 'webgpu', y: 3, buffers: true, lost: false });
  });

  test('a predict that never ends is ended at its deadline, and the next one answers', async () => {
    const page = await here.page();
    const result = await page.evaluate(async () => {
      const model = await load('count', { backend: 'cpu', deadlineMs: 8_000 });
      hurry(8_000);
      const forever = model.predict({ from: Int32Array.of(-1_000_000_000) }).then(String, ({ code }) => code);
      const behind = model.predict({ from: Int32Array.of(1) }).then(
        ({ outputs }) => outputs['reached']?.data[0],
        ({ code }) => code,
      );
      const settled = await Promise.all([forever, behind]);
      const { outputs } = await model.predict({ from: Int32Array.of(1) });
      return { settled, after: outputs['reached']?.data[0], notes: model.notes.map(({ code }) => code) };
    });
    expect(result.settled[0]).toBe('timeout');
    // What only waited in line is not lost with the call before it.
    expect(result.settled[1]).toBe(3);
    expect(result).toMatchObject({ after: 3, notes: ['reopened'] });
  });

  test('a model that is loaded after the worker of another died gets a new worker', async () => {
    const page = await here.page();
    const result = await page.evaluate(async () => {
      const first = await load('count', { backend: 'cpu', deadlineMs: 300 });
      await first.predict({ from: Int32Array.of(-1_000_000_000) }).catch(() => undefined);
      const second = await load('add', { backend: ['cpu', 'wasm'] });
      const { outputs } = await second.predict({ x: new Float32Array(4) });
      return { backend: second.backend, y: outputs['sumY']?.data[3], notes: second.notes };
    });
    expect(result).toEqual({ backend: 'cpu', y: 4, notes: [] });
  });

  test('one worker per backend, however the backend was asked for', async () => {
    const page = await here.page();
    await page.evaluate(async () => {
      await load('add', { backend: ['wasm', 'cpu'] });
      await load('other', { backend: 'wasm' });
      await load('large', { backend: 'wasm', deadlineMs: 1_000 });
    });
    expect(page.workers()).toHaveLength(1);
  });

  test('a worker that never answers is ended, and another backend serves', async () => {
    const page = await here.page();
    const mend = here.site.fault(/worker\/compiled\.js$/, { body: 'postMessage({ ready: true })' });
    const selection = await page.evaluate(async () => {
      hurry(12_000);
      return (await load('add', { backend: ['wasm', 'cpu'], backendDeadlineMs: 12_000 })).selection;
    });
    mend();
    expect(selection).toMatchObject([
      { backend: 'wasm', state: 'refused', reason: expect.stringContaining('12000 ms') },
      { backend: 'cpu', state: 'chosen' },
    ]);
    await expect.poll(() => page.workers().map((each) => each.url().replace(/.*\//, ''))).toEqual(['cpu.js']);
  });

  test('a web worker can load a model too, with a worker of its own', async () => {
    const page = await here.page(undefined, await here.serve({ csp: STRICT_CSP.replace(/; require-trusted-types.*/, '') }));
    const answer = await page.evaluate(async () => {
      const worker = new Worker('/app-worker.js', { type: 'module' });
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      });
    });
    expect(answer).toEqual({ thread: 'worker', backend: 'wasm', y: 4, track: 'input' });
  });

  test("Trusted Types: our policy lets no other origin's script pass", async () => {
    const page = await here.page();
    const seen = await page.evaluate(async () => {
      await load('add', { backend: 'cpu' });
      const policy = (globalThis as unknown as Record<symbol, { createScriptURL(url: string): unknown }>)[Symbol.for('pannier.policy')];
      const pass = (url: string) => {
        try {
          return String(policy?.createScriptURL(url));
        } catch (error) {
          return (error as Error).name;
        }
      };
      return [pass('https://elsewhere.example/evil.js'), pass('data:text/javascript,1'), pass('/dist/worker/cpu.js')];
    });
    expect(seen).toEqual(['TypeError', 'TypeError', new URL('/dist/worker/cpu.js', page.url()).href]);
  });
});

async function readTfjs(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile('node_modules/@tensorflow/tfjs/dist/tf.fesm.min.js', 'utf8');
}

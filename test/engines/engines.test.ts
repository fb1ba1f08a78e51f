/** The same promises in three browser engines, on the built files and under the strict policy. What each can do stands in the README. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnyInputs, AnyOutputs, Model } from '../../src/index.js';
import type { ImageSpec, Manifest } from '../../src/manifest/manifest.js';
import { mapToSource } from '../../src/preprocess/mapping.js';
import { toTensor } from '../../src/preprocess/resize.js';
import { APP_WORKER, countModel, echoModel, IN_PAGE, packInto, placesModel, servePacked } from '../browser/room.js';
import { addModel, realModel } from '../fixtures/models.js';
import {
  ENGINE_NAMES,
  type EngineBrowser,
  type EngineName,
  type EnginePage,
  hasEngine,
  keepsProfile,
  launchEngine,
} from '../harness/engines/launch.js';
import type { Fault, Site, SiteOptions } from '../harness/site.js';
import { longTest } from '../tier.js';
import { type Capabilities, expectInReadme } from './capabilities.js';
import { STORE_IN_PAGE, shardedModel, storeSuite } from './store.js';

/** No scaling of values: the graph sees 0 to 255. */
const image = { scale: 1, offset: 0, filter: 'area' } as const;

const folder = mkdtempSync(join(tmpdir(), 'pannier-engines-'));
const seen: Capabilities[] = [];

beforeAll(() =>
  packInto(folder, {
    add: addModel(),
    places: placesModel(),
    sharded: shardedModel(),
    endless: countModel(),
    tiny: { inputs: { picture: { image } }, raw: echoModel(4, 4) },
    // Large enough for webgpu to run it on the GPU.
    small: { inputs: { picture: { image } }, raw: echoModel(24, 24) },
    selfie: {
      model: realModel('selfie'),
      inputs: { 'input_1:0': { name: 'photo', image: { scale: 1 / 255 } } },
      outputs: { 'activation_10:0': { name: 'mask' } },
    },
  }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sites: Site[] = [];

async function serve(rules?: SiteOptions): Promise<Site> {
  const site = await servePacked(folder, rules);
  site.put('/', '<!doctype html><title>A page</title><script type="module" src="/in-page.js"></script>');
  site.put('/next.html', '<!doctype html><title>Another page</title>');
  site.put('/in-page.js', `${IN_PAGE}${STORE_IN_PAGE}`);
  site.put('/app-worker.js', APP_WORKER);
  const built = readdirSync('dist', { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^(index|page-.*|worker\/.*)\.js$|\.wasm$/.test(name),
  );
  const files = ['/', '/in-page.js', '/models/add/model.js', ...built.map((name) => `/dist/${name}`)];
  const [, code = ''] = readFileSync('docs/offline.md', 'utf8').match(/^```js\n\/\/ sw\.js\n([\s\S]*?)^```/m) ?? [];
  site.put('/sw.js', `const VERSION = '1';\nconst FILES = ${JSON.stringify(files)};\n${code}`);
  sites.push(site);
  return site;
}

const weightsAsked = ({ requests }: Site) => requests.map(({ path }) => path).filter((path) => /\/models\/.*\.(bin|json|wasm)$/.test(path));

/** In a page: one load and one answer, the right one being [2, 3, 4, 5]. */
const visit = (page: EnginePage) =>
  page.evaluate(async () => {
    const model = await load('add', { backend: 'wasm' });
    const { outputs } = await model.predict({ x: Float32Array.of(1, 1, 1, 1) });
    const { notes, loadTiming } = model;
    model.dispose();
    return { y: [...(outputs['sumY']?.data ?? [])], cache: loadTiming.cache, notes: notes.map(({ code }) => code) };
  });

/** Resolves when the cache says that it holds the model. */
const recorded = (page: EnginePage) =>
  page.evaluate(async () => {
    const { isOfflineReady } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
    while (!(await isOfflineReady(await source('add')))) await new Promise((resolve) => setTimeout(resolve, 10));
  });

describe.each(ENGINE_NAMES)('%s', (name) => {
  describe.runIf(hasEngine(name))('on this machine', () => suite(name));
});

function suite(name: EngineName): void {
  const profile = mkdtempSync(join(tmpdir(), 'pannier-profile-'));
  const can: { -readonly [key in keyof Capabilities]?: Capabilities[key] } = { engine: name };
  let browser: EngineBrowser;
  let site: Site;
  let page: EnginePage;

  beforeAll(async () => {
    browser = await launchEngine(name, keepsProfile(name) ? { profile } : {});
    can.version = browser.version;
    site = await serve();
    page = await browser.openPage(`${site.url}/`);
  });
  afterAll(async () => {
    await browser?.close();
    for (const each of sites.splice(0)) await each.close();
    rmSync(profile, { recursive: true, force: true });
  });

  test('an automatic load answers at once, and again when the trial is over', async () => {
    const first = await page.evaluate(async () => {
      const model = await load('add');
      // The trial waits for a quiet moment; other tests go on.
      Object.assign(globalThis, { model, trial: model.finishedSelection() });
      const { outputs } = await model.predict({ x: Float32Array.of(1, 1, 1, 1) });
      return { y: [...(outputs['sumY']?.data ?? [])], backend: model.backend, notes: model.notes };
    });
    expect(first).toEqual({ y: [2, 3, 4, 5], backend: 'wasm', notes: [] });
  });

  test.each(['webgpu', 'wasm', 'cpu'] as const)('%s, in a worker and on the page', async (backend) => {
    // A page of its own: on one page, a backend belongs to one thread's models.
    const own = await browser.openPage(`${site.url}/`);
    const hasGpu = await own.evaluate(() => 'gpu' in navigator);
    const answers: string[] = [];
    for (const thread of ['worker', 'page'] as const) {
      answers.push(
        await own.evaluate(
          async (backend, thread) => {
            const data = Uint8ClampedArray.from({ length: 24 * 24 * 4 }, (_, index) => (index % 4 === 3 ? 255 : (index * 7) & 255));
            const wanted = data.filter((_, index) => index % 4 !== 3);
            try {
              const model = await load('small', { backend: [backend], thread });
              const { outputs, timing } = await model.predict({ picture: { data, width: 24, height: 24 } });
              const got = outputs['seen']?.data as Float32Array;
              const right = got.length === wanted.length && wanted.every((value, index) => Math.abs(value - (got[index] as number)) < 1e-3);
              const answer = `${right ? 'right' : 'wrong'} from ${timing.backend} in the ${model.thread}, ${model.notes.length} notes`;
              model.dispose();
              return answer;
            } catch (error) {
              const { code, message } = error as { code: string; message: string };
              return `${code}: ${message}`;
            }
          },
          backend,
          thread,
        ),
      );
    }
    if (backend !== 'webgpu' || hasGpu) {
      expect(answers).toEqual([`right from ${backend} in the worker, 0 notes`, `right from ${backend} in the page, 0 notes`]);
    } else {
      const missing = expect.stringMatching(/^backend-unavailable: .*navigator\.gpu is missing/);
      expect(answers).toEqual([missing, missing]);
    }
    if (backend === 'webgpu') can.webgpu = hasGpu;
    await own.close();
  });

  test.each(['relaxed', 'simd'] as const)('a compiled model, in its %s build where the browser has it', async (build) => {
    const own = await browser.openPage(`${site.url}/`);
    site.requests.length = 0;
    const { hasRelaxed, names, ...answer } = await own.evaluate(async (build) => {
      const { validate } = WebAssembly;
      // `f32x4.relaxed_madd`, by which the builds are told apart.
      const isRelaxed = (bytes: BufferSource) => new Uint8Array(bytes as ArrayBuffer).join().includes(',253,133,2,');
      let hasRelaxed = false;
      WebAssembly.validate = (bytes) => {
        const isValid = validate(bytes);
        if (!isRelaxed(bytes)) return isValid;
        hasRelaxed = isValid;
        return isValid && build === 'relaxed';
      };
      const { simd, relaxed } = ((await source('selfie')) as Manifest).targets.compiled!;
      const model = await load('selfie', { backend: 'wasm', cache: null });
      const photo = { data: new Uint8ClampedArray(256 * 256 * 4).fill(128), width: 256, height: 256 };
      const { outputs, backend } = await model.predict({ photo });
      const { thread, notes, selection } = model;
      const isMask = outputs['mask']!.data.every((value) => value >= 0 && value <= 1);
      model.dispose();
      const names = { simd: simd!.name, relaxed: relaxed!.name };
      return { hasRelaxed, names, backend, thread, notes, share: selection[0]!.goldenShareOff, isMask };
    }, build);
    expect(answer).toEqual({ backend: 'wasm', thread: 'worker', notes: [], share: expect.any(Number), isMask: true });
    if (name !== 'webkit') expect(hasRelaxed).toBe(true);
    const modules = weightsAsked(site).filter((path) => path.endsWith('.wasm'));
    expect(modules).toEqual([`/models/selfie/${names[hasRelaxed ? build : 'simd']}`]);
    expect(names.simd).not.toBe(names.relaxed);
    await own.close();
  });

  test.each(['worker', 'page'] as const)('a compiled model a part of which JavaScript computes, in the %s', async (thread) => {
    const own = await browser.openPage(`${site.url}/`);
    const answer = await own.evaluate(async (thread) => {
      const model = await load('places', { backend: 'wasm', thread });
      const { outputs, backend } = await model.predict({ x: Float32Array.of(0, 1, 0, 1) });
      const { shape, data } = outputs['places']!;
      const seen = { backend, thread: model.thread, notes: model.notes, shape, places: [...data] };
      model.dispose();
      return seen;
    }, thread);
    expect(answer).toEqual({ backend: 'wasm', thread, notes: [], shape: [2, 2], places: [0, 1, 0, 3] });
    await own.close();
  });

  test('an app’s own worker loads the model there', async () => {
    const answer = await page.evaluate(async () => {
      const { trustedScriptUrl } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
      const worker = new Worker(trustedScriptUrl('/app-worker.js'), { type: 'module' });
      const told = await new Promise<unknown>((resolve, reject) => {
        worker.addEventListener('message', ({ data }) => resolve(data));
        worker.addEventListener('error', reject);
      });
      worker.terminate();
      return told;
    });
    expect(answer).toEqual({ thread: 'worker', backend: 'wasm', y: 4, track: 'input' });
  });

  test('every kind of picture gives the same values', async () => {
    const { turned, ...straight } = await page.evaluate(async () => {
      const model = await load('tiny', { backend: 'wasm' });
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 4, height: 4 });
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      context.fillStyle = 'rgb(200, 0, 0)';
      context.fillRect(0, 0, 4, 2);
      context.fillStyle = 'rgb(0, 0, 100)';
      context.fillRect(0, 2, 4, 2);
      const offscreen = new OffscreenCanvas(4, 4);
      offscreen.getContext('2d')?.drawImage(canvas, 0, 0);
      const frame = new VideoFrame(canvas, { timestamp: 0 });
      const crop = { x: 0, y: 0, width: 4, height: 4, rotation: Math.PI };
      const look = async (picture: unknown) => [...((await model.predict({ picture } as never)).outputs['seen']?.data ?? [])];
      const values = {
        canvas: await look(canvas),
        offscreen: await look(offscreen),
        imageData: await look(context.getImageData(0, 0, 4, 4)),
        bitmap: await look(await createImageBitmap(canvas)),
        frame: await look(frame),
        blob: await look(await new Promise((resolve) => canvas.toBlob(resolve))),
        turned: await look({ source: canvas, crop }),
      };
      frame.close();
      model.dispose();
      return values;
    });
    const [red, blue] = [Array(8).fill([200, 0, 0]), Array(8).fill([0, 0, 100])];
    for (const [kind, values] of Object.entries(straight)) expect(values, kind).toEqual([red, blue].flat(2));
    expect(turned).toEqual([blue, red].flat(2));
  });

  test('a photograph gives the values that Node computes, and a real model its known answer', async () => {
    const { data, width, height } = PNG.sync.read(readFileSync('test/fixtures/chelsea.png'));
    const pixels = { data: new Uint8Array(data), width, height };
    const spec: ImageSpec = {
      width: 24,
      height: 24,
      fit: 'stretch',
      filter: 'area',
      channels: 'rgb',
      layout: 'nhwc',
      scale: [1, 1, 1],
      offset: [0, 0, 0],
    };
    const answer = await page.evaluate(async () => {
      const photo = new Image();
      photo.src = '/fixtures/chelsea.png';
      const small = await load('small', { backend: 'wasm' });
      const selfie = await load('selfie', { backend: 'wasm' });
      const values = [...((await small.predict({ picture: photo })).outputs['seen']?.data ?? [])];
      const { outputs } = await selfie.predict({ photo: await (await fetch('/fixtures/astronaut.png')).blob() });
      const mask = [...(outputs['mask']?.data ?? [])];
      small.dispose();
      selfie.dispose();
      return { values, share: mask.filter((value) => value > 0.5).length / mask.length };
    });
    expect(answer.values).toEqual([...toTensor(pixels, spec, 'float32', mapToSource(spec, pixels, undefined))]);
    expect(answer.share).toBeCloseTo(0.545, 3);
  });

  test('the frames of a track are answered', async () => {
    const reds = await page.evaluate(async () => {
      const model = await load('tiny', { backend: 'wasm' });
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 64, height: 64 });
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      context.fillStyle = 'rgb(200, 0, 0)';
      const drawing = setInterval(() => context.fillRect(0, 0, 64, 64), 20);
      const [track] = canvas.captureStream(30).getVideoTracks() as [MediaStreamTrack];
      const reds: unknown[] = [];
      for await (const { outputs } of model.predictEach(track)) {
        // The first frames of a canvas may be from before it was drawn on.
        if ((outputs['seen']?.data[0] as number) > 0) reds.push(outputs['seen']?.data[0]);
        if (reds.length === 3) break;
      }
      clearInterval(drawing);
      model.dispose();
      return reds as number[];
    });
    // A video's colours are coded more coarsely.
    for (const red of reds) expect(Math.abs(red - 200)).toBeLessThan(8);
  });

  test('a second visit asks for no file of the model', async () => {
    const fresh = await serve();
    const own = await browser.openPage(`${fresh.url}/`);
    expect(await visit(own)).toEqual({ y: [2, 3, 4, 5], cache: 'miss', notes: [] });
    await recorded(own);
    expect(weightsAsked(fresh)).toHaveLength(3);
    fresh.requests.length = 0;
    await own.reload();
    expect(await visit(own)).toEqual({ y: [2, 3, 4, 5], cache: 'hit', notes: [] });
    expect(weightsAsked(fresh)).toEqual([]);
    can.persist = await own.evaluate(() => 'storage' in navigator && 'persist' in navigator.storage);
    await own.close();
  });

  test.each([
    ['open', 'unavailable'],
    ['get', 'unavailable'],
    // Nothing waits for a write, so the note comes later.
    ['put', 'miss'],
  ] as const)('S6: Safari loses the connection to its database at %s: every load answers all the same', async (call, cache) => {
    const own = await browser.openPage(`${(await serve()).url}/`);
    await own.evaluate((call) => {
      const failing = () => {
        const error = new DOMException('Connection to Indexed Database server lost. Refresh the page to try again', 'UnknownError');
        const request = Object.assign(new EventTarget(), { error, onerror: () => undefined });
        setTimeout(() => request.onerror());
        return request as never;
      };
      const { open } = IDBFactory.prototype;
      Object.assign(globalThis, { opens: 0 });
      IDBFactory.prototype.open = function (...given) {
        Object.assign(globalThis, { opens: Number(Reflect.get(globalThis, 'opens')) + 1 });
        return call === 'open' ? failing() : open.apply(this, given);
      };
      if (call !== 'open') Object.assign(IDBObjectStore.prototype, { [call]: failing });
      if (call === 'get') IDBObjectStore.prototype.getKey = failing;
    }, call);
    for (let load = 0; load < 3; load++) expect(await visit(own)).toMatchObject({ y: [2, 3, 4, 5], cache });
    // A dead connection is not asked again and again: three opens a minute at most.
    expect(await own.evaluate(() => Number(Reflect.get(globalThis, 'opens')))).toBeLessThanOrEqual(3);
    await own.close();
  });

  storeSuite(() => browser, serve);

  const FAULTS: readonly (readonly [string, Fault])[] = [
    ['http-status', { status: 404 }],
    ['integrity', { edit: (body) => body.fill(7, 1, 2) }],
    ['offline', { reset: true }],
  ];
  test.each(FAULTS)('%s where the server answers %o', async (code, fault) => {
    const mend = site.fault(/\/models\/add\/weights-.*\.bin$/, fault);
    const failed = await page.evaluate(() =>
      load('add', { backend: 'cpu', cache: null }).then(
        () => 'none',
        ({ code }) => code as string,
      ),
    );
    expect(failed).toBe(code);
    mend();
  });

  test('a load is aborted, with the reason', async () => {
    const mend = site.fault(/\/models\/add\/weights-.*\.bin$/, { stall: 'body' });
    const reason = await page.evaluate(async () => {
      const stop = new AbortController();
      const loading = load('add', {
        backend: 'cpu',
        cache: null,
        signal: stop.signal,
        onProgress: () => stop.abort(new Error('changed my mind')),
      });
      return loading.then(String, ({ message }) => message as string);
    });
    expect(reason).toBe('changed my mind');
    mend();
  });

  test('calls are aborted, end at their deadline, and with their model', async () => {
    // In Firefox a page behind another one has slow timers.
    const own = await browser.openPage(`${site.url}/`);
    const ends = await own.evaluate(async () => {
      const model = await load('endless', { backend: 'wasm', deadlineMs: 200 });
      const from = (start: number) => ({ from: Int32Array.of(start) });
      const ended = ({ code, message }: { code?: string; message: string }) => code ?? message;
      const stop = new AbortController();
      const endless = model.predict(from(-2e9)).then(String, ended);
      const aborted = model.predict(from(0), { signal: stop.signal }).then(String, ended);
      stop.abort(new Error('no more'));
      const wrong = model.predict({ from: 'x' } as never).then(String, ended);
      const before = [await aborted, await wrong, await endless];
      const reached = Object.values((await model.predict(from(0))).outputs)[0]?.data[0];
      const last = model.predict(from(-2e9)).then(String, ended);
      model.dispose();
      model.dispose();
      return [...before, reached, await last, await model.predict(from(0)).then(String, ended)];
    });
    expect(ends).toEqual(['no more', 'input', 'timeout', 3, 'disposed', 'disposed']);
    await own.close();
  });

  test('an isolated page loads and predicts as well', async () => {
    const own = await browser.openPage(`${(await serve({ isolated: true })).url}/`);
    expect(await own.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await visit(own)).toEqual({ y: [2, 3, 4, 5], cache: 'miss', notes: [] });
    await own.close();
  });

  test('a page with an open model that comes back predicts', async () => {
    // A page that may not be stored is not kept for coming back either.
    const other = await serve({ headers: { 'Cache-Control': 'no-cache' } });
    const own = await browser.openPage(`${other.url}/`);
    await own.evaluate(async () => {
      addEventListener('pageshow', ({ persisted }) => Object.assign(globalThis, { persisted }));
      Object.assign(globalThis, { model: await load('add', { backend: 'wasm' }) });
    });
    await own.open(`${other.url}/next.html`);
    await own.back();
    const restored = await own.evaluate(() => Reflect.get(globalThis, 'persisted') === true);
    const y = await own.evaluate(async () => {
      const model = 'model' in globalThis ? (globalThis.model as Model<AnyInputs, AnyOutputs>) : await load('add', { backend: 'wasm' });
      return [...((await model.predict({ x: new Float32Array(4) })).outputs['sumY']?.data ?? [])];
    });
    expect(y).toEqual([1, 2, 3, 4]);
    can.comesBack = restored;
    await own.close();
  });

  test('the trial has chosen one backend, and the model still answers', async () => {
    const { selection, y } = await page.evaluate(async () => {
      const { model, trial } = globalThis as unknown as {
        model: Model<AnyInputs, AnyOutputs>;
        trial: ReturnType<Model['finishedSelection']>;
      };
      const selection = await trial;
      const { outputs } = await model.predict({ x: Float32Array.of(1, 1, 1, 1) });
      return { selection, y: [...(outputs['sumY']?.data ?? [])] };
    });
    expect(y).toEqual([2, 3, 4, 5]);
    expect(selection.filter(({ state }) => state === 'chosen')).toHaveLength(1);
    expect(selection.filter(({ state }) => state === 'untried').map(({ backend }) => backend)).toEqual(['cpu']);
    const refused = selection.filter(({ state }) => state === 'refused');
    // A GPU in software is not raced.
    if (can.webgpu === true) expect(refused.every(({ reason }) => reason?.includes('isFallbackAdapter'))).toBe(true);
    else expect(refused.map(({ backend }) => backend)).toEqual(['webgpu']);
  });

  test('once visited, an app starts without a server', async () => {
    const own = await serve();
    const offline = await browser.openPage(`${own.url}/`);
    await visit(offline);
    await recorded(offline);
    await offline.evaluate(async () => {
      const { trustedScriptUrl } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
      const inCharge = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
      await navigator.serviceWorker.register(trustedScriptUrl('/sw.js'));
      await inCharge;
    });
    expect(own.violations).toEqual([]);
    await own.close();
    await offline.reload();
    expect(await visit(offline)).toEqual({ y: [2, 3, 4, 5], cache: 'hit', notes: [] });
    if (!keepsProfile(name)) return;
    expect(complaintsOf(page)).toEqual([]);
    await browser.restart();
    const restarted = await browser.openPage(`${own.url}/`);
    expect(await visit(restarted)).toEqual({ y: [2, 3, 4, 5], cache: 'hit', notes: [] });
  });

  // The others are private windows as they are, but for Chromium's profile.
  if (name === 'firefox')
    longTest('in a private window the weights are kept for as long as it is open', async () => {
      const shy = await launchEngine(name, { privateWindow: true });
      const own = await shy.openPage(`${(await serve()).url}/`);
      expect(await visit(own)).toEqual({ y: [2, 3, 4, 5], cache: 'miss', notes: [] });
      await recorded(own);
      await own.reload();
      expect(await visit(own)).toEqual({ y: [2, 3, 4, 5], cache: 'hit', notes: [] });
      await shy.close();
    });

  // Chromium's is in test/browser/storage.test.ts; WebKit cannot be told.
  if (name === 'firefox')
    longTest('S1: over quota, the model answers from memory, and what is open stays in the cache', async () => {
      // The small model fits, the large one does not.
      const full = await launchEngine(name, { storageLimitKiB: 2_048 });
      const site = await serve();
      const own = await full.openPage(`${site.url}/`);
      await own.evaluate(async () => void Object.assign(globalThis, { open: await load('add', { backend: 'wasm' }) }));
      await recorded(own);
      const seen = await own.evaluate(async () => {
        begin();
        const { answer } = await outcome();
        while (loaded.notes.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        return { answer, notes: loaded.notes.map(({ code }) => code) };
      });
      expect(seen).toEqual({ answer: 1_020, notes: ['cache-full'] });
      await own.reload();
      site.requests.length = 0;
      expect(await visit(own)).toEqual({ y: [2, 3, 4, 5], cache: 'hit', notes: [] });
      expect(weightsAsked(site)).toEqual([]);
      await full.close();
    });

  test('nothing of all that broke the policy', () => {
    expect(sites.flatMap(({ violations }) => violations)).toEqual([]);
    // Where its profile cannot be kept, its row tells of more than was seen.
    if (keepsProfile(name)) seen.push(can as Capabilities);
  });
}

const complaintsOf = (page: EnginePage) => (page.complaints() ?? []).filter((text) => text.startsWith('policy: '));

test('the README says what was seen here', () => expectInReadme(seen));

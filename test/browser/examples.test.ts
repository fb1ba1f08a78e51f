/** Every example as a visitor meets it: built by Vite or not at all, under the strict policy, looked at for its answer. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { FOLDERS, serveExamples } from '../../examples/serve.mjs';
import { expectInert, PAYLOADS, watchDialogs } from '../fixtures/payloads.js';
import { complaintsOf, launch, openPage } from '../harness/browser.js';
import { type Fault, type Site, STRICT_CSP, serve } from '../harness/site.js';
import { longTest } from '../tier.js';

/** What the stock cpu backend finds in the photograph, in its pixels; test/fixtures/README.md has more. */
const NOSE = [222, 122] as const;
const LEFT_SHOULDER = [319, 275] as const;
const WITHIN = 12;

let browser: Browser;
let site: Site;

beforeAll(async () => {
  for (const folder of ['examples', 'examples/offline']) {
    const { status, stderr } = node('node_modules/vite/bin/vite.js', 'build', folder, '--logLevel', 'error');
    expect(status, stderr).toBe(0);
  }
  browser = await launch({ webgpu: true, args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
  site = await serve(FOLDERS);
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

const node = (...args: string[]) => spawnSync(process.execPath, args, { encoding: 'utf8' });

/** Waits until the cache has all of the models that the page has loaded: they are written behind the first answer. */
const kept = (page: Page, models = 1) =>
  page.waitForFunction(async (count) => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await settled(indexedDB.open('pannier-1'));
    const models = IDBKeyRange.bound('model:', 'model:~');
    const records = await settled<ArrayBuffer[]>(database.transaction('records').objectStore('records').getAll(models));
    database.close();
    return records.length === count && records.every((record) => JSON.parse(new TextDecoder().decode(record)).complete === true);
  }, models);

const QUIET = { violations: [], consoleErrors: [], pageErrors: [] };

test('the list leads to every example', async () => {
  const page = await openPage(browser, `${site.url}/`);
  const links = await page.$$eval('main a', (all) => all.map((link) => (link as HTMLAnchorElement).href));
  expect(links.map((link) => new URL(link).pathname)).toEqual([
    '/pose/index.html',
    '/offline/index.html',
    '/backends/index.html',
    '/faces/index.html',
    '/ocr/index.html',
    '/hello/index.html',
    '/examples/no-bundler/index.html',
  ]);
  for (const link of links) expect((await fetch(link)).status, link).toBe(200);
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

test.each(['/hello/', '/examples/no-bundler/'])('%s tells where her nose is', async (path) => {
  const page = await openPage(browser, `${site.url}${path}index.html`);
  await page.waitForFunction(() => /nose/.test(document.querySelector('output')?.value ?? ''));
  const [, x, y] = (await page.textContent('output'))?.match(/^Her nose is at (\d+), (\d+)\. That took \d+ ms on wasm\.$/) ?? [];
  expectNear([Number(x), Number(y)], NOSE);
  expect(await page.textContent('pre')).toContain('await model.predict({ image: photo })');
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

test('pose finds her on the photograph, keeps the model, and changes the backend', async () => {
  const page = await openPage(browser, `${site.url}/pose/index.html`);
  await answered(page);
  await expectHer(page);
  expect(await page.textContent('#where')).toBe('on wasm, in a worker');
  expect(await page.textContent('#candidates [data-state=chosen] strong')).toBe('wasm');
  expect(await page.textContent('[data-fact=cache]')).toBe('miss, now kept');
  await kept(page);
  await page.reload();
  await answered(page);
  await expectHer(page);
  expect(await page.textContent('[data-fact=cache]')).toBe('hit');

  await page.click('#again');
  await page.waitForFunction(() => document.querySelector('#count')?.textContent === '21');
  // From 100 ms on, which a slow machine takes, the page rounds to whole ones: the sum and the total differ by half of one each, and tenths.
  expect(Math.abs((await phasesOf(page)) - Number(await page.textContent('#total')))).toBeLessThan(1.5);
  expect(await page.textContent('#rate')).toMatch(/^\d/);

  await page.check('input[value=cpu]');
  await page.waitForFunction(() => document.querySelector('#where')?.textContent === 'on cpu, in a worker');
  await answered(page);
  await expectHer(page);
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

// In software, compiling the shaders alone takes seconds.
longTest('pose finds her on webgpu', { timeout: 120_000 }, async () => {
  const page = await openPage(browser, `${site.url}/pose/index.html?backend=webgpu`);
  page.setDefaultTimeout(110_000);
  await answered(page);
  await expectHer(page);
  expect(await page.textContent('#where')).toBe('on webgpu, in a worker');
  expect(await page.textContent('.legend [data-phase=read] dd')).toBe('in compute');
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

test('pose follows her over a film', async () => {
  const page = await openPage(browser, 'about:blank');
  // The page is watched from its first frame on: on a busy machine the film may be over before it counts as loaded.
  await page.addInitScript(() => {
    const seen = new Set<number>();
    Object.assign(globalThis, { seen });
    requestAnimationFrame(function look() {
      seen.add(Number(document.querySelector('#points tr:first-child td')?.textContent));
      requestAnimationFrame(look);
    });
  });
  await page.goto(`${site.url}/pose/index.html?backend=wasm&video=/test/fixtures/astronaut.webm`);
  await answered(page);
  const seen = await page.evaluate(() => [...(globalThis as unknown as { seen: Set<number> }).seen].filter(Number.isFinite));
  // The film pans 40 px to both sides, then stands where the photograph does.
  expect(Math.max(...seen) - Math.min(...seen)).toBeGreaterThan(40);
  await expectHer(page);
  expect(await page.textContent('#caption')).toBe('/test/fixtures/astronaut.webm');
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

test('pose takes your picture and your camera, and says why not your film', async () => {
  const page = await openPage(browser, `${site.url}/pose/index.html?backend=wasm`);
  await answered(page);
  await page.setInputFiles('#file', 'test/fixtures/chelsea.png');
  await page.waitForFunction(() => document.querySelector('#answer')?.textContent?.startsWith('Nobody here'));
  expect(await page.textContent('#caption')).toBe('chelsea.png');

  await page.setInputFiles('#file', 'test/fixtures/astronaut.webm');
  await page.waitForSelector('#error:not([hidden])');
  expect(await page.textContent('#error')).toContain('blob:');

  await page.check('input[value=camera]');
  const frames = Number(await page.textContent('#count'));
  await page.waitForFunction((before) => Number(document.querySelector('#count')?.textContent) > before + 5, frames);
  expect(await page.isHidden('#error')).toBe(true);
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

/** A worker without WebAssembly. */
const without = (body: Buffer) => Buffer.concat([Buffer.from('delete globalThis.WebAssembly;\n'), body]);

test('pose says what stands in its way', async () => {
  const stands = async (pattern: RegExp, fault: Fault) => {
    const mend = site.fault(pattern, fault);
    onTestFinished(mend);
    // A page of its own has an empty cache: a load that fails may have kept the files that came before it failed.
    const page = await openPage(browser, `${site.url}/pose/index.html?backend=wasm`);
    await page.waitForSelector('#error:not([hidden])');
    mend();
    return page;
  };
  const unavailable = await stands(/pannier-compiled-.*\.js$/, { edit: without });
  expect(await unavailable.textContent('#error strong')).toBe('backend-unavailable');
  expect(await unavailable.textContent('#candidates [data-state=refused]')).toMatch(/^wasm.*WebAssembly does not exist here/);
  await unavailable.close();
  const unanswered = await stands(/\/compiled-[\w-]+\.wasm$/, { status: 503 });
  expect(await unanswered.textContent('#error strong')).toBe('http-status');
  expect(await unanswered.textContent('#error span')).toMatch(/compiled-.* answered 503/);
  await unanswered.close();
});

/** The cells of the page's rows of faces, once it has looked at all of a picture. */
async function readFaces(page: Page): Promise<readonly (readonly (string | null)[])[]> {
  await page.waitForFunction(() => /(found on your device|No face here)/.test(document.querySelector('#answer')?.textContent ?? ''));
  return page.$$eval('#faces tr', (rows) => rows.map((row) => [...row.querySelectorAll('td')].map(({ textContent }) => textContent)));
}

const numbersIn = (text: string | null | undefined): number[] => (text?.match(/\d+/g) ?? []).map(Number);

test('faces lays points over her face, keeps both models, and finds nobody in a cat', async () => {
  const page = await openPage(browser, `${site.url}/faces/index.html?backend=wasm`);
  const expectFace = async () => {
    const [[sure, width, nose] = [], ...others] = await readFaces(page);
    expect(others).toEqual([]);
    expectNear(numbersIn(nose) as [number, number], NOSE);
    expect(numbersIn(sure)[0]).toBeGreaterThan(80);
    expect(numbersIn(width)[0]).toBeGreaterThan(100);
  };
  await expectFace();
  expect(await page.textContent('#answer')).toBe('One face with its 468 points, found on your device.');
  expect(await page.textContent('#where')).toBe('on wasm, in a worker');
  const calls = (step: string) => page.textContent(`#times tr[data-step=${step}] td`);
  expect([await calls('find'), await calls('mesh')]).toEqual(['1', '1']);
  await kept(page, 2);
  await page.reload();
  await expectFace();
  expect(await page.textContent('[data-fact=bytes]')).toMatch(/^none; \d+\.\d MB kept$/);

  await page.setInputFiles('#file', 'test/fixtures/chelsea.png');
  await page.waitForFunction(() => document.querySelector('#caption')?.textContent === 'chelsea.png');
  expect(await readFaces(page)).toEqual([]);
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

test('faces says what stands in its way, and looks through the camera', async () => {
  const page = await openPage(browser, 'about:blank');
  const end = site.fault(/\.wasm$/, { status: 503 });
  await page.goto(`${site.url}/faces/index.html?backend=wasm`);
  await page.waitForSelector('#error:not([hidden])');
  expect(await page.textContent('#error strong')).toBe('http-status');
  end();
  await page.reload();
  expect(await readFaces(page)).toHaveLength(1);
  await page.setInputFiles('#file', 'test/fixtures/astronaut.webm');
  await page.waitForSelector('#error:not([hidden])');
  expect(await page.textContent('#error')).toContain('astronaut.webm cannot be read as a picture here');
  await page.check('input[value=camera]');
  await page.waitForFunction(() => document.querySelector('#caption')?.textContent?.startsWith('Your camera'));
  // The camera of the test shows a clock.
  expect(await readFaces(page)).toEqual([]);
  await page.check('input[value=photograph]');
  await page.waitForFunction(() => document.querySelector('#faces')?.childElementCount === 1);
  await page.close();
});

/** The text on the receipt that the page draws. */
const RECEIPT = ['CAFE PANNIER', '12 Market Street', 'Espresso 2.80', 'Apple pie 4.50', 'Orange juice 3.90', 'Total 11.20', 'Thank you!'];

/** The rows of text that the page shows, once it has read all of a picture. */
async function readText(page: Page): Promise<readonly string[]> {
  await page.waitForFunction(() => /^(Read on your device|No text here)/.test(document.querySelector('#answer')?.textContent ?? ''));
  return page.$$eval('#lines li', (rows) => rows.map((row) => [...row.querySelectorAll('b')].map((text) => text.textContent).join(' ')));
}

test('text reads the receipt, upside down too, and says how long each step took', { timeout: 120_000 }, async () => {
  const page = await openPage(browser, `${site.url}/ocr/index.html?backend=wasm`);
  expect(await readText(page)).toEqual(RECEIPT);
  expect(await page.textContent('#where')).toBe('on wasm, in a worker');
  const calls = (step: string) => page.textContent(`#times tr[data-step=${step}] td`);
  expect([await calls('find'), await calls('turn'), await calls('read')]).toEqual(['1', '11', '11']);
  const totals = await page.$$eval('#times td:last-child', (cells) => cells.map((cell) => Number(cell.textContent)));
  // Each number is rounded to a tenth at least, from 100 ms on to a whole one.
  expect(Math.abs(totals.reduce((sum, ms) => sum + ms) - Number(await page.textContent('#total')))).toBeLessThanOrEqual(2);

  await page.check('input[value=upside-down]');
  expect(await readText(page)).toEqual(RECEIPT);
  await kept(page, 3);
  site.requests.length = 0;
  await page.reload();
  expect(await readText(page)).toEqual(RECEIPT);
  expect(await page.textContent('[data-fact=bytes]')).toMatch(/^none; \d+\.\d MB kept$/);
  expect(site.requests.filter(({ path }) => /\.bin$/.test(path))).toEqual([]);

  await page.setInputFiles('#file', 'test/fixtures/chelsea.png');
  expect(await readText(page)).toEqual([]);
  expect(await page.textContent('#caption')).toBe('chelsea.png');
  expect(await page.isDisabled('#copy')).toBe(true);
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

test('text says what stands in its way, takes a picture that is dropped, and reads the camera', { timeout: 120_000 }, async () => {
  const end = site.fault(/pannier-compiled-.*\.js$/, { edit: without });
  onTestFinished(end);
  const refused = await openPage(browser, `${site.url}/ocr/index.html?backend=wasm`);
  await refused.waitForSelector('#error:not([hidden])');
  expect(await refused.textContent('#error strong')).toBe('backend-unavailable');
  expect(await refused.isHidden('#progress')).toBe(true);
  await refused.close();
  end();
  const page = await openPage(browser, `${site.url}/ocr/index.html?backend=wasm`);
  expect(await readText(page)).toEqual(RECEIPT);

  await page.setInputFiles('#file', 'test/fixtures/astronaut.webm');
  await page.waitForSelector('#error:not([hidden])');
  expect(await page.textContent('#error')).toContain('astronaut.webm cannot be read as a picture here');
  await page.evaluate(async () => {
    const drawn = await new Promise<Blob | null>((done) => (document.querySelector('#stage') as HTMLCanvasElement).toBlob(done));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([drawn as Blob], 'dropped.png'));
    document.querySelector('#stage')?.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.waitForFunction(() => document.querySelector('#caption')?.textContent === 'dropped.png');
  expect(await readText(page)).toHaveLength(RECEIPT.length);
  expect(await page.isHidden('#error')).toBe(true);

  await page.check('input[value=camera]');
  await page.waitForFunction(() => document.querySelector('#caption')?.textContent?.startsWith('Your camera'));
  // The camera of the test shows a clock.
  await page.waitForFunction(() => /\d/.test(document.querySelector('#lines')?.textContent ?? ''));
  await page.check('input[value=receipt]');
  expect(await readText(page)).toEqual(RECEIPT);
  await page.close();
});

test('backends answers at once and says what comes', async () => {
  const page = await openPage(browser, `${site.url}/backends/index.html`);
  await page.waitForFunction(() => document.querySelector('#racers')?.childElementCount === 3);
  expect(await page.textContent('#racers [data-state=chosen] h3')).toBe('WebAssembly');
  expect(await page.textContent('#answer')).toMatch(/^WebAssembly (was ready first|is the fastest|runs the model)/);
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

// In software, compiling the shaders alone takes seconds.
longTest('backends races, remembers, and shows a killed GPU recover', { timeout: 240_000 }, async () => {
  const page = await openPage(browser, `${site.url}/backends/index.html`);
  page.setDefaultTimeout(110_000);
  const over = () => page.waitForFunction(() => (document.querySelector('#again') as HTMLButtonElement).disabled === false);
  await over();
  await page.reload();
  await over();
  expect(await page.textContent('#answer')).toBe('WebAssembly won on an earlier visit, so nothing is raced today.');

  await page.click('#go');
  // Once, or twice where it was started anew in time.
  for (const kills of [1, 2]) {
    await page.click('#kill:not(:disabled)');
    await page.waitForFunction((count) => document.querySelector('#log')?.textContent?.match(/after the kill/g)?.length === count, kills);
    if ((await page.textContent('#now')) === 'WebAssembly') break;
  }
  expect([await page.textContent('#wrong'), await page.textContent('#failed')]).toEqual(['0', '0']);
  expect(await page.textContent('#now')).toBe('WebAssembly');
  await page.click('#go');
  await page.close();
});

test('offline cuts her out, keeps what it needs, saves a picture, and brings a new version', async () => {
  const page = await openPage(browser, `${site.url}/offline/`);
  const ready = (wanted: 'yes' | 'no') => page.waitForSelector(`#badge[data-ready=${wanted}]`, { state: 'attached' });
  await cutOut(page);
  await ready('yes');
  expect(await page.textContent('#app-kept')).toMatch(/^All \d\d files are kept\.$/);
  const kept = await page.evaluate(async () => {
    const [name = ''] = await caches.keys();
    return (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname);
  });
  for (const wanted of [
    /-wasm-simd-.*\.wasm$/,
    /pannier-compiled-.*\.js$/,
    /pannier-host-parts-.*\.js$/,
    /pannier-wasm-.*\.js$/,
    /pannier-webgpu-.*\.js$/,
    /pannier-cpu-.*\.js$/,
    /offline\/index\.html$/,
  ])
    expect(kept.filter((path) => wanted.test(path))).toHaveLength(1);
  expect(kept.filter((path) => /\.bin$|(?<!pannier-)(graph|compiled|tfjs)-[0-9a-f]{16}/.test(path))).toEqual([]);
  expect(await rowsOf(page)).toMatchObject({
    'selfie 3.0.4': '0.4 MB',
    'when space is short': expect.stringMatching(/^(stays|may be deleted)$/),
  });
  const session = await page.context().newCDPSession(page);
  const { errors, manifest } = await session.send('Page.getAppManifest');
  expect({ errors, manifest }).toMatchObject({ errors: [], manifest: { name: 'Cutout', display: 'kStandalone' } });

  // Nothing is behind her but the colour that was asked for, or what is saved.
  await page.check('input[value=colour]');
  expect(await colourAt(page, 500, 10)).toEqual([143, 227, 205, 255]);
  await page.check('input[value=blur]');
  expect((await colourAt(page, 500, 10))[3]).toBe(255);
  await page.check('input[value=none]');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  const saved = PNG.sync.read(readFileSync(await download.path()));
  const opacityAt = ([x, y]: readonly [number, number]) => saved.data[4 * (y * saved.width + x) + 3];
  expect([download.suggestedFilename(), saved.width, saved.height, opacityAt([500, 10]), opacityAt(NOSE)]).toEqual([
    'cutout.png',
    512,
    512,
    0,
    255,
  ]);

  // The badge asks, and does not remember; the model comes back with its progress.
  await page.click('#clear');
  await ready('no');
  expect(await page.textContent('#model-kept')).toBe('Not kept, or not all of it.');
  await page.evaluate(() => {
    const shown: string[] = [];
    const bar = document.querySelector('#progress') as HTMLElement;
    new MutationObserver(() => shown.push(bar.textContent ?? '')).observe(bar, { childList: true, subtree: true });
    Object.assign(globalThis, { shown });
  });
  await page.click('#download');
  await cutOut(page);
  await ready('yes');
  const shown = await page.evaluate<string[]>('shown');
  expect(shown.slice(0, -1)).toContainEqual(expect.stringMatching(/^Loading the model: 0\.\d of 0\.4 MB$/));
  expect(shown.at(-1)).toBe('Starting the model');
  await page.evaluate(async () =>
    caches.open((await caches.keys())[0] ?? '').then(async (cache) => cache.delete((await cache.keys())[0] as Request)),
  );
  await page.reload();
  await page.waitForFunction(() => /^1 of \d\d files are missing\.$/.test(document.querySelector('#app-kept')?.textContent ?? ''));
  expect(await page.getAttribute('#badge', 'data-ready')).toBe('no');

  const dropped = readFileSync('test/fixtures/chelsea.png').toString('base64');
  const stays = await page.evaluate((text) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0))], 'chelsea.png'));
    const events = ['dragover', 'drop'].map((type) => new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    return events.map((event) => !document.querySelector('#stage')?.dispatchEvent(event));
  }, dropped);
  expect(stays).toEqual([true, true]);
  await page.waitForFunction(() => document.querySelector('#caption')?.textContent === 'chelsea.png');

  // A second build, of a page with another heading.
  site.requests.length = 0;
  const ends = [
    site.fault(/offline\/(index\.html)?$/, { edit: (file) => Buffer.from(`${file}`.replace('<h1>Cutout', '<h1>Cutout 2')) }),
    site.fault(/offline\/sw\.js$/, {
      edit: (file) => Buffer.from(`${file}`.replace(/"revision":"\w+","url":"index.html"/, '"revision":"2","url":"index.html"')),
    }),
  ];
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await page.click('#update button');
  await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Cutout 2');
  await cutOut(page);
  await ready('yes');
  expect(await page.isHidden('#update')).toBe(true);
  expect(site.requests.filter(({ path }) => /(?<!pannier-)(weights|graph|compiled|tfjs|golden)-[0-9a-f]{16}/.test(path))).toEqual([]);
  for (const end of ends) end();
  expect(await complaintsOf(page)).toEqual(QUIET);
  await page.close();
});

longTest('offline in two tabs at once: neither reloads, and what the other one has open stays', async () => {
  const context = await browser.newContext();
  const pages = [await openPage(context, 'about:blank'), await openPage(context, 'about:blank')] as const;
  let loads = 0;
  for (const page of pages) page.on('load', () => loads++);
  await Promise.all(pages.map((page) => page.goto(`${site.url}/offline/`)));
  for (const page of pages) {
    await cutOut(page);
    await page.waitForSelector('#badge[data-ready=yes]');
  }
  expect(loads).toBe(2);
  const [page, other] = pages;
  await page.click('#clear');
  await page.waitForFunction(() => document.querySelector('#model-kept')?.textContent?.startsWith('Not removed: another tab'));
  await cutOut(page);
  await other.close();
  await page.click('#clear');
  await page.waitForFunction(() => document.querySelector('#answer')?.textContent?.startsWith('The model is gone.'));
  await page.waitForSelector('#badge[data-ready=no]');
  expect(await page.textContent('#model-kept')).toBe('Not kept, or not all of it.');
  await context.close();
});

test('X1: no example makes anything but text of what a model says of itself', async () => {
  // Nothing but the pages themselves stands in the way of it.
  const open = await serve(FOLDERS, { csp: null });
  let edits = 0;
  const hostile = () => {
    edits++;
    return JSON.stringify(PAYLOADS.join(' '));
  };
  open.fault(/\.js$/, { edit: (body) => Buffer.from(body.toString().replace(/(["'`])Apache-2\.0\1/g, hostile)) });
  const page = await openPage(browser, 'about:blank');
  const dialogs = watchDialogs(page);
  for (const path of [
    '/pose/index.html?backend=wasm',
    '/faces/index.html?backend=wasm',
    '/ocr/index.html?backend=wasm',
    '/backends/index.html',
    '/hello/index.html',
  ]) {
    await page.goto(`${open.url}${path}`);
    if (/^\/(pose|faces|ocr)/.test(path)) {
      await (path.startsWith('/pose') ? answered(page) : path.startsWith('/faces') ? readFaces(page) : readText(page));
      for (const payload of PAYLOADS) expect(await page.textContent('[data-fact=model]')).toContain(payload);
    } else if (path.startsWith('/hello')) await page.waitForFunction(() => /nose/.test(document.querySelector('output')?.value ?? ''));
    else await page.waitForFunction(() => document.querySelector('#racers')?.childElementCount === 3);
    await expectInert(page, dialogs);
  }
  expect(edits).toBeGreaterThan(3);
  await page.close();
  await open.close();
});

test('no page is wider than a small phone', async () => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  for (const path of ['/', '/backends/', '/faces/', '/hello/', '/ocr/', '/offline/', '/pose/', '/examples/no-bundler/']) {
    const page = await openPage(context, `${site.url}${path}`);
    if (path === '/pose/') await answered(page);
    if (path === '/ocr/') await readText(page);
    if (path === '/faces/') await readFaces(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(360);
    await page.close();
  }
  await context.close();
});

test('npm start serves them under the same policy', async () => {
  const { url, close } = await serveExamples(0);
  for (const path of [
    '',
    'pose/',
    'examples/no-bundler/',
    'dist/index.js',
    'examples/pose/model/model.js',
    'test/fixtures/astronaut.webm',
  ]) {
    const response = await fetch(url + path);
    expect(`${response.status} ${response.headers.get('content-security-policy')}`, path).toBe(`200 ${STRICT_CSP}`);
  }
  for (const path of ['nowhere', 'package.json', '.git/config', 'dist/..%2fpackage.json']) {
    const response = await fetch(url + path);
    expect(`${response.status} ${response.headers.get('content-security-policy')}`, path).toBe(`404 ${STRICT_CSP}`);
  }
  close();
});

test("the examples type-check as an app's files would", () => {
  for (const folder of ['examples', 'examples/offline/service-worker'])
    expect(node('node_modules/typescript/bin/tsc', '-p', folder)).toMatchObject({ stdout: '', status: 0 });
});

/** Waits until the page has its answer to a still picture. */
async function answered(page: Page): Promise<void> {
  await page.waitForFunction(() => (document.querySelector('#again') as HTMLButtonElement).disabled === false);
}

/** Waits until the page of the example `offline` has cut somebody out. */
async function cutOut(page: Page): Promise<void> {
  await page.waitForSelector('#save:not(:disabled)');
  expect(await page.textContent('#answer')).toBe('Someone is here, on 54 % of the picture.');
}

const colourAt = (page: Page, ...at: [x: number, y: number]) =>
  page.evaluate(([x, y]) => [...(document.querySelector('canvas')?.getContext('2d')?.getImageData(x, y, 1, 1).data ?? [])], at);

/** The storage panel. */
async function rowsOf(page: Page): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(
    await page.$$eval('#storage > div', (all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? ''))),
  );
}

async function expectHer(page: Page): Promise<void> {
  const rows = await page.$$eval('#points tr', (all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
  const point = (name: string) =>
    rows
      .find(([head]) => head === name)
      ?.slice(1, 3)
      .map(Number) ?? [];
  expectNear(point('nose'), NOSE);
  expectNear(point('left shoulder'), LEFT_SHOULDER);
}

function expectNear([x = Number.NaN, y = Number.NaN]: readonly number[], [wantedX, wantedY]: readonly [number, number]): void {
  expect(Math.hypot(x - wantedX, y - wantedY), `${x}, ${y} for ${wantedX}, ${wantedY}`).toBeLessThan(WITHIN);
}

/** The sum of the legend, as the bar shows it. */
async function phasesOf(page: Page): Promise<number> {
  const parts = await page.$$eval('.legend dd', (all) => all.map((part) => Number(part.textContent)));
  return parts.reduce((sum, part) => sum + part, 0);
}

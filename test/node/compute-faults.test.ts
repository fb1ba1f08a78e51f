/** What goes wrong while a model computes, on TF.js's own backends: rows of the fault table, by their names. */
import { join } from 'node:path';
import { getKernel, type NamedTensorInfoMap, registerKernel, type TensorInfo, unregisterKernel } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WASM_BINARY } from '../../src/assets.js';
import { loadModel } from '../../src/index.js';
import type { Manifest } from '../../src/manifest.js';
import { pack } from '../../src/pack/index.js';
import { rejection } from '../fixtures/fakes.js';
import { addModel, scratch, writeModel } from '../fixtures/models.js';

const folder = scratch();
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

let add: Manifest;
beforeAll(async () => {
  const model = writeModel(addModel([1, 4], Float32Array.of(1, 2, 3, 4)), join(folder, 'add'));
  add = (await pack({ model, out: join(folder, 'add-packed'), name: 'add' })).manifest;
});

const x = (...values: number[]) => ({ x: Float32Array.from(values) });

describe('C14: a wasm trap', () => {
  const plain = () => getKernel('Add', 'wasm')!;
  let restore = () => {};
  afterEach(() => restore());

  /** From now on the kernel traps so many times where it is given 666. */
  function trap(times: number): void {
    const kernel = plain();
    const replace = (kernelFunc: typeof kernel.kernelFunc) => {
      unregisterKernel('Add', 'wasm');
      registerKernel({ ...kernel, kernelFunc });
    };
    restore = () => replace(kernel.kernelFunc);
    replace((given) => {
      const { backend } = given as unknown as { backend: { readSync(id: object): ArrayLike<number> } };
      const { a } = given.inputs as NamedTensorInfoMap & { a: TensorInfo };
      if (backend.readSync(a.dataId)[0] === 666 && times-- > 0) throw new WebAssembly.RuntimeError('unreachable');
      return kernel.kernelFunc(given);
    });
  }

  it('rebuilds the engine and runs the call once more', async () => {
    using model = await loadModel(add, { backend: 'wasm', assetUrl });
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
    using model = await loadModel(add, { backend: 'wasm', assetUrl });
    trap(2);
    expect(await rejection(model.predict(x(666, 0, 0, 0)))).toMatchObject({
      code: 'backend-rejected',
      message: expect.stringMatching(/wasm backend failed: its WebAssembly instance trapped: unreachable/),
    });
    expect([...(await model.predict(x(1, 1, 1, 1))).outputs['sumY']!.data]).toEqual([2, 3, 4, 5]);
    expect(model.notes.map(({ code }) => code)).toEqual(['reopened', 'reopened']);
  });
});

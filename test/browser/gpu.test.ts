/** The GPU goes away, a shader does not compile, an app lends its device: right answers or typed errors, never zeros. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { PlatformGPUDevice } from '../../src/base/platform.js';
import type { LoadOptions } from '../../src/index.js';
import { engineContract, graphContract, lossContract } from '../contract/engine.js';
import { addModel, constant, op, placeholder, type RawModel } from '../fixtures/models.js';
import { remoteEngine } from '../fixtures/remote.js';
import { remoteSteps } from '../fixtures/steps.js';
import { remoteMemory } from '../fixtures/tfjs-memory.js';
import { room } from './room.js';

// TF.js computes what is smaller than a thousand values on the processor.
const SIZE = 2_000;
const here = room(
  { add: addModel([1, SIZE], new Float32Array(SIZE).fill(2)), cap: capModel(), pick: pickModel() },
  { launch: { webgpu: true } },
);

/** In the page or the worker: `devices` that were made, and one that can be told to break as soon as it is given work. */
const WATCH = `
  globalThis.devices = [];
  globalThis.breakAtWork = false;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await requestDevice.apply(this, given);
    devices.push(device);
    return device;
  };
  const { submit } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (...given) {
    submit.apply(this, given);
    if (breakAtWork) devices.at(-1).destroy();
    breakAtWork = false;
  };
`;

/** A worker that is watched, and obeys what it hears. */
const WORKER = `${WATCH}
  const heard = new BroadcastChannel('break');
  heard.onmessage = async ({ data }) => {
    if (data === 'at work') breakAtWork = true;
    else {
      devices.at(-1).destroy();
      await devices.at(-1).lost;
    }
    heard.postMessage('done');
  };
  await import('/dist/worker/webgpu.js');
`;

const IN_PAGE = `${WATCH}
  globalThis.answer = async (model) => {
    const x = Float32Array.from({ length: ${SIZE} }, (_, index) => index);
    try {
      const { outputs } = await model.predict({ x });
      return outputs.sumY.data.every((value, index) => value === index + 2) ? 'right' : 'wrong';
    } catch ({ name, code, message }) {
      return name === 'PannierError' ? code : name + ': ' + message;
    }
  };
  globalThis.breakDevice = async (when, thread) => {
    if (thread === 'page') {
      if (when === 'at work') breakAtWork = true;
      else {
        devices.at(-1).destroy();
        await devices.at(-1).lost;
      }
      return;
    }
    const worker = new BroadcastChannel('break');
    const done = new Promise((resolve) => worker.addEventListener('message', resolve, { once: true }));
    worker.postMessage(when);
    await done;
    worker.close();
    // Pannier tells the page of a loss on a channel of its own.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  globalThis.breakShaders = () => {
    const { createShaderModule } = GPUDevice.prototype;
    GPUDevice.prototype.createShaderModule = function (descriptor) {
      return createShaderModule.call(this, { ...descriptor, code: 'fn this is no shader' });
    };
  };
  globalThis.newDevice = async () => (await navigator.gpu.requestAdapter()).requestDevice();
`;
declare global {
  var devices: GPUDevice[];
  function answer(model: unknown): Promise<string>;
  function breakDevice(when: 'idle' | 'at work', thread: 'page' | 'worker'): Promise<void>;
  function breakShaders(): void;
  function newDevice(): Promise<PlatformGPUDevice>;
}

const stage = async (): Promise<Page> => {
  here.site.put('/watched.js', WORKER);
  const page = await here.page();
  await page.evaluate(IN_PAGE);
  return page;
};

describe.each(['page', 'worker'] as const)('C5: a device that other code destroys, in the %s', (thread) => {
  test.each(['idle', 'at work'] as const)('%s', async (when) => {
    const page = await stage();
    const seen = await page.evaluate(
      async ({ when, thread }) => {
        const assetUrl = (name: string, url: string) => (name.startsWith('worker/') ? '/watched.js' : url);
        const model = await load('add', { backend: ['webgpu'], thread, assetUrl });
        const answers = [await answer(model)];
        for (let round = 0; round < 2; round++) {
          await breakDevice(when, thread);
          answers.push(await answer(model), await answer(model));
        }
        return { answers, backend: model.backend, notes: model.notes.map(({ code }) => code) };
      },
      { when, thread },
    );
    expect(seen.answers).toEqual(Array(5).fill('right'));
    expect(seen).toMatchObject({ backend: 'webgpu', notes: ['reopened', 'reopened'] });
  });
});

describe('C9: a shader that does not compile', () => {
  test.each(['own', 'given'] as const)('refuses the backend (%s device)', async (whose) => {
    const page = await stage();
    const seen = await page.evaluate(async (whose) => {
      breakShaders();
      const options = {
        backend: ['webgpu', 'cpu'],
        thread: 'page',
        ...(whose === 'given' && { device: await newDevice() }),
      } as LoadOptions;
      const model = await load('add', options);
      return { answer: await answer(model), backend: model.backend, refused: model.selection[0]?.reason };
    }, whose);
    expect(seen).toEqual({ answer: 'right', backend: 'cpu', refused: expect.stringMatching(/webgpu backend failed: .*shader/is) });
  });

  test.each(['own', 'given'] as const)('is an error of the call where an earlier pass is remembered (%s device)', async (whose) => {
    const page = await stage();
    const seen = await page.evaluate(async (whose) => {
      const options = { backend: ['webgpu'], thread: 'page', ...(whose === 'given' && { device: await newDevice() }) } as LoadOptions;
      (await load('add', options)).dispose();
      breakShaders();
      const again = whose === 'given' ? { ...options, device: await newDevice() } : options;
      return answer(await load('add', again as LoadOptions));
    }, whose);
    // What is opened again for the call once more has to pass the golden sample.
    expect(seen).toBe('backend-unavailable');
  });
});

test('pipelines are compiled beside the thread that draws the page', async () => {
  const page = await stage();
  const seen = await page.evaluate(async () => {
    const { createComputePipeline, createComputePipelineAsync } = GPUDevice.prototype;
    const pipelines = { inTurn: 0, beside: 0 };
    GPUDevice.prototype.createComputePipeline = function (descriptor) {
      pipelines.inTurn++;
      return createComputePipeline.call(this, descriptor);
    };
    GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
      pipelines.beside++;
      return createComputePipelineAsync.call(this, descriptor);
    };
    const model = await load('add', { backend: ['webgpu'], thread: 'page' });
    return { answer: await answer(model), pipelines };
  });
  expect(seen).toEqual({ answer: 'right', pipelines: { inTurn: 0, beside: 1 } });
});

test('a device that is lost as values are read back in mid-run says so', async () => {
  const page = await stage();
  const reason = await page.evaluate(async () => {
    // As in a browser without a display, whose GPU process ends here.
    const { getContext } = OffscreenCanvas.prototype;
    OffscreenCanvas.prototype.getContext = function (this: OffscreenCanvas, kind: 'webgpu') {
      devices.at(-1)!.destroy();
      return getContext.call(this, kind);
    } as typeof getContext;
    const model = await load('cap', { backend: ['webgpu', 'cpu'], thread: 'page' });
    return model.selection[0]?.reason;
  });
  expect(reason).toMatch(/device was lost \(destroyed\).*after TF\.js read a value back in the middle of a run.*Use another backend/);
});

test('C15: NaN and infinities reject, on the page and in a worker, or are given where they are allowed', async () => {
  const page = await stage();
  const seen = await page.evaluate(async (size) => {
    const x = new Float32Array(size);
    x.set([Number.NaN, Number.NEGATIVE_INFINITY], 7);
    const found: unknown[] = [];
    for (const thread of ['page', 'worker'] as const) {
      const options = { backend: ['webgpu'], thread } as const;
      const [strict, lenient] = [await load('add', options), await load('add', { ...options, nonFinite: 'allow' })];
      const refused = await strict.predict({ x }).catch(({ code, detail }) => ({ code, detail }));
      const { outputs } = await lenient.predict({ x });
      found.push({ refused, given: [...(outputs['sumY']?.data ?? [])].slice(6, 10), next: await answer(strict) });
    }
    return found;
  }, SIZE);
  const refused = { code: 'non-finite', detail: { output: 'sumY', count: 2, length: SIZE, inputs: ['x'] } };
  const each = { refused, given: [2, Number.NaN, Number.NEGATIVE_INFINITY, 2], next: 'right' };
  expect(seen).toEqual([each, each]);
});

describe('C2: never zeros', () => {
  test('a device that is lost as values are read back in mid-run, which then are zeros, gives no answer', async () => {
    const page = await stage();
    const seen = await page.evaluate(async (size) => {
      let breakAtRead = false;
      // What TF.js sees of its buffers through a canvas, which a browser without a display does not survive: a 4, or of a lost device zeros.
      OffscreenCanvas.prototype.getContext = ((kind: string) => {
        const device = devices.at(-1)!;
        const { COPY_DST } = GPUTextureUsage;
        const getCurrentTexture = () => device.createTexture({ size: [256, 256], format: 'bgra8unorm', usage: COPY_DST });
        if (kind === 'webgpu') return { configure() {}, getCurrentTexture };
        const blue = breakAtRead ? 0 : 4;
        if (breakAtRead) device.destroy();
        breakAtRead = false;
        const getImageData = (_x: number, _y: number, width: number, height: number) => ({
          data: Uint8ClampedArray.from({ length: width * height * 4 }, (_, index) => (index % 4 === 2 ? blue : 0)),
        });
        return { clearRect() {}, drawImage() {}, getImageData };
      }) as never;
      const model = await load('pick', { backend: ['webgpu'], thread: 'page' });
      const pick = async () => (await model.predict({ x: new Float32Array(size).fill(0.9) })).outputs['picked']?.data[0];
      const before = await pick();
      breakAtRead = true;
      return { picked: [before, await pick()], broke: !breakAtRead, notes: model.notes.map(({ code }) => code) };
    }, SIZE);
    expect(seen).toEqual({ picked: [14, 14], broke: true, notes: ['reopened'] });
  });

  test('nor does a browser that reads zeros of a lost device, and never says that it is lost', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      Object.defineProperty(GPUDevice.prototype, 'lost', { value: new Promise(() => undefined) });
      const dead = new WeakSet<GPUDevice>();
      const owners = new WeakMap<GPUBuffer, GPUDevice>();
      const { createBuffer, destroy } = GPUDevice.prototype;
      const { mapAsync, getMappedRange } = GPUBuffer.prototype;
      GPUDevice.prototype.createBuffer = function (descriptor) {
        const buffer = createBuffer.call(this, descriptor);
        owners.set(buffer, this);
        return buffer;
      };
      GPUDevice.prototype.destroy = function () {
        dead.add(this);
        destroy.call(this);
      };
      const isDead = (buffer: GPUBuffer) => dead.has(owners.get(buffer)!);
      GPUBuffer.prototype.mapAsync = async function (...given) {
        if (!isDead(this)) await mapAsync.apply(this, given);
      };
      GPUBuffer.prototype.getMappedRange = function (...given) {
        return isDead(this) ? new ArrayBuffer(this.size) : getMappedRange.apply(this, given);
      };
      const model = await load('add', { backend: ['webgpu'], thread: 'page' });
      await breakDevice('at work', 'page');
      const answers = [await answer(model), await answer(model)];
      return { answers, notes: model.notes.map(({ code }) => code) };
    });
    expect(seen).toEqual({ answers: ['right', 'right'], notes: ['reopened'] });
  });
});

test("a given device: the app's errors are the app's, ours are ours", async () => {
  const page = await stage();
  const seen = await page.evaluate(async () => {
    const device = await newDevice();
    let heard = 0;
    device.addEventListener('uncapturederror', () => heard++);
    const model = await load('add', { backend: ['webgpu'], thread: 'page', device });
    const blunder = () => device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    blunder();
    await device.queue.onSubmittedWorkDone();
    const answers = [await answer(model)];
    device.pushErrorScope('validation');
    const during = answer(model);
    await Promise.resolve();
    blunder();
    const caught = device.popErrorScope();
    answers.push(await during, await answer(model));
    model.dispose();
    return {
      answers,
      heard,
      caught: (await caught) !== null,
      notes: model.notes.length,
      whole: device.createBuffer({ size: 4, usage: 8 }).size,
    };
  });
  expect(seen).toEqual({ answers: ['right', 'right', 'right'], heard: 1, caught: true, notes: 0, whole: 4 });
});

test('a browser that says nothing about its adapter runs on it all the same', async () => {
  const page = await stage();
  const seen = await page.evaluate(async () => {
    Object.defineProperty(GPUAdapter.prototype, 'info', { value: undefined });
    Object.defineProperty(GPUDevice.prototype, 'adapterInfo', { value: undefined });
    const model = await load('add', { backend: ['webgpu', 'wasm'], thread: 'page' });
    return { backend: model.backend, answer: await answer(model) };
  });
  expect(seen).toEqual({ backend: 'webgpu', answer: 'right' });
});

describe('the contract of an engine, on webgpu', () => {
  let page: Promise<Page> | undefined;
  const open = async () => {
    page ??= stage();
    return remoteEngine(await page, 'webgpu');
  };
  engineContract(open);
  graphContract(
    open,
    async () => remoteSteps((await page) as Page),
    async () => remoteMemory((await page) as Page),
  );
  lossContract(open, async () => (await page)?.evaluate(() => breakDevice('idle', 'page')));
});

/** One of eight numbers, by its place: a computed one, as large as five times the largest value. The numbers themselves stay on the processor. */
function pickModel(): RawModel {
  const float = { T: { type: 'DT_FLOAT' } };
  const info = (name: string, sizes: readonly number[]) => ({
    name,
    dtype: 'DT_FLOAT',
    tensorShape: { dim: sizes.map((size) => ({ size: String(size) })) },
  });
  const weights = [
    { name: 'five', shape: [], dtype: 'float32' },
    { name: 'table', shape: [8], dtype: 'float32' },
    { name: 'axes', shape: [1], dtype: 'int32' },
    { name: 'one', shape: [1], dtype: 'int32' },
  ];
  const bytes = [Float32Array.of(5, 10, 11, 12, 13, 14, 15, 16, 17), Int32Array.of(1, 1)].map(({ buffer }) => Buffer.from(buffer));
  return {
    json: {
      format: 'graph-model',
      signature: { inputs: { x: info('x:0', [1, SIZE]) }, outputs: { picked: info('picked:0', [1]) } },
      modelTopology: {
        node: [
          placeholder('x', [1, SIZE]),
          ...weights.map(({ name, dtype }) => constant(name, dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT')),
          op('scaled', 'Mul', ['x', 'five'], float),
          op('peak', 'Max', ['scaled', 'axes'], { ...float, keep_dims: { b: false } }),
          op('begin', 'Cast', ['peak'], { SrcT: { type: 'DT_FLOAT' }, DstT: { type: 'DT_INT32' } }),
          op('picked', 'Slice', ['table', 'begin', 'one'], { ...float, Index: { type: 'DT_INT32' } }),
        ],
        versions: {},
      },
      weightsManifest: [{ paths: ['w.bin'], weights }],
    },
    files: { 'w.bin': new Uint8Array(Buffer.concat(bytes)) },
  };
}

/**
 * Caps its values at half of the first one: a bound that is computed where the values are. Pannier's graph has no cast that truncates
 * floats, so that TF.js runs the nodes as they are, and reads the bound.
 */
function capModel(): RawModel {
  const sizes = [1, SIZE];
  const float = { T: { type: 'DT_FLOAT' } };
  const info = (name: string) => ({ name, dtype: 'DT_FLOAT', tensorShape: { dim: sizes.map((size) => ({ size: String(size) })) } });
  return {
    json: {
      format: 'graph-model',
      signature: { inputs: { x: info('x:0') }, outputs: { capped: info('capped:0') } },
      modelTopology: {
        node: [
          placeholder('x', sizes),
          ...['half', 'low'].map((name) => constant(name)),
          op('same', 'Cast', ['x'], { SrcT: float.T, DstT: float.T, Truncate: { b: true } }),
          op('halves', 'Mul', ['same', 'half'], float),
          op('capped', 'ClipByValue', ['same', 'low', 'halves'], float),
        ],
        versions: {},
      },
      weightsManifest: [{ paths: ['w.bin'], weights: ['half', 'low'].map((name) => ({ name, shape: [], dtype: 'float32' })) }],
    },
    files: { 'w.bin': new Uint8Array(Float32Array.of(0.5, -2).buffer) },
  };
}

/** M2: as many loads and disposes as one likes leave what is held where it was, on each backend, in a worker and in a page. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Held, watchHeld } from '../fixtures/held.js';
import { addModel, constant, loopModel, op, placeholder, type RawModel } from '../fixtures/models.js';
import { LONG_MS, runs } from '../tier.js';
import { room } from './room.js';

const CYCLES = runs(200, 4);

const here = room(
  // TF.js computes what is smaller than a thousand values on the processor.
  {
    kept: addModel([1, 2_000], new Float32Array(2_000)),
    sum: addModel([1, 2_000], new Float32Array(2_000).fill(1)),
    picture: pictureModel(),
    loop: loopModel(),
  },
  { launch: { webgpu: true, args: ['--js-flags=--expose-gc'] } },
);

/** A worker that is watched, and tells what it holds to whoever asks. */
const WORKER = `
  (${watchHeld})();
  const asked = new BroadcastChannel('held');
  asked.onmessage = ({ data }) => data === 'held?' && asked.postMessage(held());
`;

const IN_PAGE = `
  (${watchHeld})();
  globalThis.heldBy = async (thread) => {
    if (thread === 'page') return held();
    const workers = new BroadcastChannel('held');
    const told = new Promise((resolve) => (workers.onmessage = ({ data }) => resolve(data)));
    workers.postMessage('held?');
    return told.finally(() => workers.close());
  };
`;
declare global {
  function heldBy(thread: 'worker' | 'page'): Promise<Held>;
}

let page: Page;
beforeAll(async () => {
  for (const worker of WORKERS) here.site.put(`/watched/${worker}.js`, `${WORKER} await import('/dist/worker/${worker}.js');`);
  page = await here.page();
  await page.evaluate(IN_PAGE);
});

/** Files of workers; `wasm` is the one of TF.js. */
const WORKERS = ['webgpu', 'compiled', 'wasm', 'cpu'] as const;

interface Cycling {
  readonly worker: (typeof WORKERS)[number];
  readonly thread: 'worker' | 'page';
  readonly cycles: number;
  /** Another model holds the engine, so that nothing ends with it. */
  readonly shared: boolean;
}

/** In the page: what is held while a model is open, and when it no longer is, of each cycle. */
async function cycle({ worker, thread, cycles, shared }: Cycling) {
  const assetUrl = (_name: string, url: string) => url.replace('/dist/worker/', '/watched/');
  const isCompiled = worker === 'compiled';
  const options = { backend: isCompiled ? 'wasm' : worker, thread, assetUrl } as const;
  const loading = isCompiled ? load : loadUncompiled;
  // No loop is compiled.
  const [second, secondSize] = isCompiled ? ['kept', 2_000] : ['loop', 2];
  // Without a cache no pass is remembered, which would be tested again in the middle of it all.
  const kept = shared ? await loading('kept', { ...options, cache: null }) : undefined;
  const outlives = shared || thread === 'page';
  const seen: { open: Held; closed: Held | undefined }[] = [];
  for (let count = 0; count < cycles; count++) {
    const before = outlives ? await heldBy(thread) : undefined;
    // A device of its own would compile the picture's shaders anew each time.
    const models = [await loading(shared ? 'picture' : 'sum', options), await loading(second, options)] as const;
    await models[0].predict({ x: new Float32Array(shared ? 768 : 2_000) });
    await models[1].predict({ x: new Float32Array(secondSize) });
    const open = await heldBy(thread);
    for (const model of models) model.dispose();
    let closed = before;
    // Nobody is told when a session has closed.
    for (let tries = 0; outlives && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      closed = await heldBy(thread);
      if (closed.tensors === before?.tensors && (!isCompiled || closed.heapBytes === before.heapBytes)) break;
    }
    seen.push({ open, closed });
  }
  kept?.dispose();
  return seen;
}

describe.each(WORKERS)(
  'M2: by the worker %s',
  (worker) => {
    describe.each(['worker', 'page'] as const)('in a %s', (thread) => {
      test.each([
        ['an engine of their own', false],
        ['an engine that another model keeps', true],
      ])(`${CYCLES} loads and disposes on %s hold no more after the last than after the second`, async (_what, shared) => {
        const seen = await page.evaluate(cycle, { worker, thread, cycles: CYCLES, shared });
        expect(seen.slice(2)).toEqual(seen.slice(2).map(() => seen[1]));
        const { open, closed } = seen.at(-1)!;
        const held = worker === 'compiled' ? 'heapBytes' : 'tensors';
        expect(open[held]).toBeGreaterThan(closed?.[held] ?? 0);
        if (worker === 'compiled' && !shared && closed !== undefined) expect(closed.heapBytes).toBe(0);
        if (!shared && closed !== undefined) expect(closed).toMatchObject({ tensors: 0, dataIds: 0, gpuBytes: 0, gpuBuffers: 0 });
        await expect.poll(() => page.workers().length).toBe(0);
      });
    });
  },
  LONG_MS,
);

/** A picture [1, 16, 16, 3] through a convolution and its mean into 4 000 classes: weights of 1 MB. */
function pictureModel(): RawModel {
  const float = { T: { type: 'DT_FLOAT' } };
  const shapes = { filter: [3, 3, 3, 64], bias: [64], dense: [64, 4_000] };
  const info = (name: string, sizes: readonly number[]) => ({
    name,
    dtype: 'DT_FLOAT',
    tensorShape: { dim: sizes.map((size) => ({ size: String(size) })) },
  });
  const size = Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
  const weights = Float32Array.from({ length: size }, (_, index) => Math.sin(index));
  return {
    json: {
      format: 'graph-model',
      signature: { inputs: { x: info('x:0', [1, 16, 16, 3]) }, outputs: { classes: info('classes:0', [1, 4_000]) } },
      modelTopology: {
        node: [
          placeholder('x', [1, 16, 16, 3]),
          ...Object.keys(shapes).map((name) => constant(name)),
          constant('across', 'DT_INT32'),
          op('conv', 'Conv2D', ['x', 'filter'], {
            ...float,
            strides: { list: { i: ['1', '1', '1', '1'] } },
            padding: { s: 'U0FNRQ==' },
            data_format: { s: 'TkhXQw==' },
            dilations: { list: { i: ['1', '1', '1', '1'] } },
          }),
          op('biased', 'BiasAdd', ['conv', 'bias'], float),
          op('relu', 'Relu', ['biased'], float),
          op('pooled', 'Mean', ['relu', 'across'], { ...float, keep_dims: { b: false } }),
          op('classes', 'MatMul', ['pooled', 'dense'], { ...float, transpose_a: { b: false }, transpose_b: { b: false } }),
        ],
        versions: {},
      },
      weightsManifest: [
        {
          paths: ['w.bin'],
          weights: [
            ...Object.entries(shapes).map(([name, shape]) => ({ name, shape, dtype: 'float32' })),
            { name: 'across', shape: [2], dtype: 'int32' },
          ],
        },
      ],
    },
    files: { 'w.bin': new Uint8Array(Buffer.concat([Buffer.from(weights.buffer), Buffer.from(Int32Array.of(1, 2).buffer)])) },
  };
}

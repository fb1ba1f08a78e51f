/** Rows of docs/faults.md: a backend that is broken from below is refused with its reason, and the next one answers. */
import { describe, expect, test } from 'vitest';
import type { BackendName } from '../../src/base/backend-name.js';
import type { Model } from '../../src/index.js';
import { addModel, tabularModel } from '../fixtures/models.js';
import { room } from './room.js';

// TF.js computes what is smaller than a thousand values on the processor.
const SIZE = 2_000;
const here = room(
  {
    add: addModel([1, SIZE], new Float32Array(SIZE).fill(2)),
    short: tabularModel([8, 300]),
    middle: tabularModel([8, 400]),
    long: tabularModel([8, 500]),
  },
  { launch: { webgpu: true } },
);

/** A worker's file; `wasm` is the one of TF.js. */
type WorkerName = BackendName | 'compiled';

/** Has a worker run `code` as soon as it has loaded; nothing has started then. */
function breakWorker(worker: WorkerName, code: () => void): void {
  here.site.put(`/broken/${worker}.js`, `await import('/dist/worker/${worker}.js');\n(${code})();`);
}

/** In a page: loads on the first that will do of two backends, the first of which has its worker broken, and predicts. */
async function loadBroken([worker, next]: readonly [WorkerName, BackendName]) {
  const assetUrl = (name: string, url: string) => (name === `worker/${worker}.js` ? `/broken/${worker}.js` : url);
  const loading = worker === 'wasm' ? loadUncompiled : load;
  const model = await loading('add', { backend: [worker === 'compiled' ? 'wasm' : worker, next], assetUrl });
  const { outputs, timing } = await model.predict({ x: new Float32Array(2_000) });
  const { state, reason } = model.selection[0]!;
  return { state, reason, backend: timing.backend, y: outputs['sumY']!.data[1_999] };
}

/** What has to come of that. */
const refused = (reason: string, backend: BackendName) => ({ state: 'refused', reason: expect.stringContaining(reason), backend, y: 2 });

describe('C7: webgpu that is only there at first sight, in a worker', () => {
  test.each<[string, () => void, string]>([
    ['no navigator.gpu', () => void Object.defineProperty(navigator, 'gpu', { value: undefined }), 'navigator.gpu is missing'],
    ['no adapter', () => void Object.assign(GPU.prototype, { requestAdapter: async () => null }), 'has no adapter'],
    [
      'a device that is refused',
      () => void Object.assign(GPUAdapter.prototype, { requestDevice: () => Promise.reject(new Error('not today')) }),
      'not today',
    ],
    [
      'a device that is lost already',
      () => {
        const { requestDevice } = GPUAdapter.prototype;
        GPUAdapter.prototype.requestDevice = async function (...given) {
          const device = await requestDevice.apply(this, given);
          device.destroy();
          return device;
        };
      },
      'device was lost',
    ],
  ])('%s', async (_what, code, reason) => {
    breakWorker('webgpu', code);
    const page = await here.page();
    expect(await page.evaluate(loadBroken, ['webgpu', 'wasm'] as const)).toEqual(refused(reason, 'wasm'));
  });
});

test('C8: a weight above the limits of the device is refused before anything is uploaded', async () => {
  const lower = () => {
    for (const name of ['maxBufferSize', 'maxStorageBufferBindingSize'])
      Object.defineProperty(GPUSupportedLimits.prototype, name, { get: () => 4_096 });
    GPUDevice.prototype.createBuffer = () => {
      throw new Error('a buffer was made');
    };
  };
  breakWorker('webgpu', lower);
  const reason = 'one weight has 8000 bytes, its largest buffer 4096';
  const page = await here.page();
  expect(await page.evaluate(loadBroken, ['webgpu', 'wasm'] as const)).toEqual(refused(reason, 'wasm'));
});

interface Trapping {
  readonly backend: { readSync(id: object): ArrayLike<number> };
  readonly inputs: { readonly a: { readonly dataId: object } };
}
interface Realm {
  _tfGlobals: Map<string, Map<string, { kernelFunc: (given: { inputs: Record<string, unknown> }) => unknown }>>;
}

describe('C10: a backend that computes wrong numbers is refused', () => {
  test.each<[WorkerName, BackendName, () => void]>([
    [
      'webgpu',
      'cpu',
      () => {
        const { getMappedRange } = GPUBuffer.prototype;
        GPUBuffer.prototype.getMappedRange = function (...given) {
          const range = getMappedRange.apply(this, given);
          if (this.usage & GPUBufferUsage.MAP_READ) {
            const values = new Float32Array(range);
            values.set(values.map((value) => value + 0.1));
          }
          return range;
        };
      },
    ],
    [
      'compiled',
      'cpu',
      () => {
        const { instantiate } = WebAssembly;
        const withoutRun = async (module: WebAssembly.Module, imports?: WebAssembly.Imports) => {
          const { exports } = await instantiate(module, imports);
          return { exports: { ...exports, run: () => undefined } };
        };
        Object.assign(WebAssembly, { instantiate: withoutRun });
      },
    ],
    [
      'wasm',
      'cpu',
      () => {
        const add = (globalThis as unknown as Realm)._tfGlobals.get('kernelRegistry')!.get('wasm_Add')!;
        const { kernelFunc } = add;
        add.kernelFunc = ({ inputs: { a }, ...given }) => kernelFunc({ ...given, inputs: { a, b: a } });
      },
    ],
    [
      'cpu',
      'wasm',
      () => {
        const add = (globalThis as unknown as Realm)._tfGlobals.get('kernelRegistry')!.get('cpu_Add')!;
        const { kernelFunc } = add;
        add.kernelFunc = ({ inputs: { a }, ...given }) => kernelFunc({ ...given, inputs: { a, b: a } });
      },
    ],
  ])('%s', async (backend, next, code) => {
    breakWorker(backend, code);
    const page = await here.page();
    expect(await page.evaluate(loadBroken, [backend, next] as const)).toEqual(refused('disagrees with the golden sample', next));
  });
});

/** In a page: four answers, of which the first call traps, from a model whose worker is broken. */
async function askTrapping(worker: WorkerName) {
  const assetUrl = (name: string, url: string) => (name === `worker/${worker}.js` ? `/broken/${worker}.js` : url);
  const loading = worker === 'wasm' ? loadUncompiled : load;
  const model = await loading('add', { backend: ['wasm', 'cpu'], assetUrl });
  const ask = (x: number) =>
    model.predict({ x: new Float32Array(2_000).fill(x) }).then(
      ({ outputs, backend }) => `${backend} ${outputs['sumY']!.data[0]}`,
      ({ code, message }) => `${code}: ${message}`,
    );
  const answers = [...(await Promise.all([666, 1, 2].map(ask))), await ask(3)];
  return { answers, notes: model.notes.map(({ code }) => code) };
}

test('C14: on TF.js, a call that traps is run once more in a new instance, then rejected; those behind it answer on the next backend', async () => {
  breakWorker('wasm', () => {
    const add = (globalThis as unknown as Realm)._tfGlobals.get('kernelRegistry')!.get('wasm_Add')!;
    const { kernelFunc } = add;
    // (module (func (export "f") unreachable))
    const text = '0061736d0100000001040160000003020100070501016600000a05010300000b';
    const module = new WebAssembly.Module(Uint8Array.from(text.match(/../g)!, (hex) => Number.parseInt(hex, 16)));
    add.kernelFunc = (given) => {
      const { backend, inputs } = given as unknown as Trapping;
      if (backend.readSync(inputs.a.dataId)[0] === 666) (new WebAssembly.Instance(module).exports['f'] as () => void)();
      return kernelFunc(given);
    };
  });
  const page = await here.page();
  const seen = await page.evaluate(askTrapping, 'wasm' as const);
  const trapped = expect.stringMatching(/^backend-rejected: .*trapped: unreachable/);
  // Twice lost: wasm is held back for a while.
  expect(seen).toEqual({ answers: [trapped, 'cpu 3', 'cpu 4', 'cpu 5'], notes: expect.arrayContaining(['reopened', 'wasm-refused']) });
});

test('C14: a call that traps in a compiled model is rejected; those behind it answer there', async () => {
  breakWorker('compiled', () => {
    // (module (func (export "f") unreachable))
    const text = '0061736d0100000001040160000003020100070501016600000a05010300000b';
    const module = new WebAssembly.Module(Uint8Array.from(text.match(/../g)!, (hex) => Number.parseInt(hex, 16)));
    const trap = new WebAssembly.Instance(module).exports['f'] as () => void;
    const { instantiate } = WebAssembly;
    const trapping = async (...given: [WebAssembly.Module, WebAssembly.Imports?]) => {
      const { exports } = await instantiate(...given);
      const { memory, run } = exports as { memory: WebAssembly.Memory; run: (arenaAddress: number) => void };
      const runOrTrap = (arenaAddress: number) => (new Float32Array(memory.buffer).includes(666) ? trap() : run(arenaAddress));
      return { exports: { ...exports, run: runOrTrap } };
    };
    Object.assign(WebAssembly, { instantiate: trapping });
  });
  const page = await here.page();
  const trapped = expect.stringMatching(/^predict: .*"add" failed: it trapped: unreachable/);
  const seen = await page.evaluate(askTrapping, 'compiled' as const);
  expect(seen).toEqual({ answers: [trapped, 'wasm 3', 'wasm 4', 'wasm 5'], notes: [] });
});

describe('C16: three models on three backends at once answer as each does alone, and say truly where', () => {
  test.each(['worker', 'page'] as const)('in the %s', async (thread) => {
    const page = await here.page();
    const seen = await page.evaluate(async (thread) => {
      const places = [
        ['short', 'webgpu', 300],
        ['middle', 'wasm', 400],
        ['long', 'cpu', 500],
      ] as const;
      const ran: Record<string, number> = {};
      // Without a cache no pass is remembered, which would be tested again between the calls.
      const open = (name: string, backend: BackendName) => load(name, { backend, thread, cache: null });
      const ask = async (model: Model, width: number, round: number) => {
        const features = Float32Array.from({ length: 8 * width }, (_, index) => Math.sin(index * (round + 1)));
        const { outputs, timing } = await model.predict({ features });
        return { bits: [...new Uint32Array(outputs['price']!.data.buffer)].join(), backend: timing.backend };
      };
      const alone: string[][] = [];
      for (const [name, backend, width] of places) {
        const model = await open(name, backend);
        const bits: string[] = [];
        for (let round = 0; round < 5; round++) bits.push((await ask(model, width, round)).bits);
        alone.push(bits);
        model.dispose();
      }
      const { instantiate } = WebAssembly;
      let isCounting = false;
      const counted = async (module: WebAssembly.Module, imports?: WebAssembly.Imports) => {
        const { exports } = await instantiate(module, imports);
        const run = (arenaAddress: number) => {
          if (isCounting) ran['compiled'] = (ran['compiled'] ?? 0) + 1;
          (exports['run'] as (arenaAddress: number) => void)(arenaAddress);
        };
        return { exports: { ...exports, run } };
      };
      Object.assign(WebAssembly, { instantiate: counted });
      const models = await Promise.all(places.map(([name, backend]) => open(name, backend)));
      isCounting = true;
      // In a page all kernels are at hand, and the module: each says where it runs.
      const registry = (globalThis as unknown as Partial<Realm>)._tfGlobals?.get('kernelRegistry') ?? new Map();
      for (const [key, kernel] of registry) {
        const [backend = ''] = key.split('_');
        const { kernelFunc } = kernel;
        kernel.kernelFunc = (given: { inputs: Record<string, unknown> }) => {
          ran[backend] = (ran[backend] ?? 0) + 1;
          return kernelFunc(given);
        };
      }
      const answers = await Promise.all(
        Array.from({ length: 75 }, async (_, call) => {
          const [place, round] = [call % 3, Math.floor(call / 3) % 5];
          const { bits, backend } = await ask(models[place]!, places[place]![2], round);
          return bits === alone[place]![round] && backend === places[place]![1];
        }),
      );
      return { right: answers.filter((each) => each).length, differ: new Set(alone.flat()).size, ran };
    }, thread);
    expect(seen).toEqual({ right: 75, differ: 15, ran: thread === 'worker' ? {} : { webgpu: 25, compiled: 25, cpu: 25 } });
    await expect.poll(() => page.workers().length).toBe(thread === 'worker' ? 3 : 0);
  });
});

/** The contract of an engine on TF.js's cpu and wasm backends in Node, alone and side by side, and on the fake that other tests use. */
import { readFileSync } from 'node:fs';
import { findBackend, type KernelBackend } from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BackendName } from '../../src/base/backend-name.js';
import type { Engine } from '../../src/engines/engine.js';
import { startLocalEngine } from '../../src/engines/local.js';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { start as startCpu } from '../../src/engines/tfjs/cpu.js';
import type { PictureFeed } from '../../src/preprocess/feed.js';
import { startWorkerEngine } from '../../src/worker/client.js';
import { serve } from '../../src/worker/host.js';
import { FailOnce, workersThatFail } from '../fixtures/fail-once.js';
import { fakeEngine, hashOf, rejection } from '../fixtures/fakes.js';
import { addModel, loopModel } from '../fixtures/models.js';
import { watchSteps } from '../fixtures/steps.js';
import { tfjsMemory } from '../fixtures/tfjs-memory.js';
import { call, engineContract, engineModel, feed, graphContract, lossContract, productModel, streamContract } from './engine.js';

const binary = readFileSync(new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url));

const start = (backend: BackendName): Promise<Engine> =>
  startLocalEngine({ engine: 'tfjs', backend }, Promise.resolve(backend === 'wasm' ? { binary: new Uint8Array(binary).buffer } : {}));

it('the wasm binary is the one that the package names', () => {
  expect([binary.length, hashOf(binary)]).toEqual([WASM_BINARY.bytes, WASM_BINARY.sha256]);
});

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  engineContract(() => start(backend));
  graphContract(() => start(backend), watchSteps, tfjsMemory);
  streamContract(() => start(backend), tfjsMemory);
});

describe('behind messages, in a stand-in of a worker', () => {
  beforeAll(() => void workersThatFail(new FailOnce(), () => serve('cpu', startCpu)));
  afterAll(() => vi.unstubAllGlobals());
  const startThere = () =>
    startWorkerEngine({ engine: 'tfjs', backend: 'cpu' }, Promise.resolve({}), (_name, url) => url, new AbortController().signal);
  streamContract(startThere, tfjsMemory);

  it('takes one shard at a time: no second one is on its way before the first is uploaded', async () => {
    const kinds: string[] = [];
    const { postMessage } = globalThis.Worker.prototype;
    vi.spyOn(globalThis.Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, ...given: unknown[]) {
      kinds.push((given[0] as { kind: string }).kind);
      return Reflect.apply(postMessage, this, given);
    });
    const engine = await startThere();
    const opening = engine.open(engineModel(productModel()));
    await opening;
    expect(kinds).toEqual(['start', 'open', 'upload', 'build']);
    engine.dispose();
    vi.restoreAllMocks();
  });
});

describe('pictures', () => {
  afterEach(() => vi.unstubAllGlobals());

  const image = {
    layout: 'nhwc',
    width: 4,
    height: 4,
    channels: 'rgb',
    scale: [1, 1, 1],
    offset: [0, 0, 0],
    fit: 'stretch',
    filter: 'bilinear',
  };
  function pictures() {
    let open = 3;
    const map = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };
    const one = () => ({
      kind: 'picture',
      name: 'x',
      dtype: 'float32',
      shape: [1, 4, 4, 3],
      picture: { width: 4, height: 4, close },
      image,
      map,
    });
    const close = vi.fn(() => void open--);
    return { feeds: [one(), one(), one()] as unknown as PictureFeed[], close };
  }

  it("stay the caller's where they cannot be drawn, and the error is typed", async () => {
    const engine = await start('cpu');
    const session = await engine.open(engineModel(addModel()));
    const { feeds, close } = pictures();
    vi.stubGlobal('OffscreenCanvas', undefined);
    expect(await rejection(session.run(call(feeds, ['y:0'])))).toMatchObject({ name: 'PannierError', code: 'input' });
    expect(close).not.toHaveBeenCalled();
    engine.dispose();
  });

  it("stay the caller's where the session is disposed, before the run or while it waits", async () => {
    const engine = await start('cpu');
    const session = await engine.open(engineModel(addModel()));
    const [early, late] = [pictures(), pictures()];
    const waiting = rejection(session.run(call(early.feeds, ['y:0'])));
    session.dispose();
    expect(await rejection(session.run(call(late.feeds, ['y:0'])))).toMatchObject({ code: 'disposed' });
    expect(await waiting).toMatchObject({ code: 'disposed' });
    for (const { close } of [early, late]) expect(close).not.toHaveBeenCalled();
    engine.dispose();
  });
});

describe('memory that runs out', () => {
  afterEach(() => vi.restoreAllMocks());

  const square = (name: string, size: number) => feed(name, [size, size], Array(size * size).fill(1));

  it('C13: in the wasm heap is an error of the call, and changes no other tensor', async () => {
    const engine = await start('wasm');
    const [add, product] = [await engine.open(engineModel(addModel())), await engine.open(engineModel(productModel()))];
    const before = await tfjsMemory();
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
    });
    expect(await rejection(product.run(call([square('p', 2_500), square('q', 2_500)], ['y:0'])))).toMatchObject({
      code: 'out-of-memory',
    });
    expect(await tfjsMemory()).toEqual(before);
    expect([add.lost, product.lost]).toEqual([undefined, undefined]);
    const { outputs } = await add.run(call([feed('x', [1, 4], [0, 0, 0, 0])], ['y:0']));
    expect([...outputs[0]!.data]).toEqual([1, 2, 3, 4]);
    expect([...(await product.run(call([square('p', 2), square('q', 2)], ['y:0']))).outputs[0]!.data]).toEqual([8, 8, 8, 8]);
    await expect(engine.open(engineModel(addModel([1, 6e6], new Float32Array(6e6))))).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(await tfjsMemory()).toEqual(before);
    engine.dispose();
  });

  it('C13: inside a wasm kernel, which nobody tells, loses the instance before its answer is taken', async () => {
    const engine = await start('wasm');
    const session = await engine.open(engineModel(addModel()));
    const backend = findBackend('wasm') as KernelBackend & { wasm: { asm: { malloc(bytes: number): number } } };
    const { read } = backend;
    const given: number[] = [];
    vi.spyOn(backend, 'read').mockImplementation((dataId) => {
      // As a kernel asks for its scratch space.
      given.push(backend.wasm.asm.malloc(2 ** 30));
      return read.call(backend, dataId);
    });
    const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
    });
    const failure = await rejection(session.run(call([feed('x', [1, 4], [0, 0, 0, 0])], ['y:0'])));
    expect(failure).toMatchObject({ code: 'out-of-memory', message: expect.stringMatching(/kernels was refused the memory/) });
    expect([given, session.lost?.code]).toEqual([[0], 'out-of-memory']);
    grow.mockRestore();
    engine.dispose();
  });

  it('C13: inside a wasm kernel that then traps is out of memory, too', async () => {
    const engine = await start('wasm');
    const session = await engine.open(engineModel(addModel()));
    const backend = findBackend('wasm') as KernelBackend & { wasm: { asm: { malloc(bytes: number): number } } };
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
    });
    vi.spyOn(backend, 'read').mockImplementation(() => {
      backend.wasm.asm.malloc(2 ** 30);
      throw new WebAssembly.RuntimeError('memory access out of bounds');
    });
    expect(await rejection(session.run(call([feed('x', [1, 4], [0, 0, 0, 0])], ['y:0'])))).toMatchObject({ code: 'out-of-memory' });
    expect(session.lost).toBeDefined();
    engine.dispose();
  });

  it('in the wasm heap for a while is no loss: what grows again is whole', async () => {
    const engine = await start('wasm');
    const session = await engine.open(engineModel(productModel()));
    const { grow } = WebAssembly.Memory.prototype;
    let refusals = 2;
    // Emscripten asks for more than it needs, and for less where that is refused.
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(function (this: WebAssembly.Memory, pages) {
      if (refusals-- > 0) throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
      return grow.call(this, pages);
    });
    const { outputs } = await session.run(call([square('p', 2_600), square('q', 2_600)], ['y:0']));
    expect([outputs[0]!.data[0], refusals < 0, session.lost]).toEqual([4 * 2_600, true, undefined]);
    engine.dispose();
  });

  it('C14: a wasm kernel that traps: the instance is lost, and a new one starts', async () => {
    const engine = await start('wasm');
    const session = await engine.open(engineModel(addModel()));
    const trap = () => {
      throw new WebAssembly.RuntimeError('memory access out of bounds');
    };
    const backend = findBackend('wasm') as KernelBackend & { wasm: { _free: unknown; tfjs: { dispose: unknown } } };
    vi.spyOn(backend, 'read').mockImplementation(trap);
    Object.assign(backend.wasm, { _free: trap });
    Object.assign(backend.wasm.tfjs, { dispose: trap });
    const run = () => session.run(call([feed('x', [1, 4], [0, 0, 0, 0])], ['y:0']));
    expect(await rejection(run())).toMatchObject({ code: 'backend-rejected', message: expect.stringContaining('out of bounds') });
    expect(session.lost).toBeDefined();
    expect(await rejection(run())).toMatchObject({ code: 'backend-rejected' });
    const next = await start('wasm');
    session.dispose();
    engine.dispose();
    const again = await next.open(engineModel(addModel()));
    expect((await again.run(call([feed('x', [1, 4], [1, 1, 1, 1])], ['y:0']))).outputs[0]!.data[3]).toBe(5);
    next.dispose();
  });

  it.each(['Array buffer allocation failed', 'Invalid typed array length: 4294967296'])('in JavaScript: %s', async (message) => {
    const engine = await start('cpu');
    const session = await engine.open(engineModel(addModel()));
    vi.spyOn(findBackend('cpu'), 'write').mockImplementation(() => {
      throw new RangeError(message);
    });
    expect(await rejection(session.run(call([feed('x', [1, 4], [0, 0, 0, 0])], ['y:0'])))).toMatchObject({ code: 'out-of-memory' });
    expect(await rejection(engine.open(engineModel(addModel())))).toMatchObject({ code: 'out-of-memory' });
    engine.dispose();
  });
});

describe('a wasm instance that traps', () => {
  afterEach(() => vi.restoreAllMocks());
  lossContract(
    () => start('wasm'),
    async (engine) => {
      const session = await engine.open(engineModel(addModel()));
      vi.spyOn(findBackend('wasm'), 'read').mockImplementation(() => {
        throw new WebAssembly.RuntimeError('memory access out of bounds');
      });
      await rejection(session.run(call([feed('x', [1, 4], [0, 0, 0, 0])], ['y:0'])));
    },
  );
});

describe('the fake', () => {
  engineContract(async () => fakeEngine());
  lossContract(
    async () => fakeEngine(),
    (engine) => Object.assign(engine, { isLost: true }),
  );
});

describe('two backends in one thread', () => {
  const x = (index: number) => [feed('x', [1, 4], [index, 0, 0, 0])];

  it('start at the same time', async () => {
    for (let round = 0; round < 3; round++) {
      const engines = await Promise.all([start('cpu'), start('wasm')]);
      const sessions = await Promise.all(engines.map((engine) => engine.open(engineModel(addModel()))));
      const answers = await Promise.all(sessions.map((session) => session.run(call(x(round), ['y:0']))));
      expect(answers.map(({ outputs }) => outputs[0]!.data[0])).toEqual([round + 1, round + 1]);
      for (const engine of engines) engine.dispose();
    }
  });

  it('take turns, loops included, while others start and end', async () => {
    const [cpu, wasm] = await Promise.all([start('cpu'), start('wasm')]);
    const open = async (engine: Engine) => ({
      add: await engine.open(engineModel(addModel())),
      loop: await engine.open(engineModel(loopModel(), true)),
    });
    const sides = await Promise.all([open(cpu), open(wasm)]);
    const before = await tfjsMemory();
    const runs = Array.from({ length: 100 }, async (_, index) => {
      const { add, loop } = sides[index % 2]!;
      if (index % 3 === 0) {
        const { outputs } = await loop.run(call([feed('x', [1, 2], [index, 1])], ['loop:1']));
        return [outputs[0]!.data[0], 8 * index];
      }
      if (index === 50) {
        const third = await start('cpu');
        await third.open(engineModel(addModel()));
        third.dispose();
      }
      const { outputs } = await add.run(call(x(index), ['y:0']));
      return [outputs[0]!.data[0], index + 1];
    });
    for (const [got, wanted] of await Promise.all(runs)) expect(got).toBe(wanted);
    expect(await tfjsMemory()).toEqual(before);
    cpu.dispose();
    const { outputs } = await sides[1]!.add.run(call(x(7), ['y:0']));
    expect(outputs[0]!.data[0]).toBe(8);
    wasm.dispose();
  });

  it('of one name are one: the first goes on when the second ends', async () => {
    for (const backend of ['cpu', 'wasm'] as const) {
      const [first, second] = [await start(backend), await start(backend)];
      const sessions = [await first.open(engineModel(addModel())), await second.open(engineModel(addModel()))];
      second.dispose();
      expect((await sessions[0]!.run(call(x(1), ['y:0']))).outputs[0]!.data[0]).toBe(2);
      first.dispose();
    }
  });
});

it('a binary that is missing or broken is refused, and another backend starts', async () => {
  await expect(startLocalEngine({ engine: 'tfjs', backend: 'wasm' }, Promise.resolve({}))).rejects.toMatchObject({
    code: 'backend-unavailable',
  });
  const engine = await start('cpu');
  const session = await engine.open(engineModel(addModel()));
  expect((await session.run(call([feed('x', [1, 4], [1, 1, 1, 1])], ['y:0']))).outputs[0]!.data[0]).toBe(2);
  engine.dispose();
});

it('webgpu does not start in Node', async () => {
  await expect(start('webgpu')).rejects.toMatchObject({ code: 'backend-unavailable' });
});

/** The compiled engine behind the seam: weights as they come, batches, names, what a call may get wrong, and the end. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { ModuleBuilder } from '../../src/engines/compiled/asm/module.js';
import { i32 } from '../../src/engines/compiled/asm/scalar.js';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import type { ModelGraph } from '../../src/engines/compiled/make-plan.js';
import { type CompiledPlan, PLAN_SECTION } from '../../src/engines/compiled/plan.js';
import { start } from '../../src/engines/compiled/wasm.js';
import type { Engine, Session } from '../../src/engines/engine.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { constantOf, storedBytes } from '../../src/graph/constant.js';
import type { DataType } from '../../src/graph/element-type.js';
import type { Constant, Graph, Storage, TypedValue } from '../../src/graph/graph.js';
import { multiply, openSize, type Size } from '../../src/graph/size.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Feed } from '../../src/preprocess/feed.js';
import { rest } from '../fixtures/fakes.js';
import { expectedOf } from '../kernels/run.js';
import { feedOf, packed } from './compiled.js';

const ORIGIN = { format: 'pannier', op: 'test', name: 'node' } as const;
const DEADLINE_MS = 1_000;

const floats = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dataType: 'float32',
  shape,
  data: Float32Array.from(values),
});

/** Numbers that differ, of both signs. */
const somewhat = (shape: readonly number[]): Tensor =>
  floats(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, index) => ((index * 37) % 19) / 4 - 2),
  );

/** The bytes in pieces of a size. */
const cut = (bytes: Uint8Array, size: number): ArrayBuffer[] =>
  Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, piece) => Uint8Array.from(bytes.subarray(piece * size, (piece + 1) * size)).buffer,
  );

interface Opening {
  readonly engine?: Engine;
  readonly shardBytes?: number;
  readonly model?: ModelGraph & { readonly shard: Uint8Array };
}

async function open(graph: Graph, { engine, shardBytes = 1_000, model = packed(graph) }: Opening = {}): Promise<Session> {
  const { bytes } = compileModel(model, 'simd');
  const weights = cut(model.shard, shardBytes);
  return (engine ?? (await start({}))).open({ name: 'tested', graph: bytes.buffer, weights, controlFlow: false });
}

const run = async (session: Session, feeds: readonly Feed[], ...outputs: readonly string[]) =>
  (await session.run({ feeds, outputs, deadlineMs: DEADLINE_MS })).outputs;

/** `x · weight`, in rows of an open batch. */
function product(batch: Size = openSize('batch')): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [batch, 3] });
  const bias = builder.input('bias', { dataType: 'float32', shape: [5] });
  const weight = builder.constant(constantOf('weight', somewhat([3, 5])));
  const made = builder.op('matmul', [x, weight], {}, ORIGIN, 'made');
  return builder.build([builder.op('add', [made, bias], {}, ORIGIN, 'sum'), x]);
}

/** A constant of random bytes in a storage. */
function stored(name: string, dataType: DataType, shape: readonly number[], storage: Storage): Constant {
  const most = dataType === 'bool' ? 2 : 120;
  const bytes = Uint8Array.from({ length: storedBytes(dataType, shape, storage) }, (_, index) => (index * 151 + 43) % most);
  return { value: { name, type: { dataType, shape } }, bytes, storage };
}

const CONSTANTS: readonly Constant[] = [
  stored('plain', 'float32', [6], { kind: 'plain' }),
  stored('half', 'float32', [6], { kind: 'float16' }),
  stored('bytes', 'float32', [6], { kind: 'uint8', scale: 0.25, min: -3 }),
  stored('words', 'float32', [6], { kind: 'uint16', scale: 0.001, min: 1 }),
  stored('whole bytes', 'int32', [6], { kind: 'uint8', scale: 1, min: -7 }),
  stored('channels', 'float32', [2, 3], { kind: 'int8', axis: 1 }),
  stored('matrix', 'float32', [6, 9], { kind: 'int8', axis: 0 }),
  stored('whole', 'int32', [6], { kind: 'plain' }),
  stored('booleans', 'bool', [6], { kind: 'plain' }),
  stored('small', 'int8', [6], { kind: 'plain' }),
  stored('short', 'int16', [6], { kind: 'plain' }),
];

/** Each constant leaves the graph as an output, and the matrix is multiplied with. */
function stores(): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [2, 6] });
  const values = CONSTANTS.map((each) => builder.constant(each));
  const matrix = values.find(({ name }) => name === 'matrix') as TypedValue;
  return builder.build([...values, builder.op('matmul', [x, matrix], {}, ORIGIN, 'made')]);
}

it.each([1, 7, 64, 10_000])('weights of every storage come in shards of %i bytes', async (shardBytes) => {
  const graph = stores();
  // Pieces lie in the order of the shards, not of the graph, with other bytes between them.
  const pieces = graph.constants.toReversed().map(({ bytes }) => Uint8Array.of(...bytes, 9, 9, 9));
  const offsets = pieces.map((_, index) => pieces.slice(0, index).reduce((end, { length }) => end + length, 0)).toReversed();
  const model = { ...packed(graph), offsets, shard: Uint8Array.from(pieces.flatMap((piece) => [...piece])) };
  const session = await open(graph, { shardBytes, model });
  const x = somewhat([2, 6]);
  const got = await run(session, [feedOf('input 0', x)], ...model.outputs);
  const wanted = expectedOf(graph, { x });
  for (const [index, { data, shape }] of wanted.entries()) {
    expect(got[index]!.shape).toEqual(shape);
    for (const [place, value] of data.entries()) expect(got[index]!.data[place]).toBeCloseTo(value, 3);
  }
  expect(got.map(({ dtype }) => dtype)).toContain('int8');
});

it('two constants may have the same bytes', async () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [2] });
  const constant = constantOf('row', floats([2], [3, 4]));
  const sum = builder.op('add', [x, builder.constant(constant)], {}, ORIGIN);
  const graph = builder.build([builder.op('mul', [sum, builder.constant(constant)], {}, ORIGIN, 'made')]);
  const model = { ...packed(graph), offsets: [1, 1], shard: Uint8Array.of(0, ...constant.bytes) };
  const session = await open(graph, { shardBytes: 4, model });
  const [made] = await run(session, [feedOf('input 0', floats([2], [1, 1]))], 'output 0');
  expect([...made!.data]).toEqual([12, 20]);
});

it('shards are asked for one at a time, and must bring all weights', async () => {
  const graph = product(1);
  const model = packed(graph);
  const engine = await start({});
  const { bytes } = compileModel(model, 'simd');
  const asked: number[] = [];
  async function* weights(): AsyncGenerator<ArrayBuffer> {
    for (const shard of cut(model.shard, 20).slice(0, -1)) {
      asked.push(shard.byteLength);
      yield shard;
    }
  }
  const opening = engine.open({ name: 'short', graph: bytes.buffer, weights: weights(), controlFlow: false });
  await expect(opening).rejects.toMatchObject({ code: 'predict', message: expect.stringContaining('end at byte 40') });
  expect(asked).toEqual([20, 20]);
  const failure = new Error('no network');
  const failing = async function* () {
    yield model.shard.buffer;
    throw failure;
  };
  await expect(engine.open({ name: 'failing', graph: bytes.buffer, weights: failing(), controlFlow: false })).rejects.toBe(failure);
});

it('a batch is as many runs as it has rows', async () => {
  const session = await open(product());
  const bias = feedOf('input 1', somewhat([5]));
  const x = somewhat([3, 3]);
  const [together, given] = await run(session, [bias, feedOf('input 0', x)], 'output 0', 'output 1');
  expect(together!.shape).toEqual([3, 5]);
  expect(given!.data).toEqual(x.data);
  for (let row = 0; row < 3; row++) {
    const one = floats([1, 3], [...x.data.subarray(row * 3, row * 3 + 3)]);
    const [alone] = await run(session, [bias, feedOf('input 0', one)], 'output 0');
    expect(alone!.shape).toEqual([1, 5]);
    expect([...alone!.data]).toEqual([...together!.data.subarray(row * 5, row * 5 + 5)]);
  }
  const [wanted] = expectedOf(product(), { x, bias: somewhat([5]) });
  for (const [place, value] of wanted!.data.entries()) expect(together!.data[place]).toBeCloseTo(value, 5);
  const [none] = await run(session, [bias, feedOf('input 0', floats([0, 3], []))], 'output 0');
  expect(none).toEqual({ dtype: 'float32', shape: [0, 5], data: new Float32Array(), finite: true });
});

it('answers come in the order of their names, each in memory of its own', async () => {
  const session = await open(product(1));
  const feeds = [feedOf('input 0', floats([1, 3], [1, Number.NaN, 0])), feedOf('input 1', somewhat([5]))];
  const result = await session.run({ feeds, outputs: ['output 1', 'output 0', 'output 1'], deadlineMs: DEADLINE_MS });
  const [first, made, second] = result.outputs;
  expect([first!.shape, made!.shape, second!.shape]).toEqual([
    [1, 3],
    [1, 5],
    [1, 3],
  ]);
  expect(first!.data.buffer).not.toBe(second!.data.buffer);
  expect(first!.shape).not.toBe(second!.shape);
  expect(made!.finite).toBe(false);
  expect(result).toMatchObject({ cold: true, prepareMs: expect.any(Number), computeMs: expect.any(Number), readMs: expect.any(Number) });
  expect(await session.run({ feeds, outputs: [], deadlineMs: DEADLINE_MS })).toMatchObject({ cold: false, outputs: [] });
});

it('a picture becomes numbers', async () => {
  const builder = new GraphBuilder();
  const photo = builder.input('photo', { dataType: 'uint8', shape: [1, 1, 2, 3] });
  const session = await open(builder.build([builder.op('cast', [photo], { to: 'float32' }, ORIGIN, 'made'), photo]));
  const picture = { data: Uint8Array.of(10, 20, 30, 255, 40, 50, 60, 255), width: 2, height: 1 };
  const image = {
    layout: 'nhwc',
    width: 2,
    height: 1,
    channels: 'rgb',
    scale: [1, 1, 1],
    offset: [0, 0, 0],
    filter: 'area',
    fit: 'stretch',
  } as const;
  const map = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };
  const feed: Feed = { kind: 'picture', name: 'input 0', dtype: 'int32', shape: [1, 1, 2, 3], picture, image, map };
  const [made, same] = await run(session, [feed], 'output 0', 'output 1');
  expect([...made!.data]).toEqual([10, 20, 30, 40, 50, 60]);
  expect(same).toMatchObject({ dtype: 'uint8', data: Uint8Array.of(10, 20, 30, 40, 50, 60) });
});

it.each<[string, readonly Feed[], string]>([
  ['a missing input', [], '"input 0" is missing'],
  ['another rank', [feedOf('input 0', floats([3], [1, 2, 3]))], 'should have shape [?, 3]'],
  ['another size', [feedOf('input 0', floats([1, 4], [1, 2, 3, 4]))], 'should have shape [?, 3], but has shape [1, 4]'],
  ['a negative size', [feedOf('input 0', { ...floats([-1, 3], []), data: new Float32Array(3) })], 'should have -3 values'],
  ['too few values', [feedOf('input 0', { ...floats([2, 3], []), data: new Float32Array(3) })], 'should have 6 values, but has 3'],
  ['another type', [feedOf('input 0', { dataType: 'int32', shape: [1, 3], data: new Int32Array(3) })], 'should be float32, but is int32'],
  ['an unknown input', [feedOf('nobody', floats([1], [1]))], '"nobody" is none of the model'],
])('%s is refused', async (_what, feeds, message) => {
  const session = await open(product());
  const bias = feedOf('input 1', somewhat([5]));
  await expect(run(session, [bias, ...feeds], 'output 0')).rejects.toMatchObject({
    code: 'input',
    message: expect.stringContaining(message),
  });
  const right = feedOf('input 0', somewhat([1, 3]));
  await expect(run(session, [bias, right], 'nothing')).rejects.toMatchObject({
    code: 'predict',
    message: expect.stringContaining('"nothing"'),
  });
  expect((await run(session, [bias, right], 'output 0'))[0]!.shape).toEqual([1, 5]);
});

it('two models run on one engine, and end with it', async () => {
  const engine = await start({});
  const [first, second] = [await open(product(), { engine }), await open(product(2), { engine })];
  const feeds = [feedOf('input 0', somewhat([2, 3])), feedOf('input 1', somewhat([5]))];
  expect((await run(first, feeds, 'output 0'))[0]).toEqual((await run(second, feeds, 'output 0'))[0]);
  first.dispose();
  first.dispose();
  await expect(run(first, feeds, 'output 0')).rejects.toMatchObject({ code: 'disposed' });
  expect((await run(second, feeds, 'output 0'))[0]!.shape).toEqual([2, 5]);
  engine.dispose();
  await expect(run(second, feeds, 'output 0')).rejects.toMatchObject({ code: 'disposed' });
  await expect(open(product(), { engine })).rejects.toMatchObject({ code: 'disposed' });
});

it('the host computes what has no kernel, and what has sizes that values decide', async () => {
  const builder = new GraphBuilder();
  const pictures = builder.input('pictures', { dataType: 'float32', shape: [1, 4, 4, 2] });
  const normalized = builder.op('layerNormalization', [pictures, null, null], { axes: [2, 1], epsilon: 1e-5 }, ORIGIN, 'normalized');
  const doubled = builder.op('add', [normalized, normalized], {}, ORIGIN, 'doubled');
  const above = builder.op('greater', [doubled, builder.number('float32', 0)], {}, ORIGIN, 'above');
  const found = builder.op('nonzero', [above], { countName: 'count' }, ORIGIN, 'found');
  const graph = builder.build([doubled, found, found]);
  const model = packed(graph);
  const { plan } = compileModel(model, 'simd');
  expect(plan.hostParts).toHaveLength(1);
  expect(plan.variants[0].tail).not.toBeNull();
  const feed = somewhat([1, 4, 4, 2]);
  const session = await open(graph);
  const got = await run(session, [feedOf('input 0', feed)], ...model.outputs);
  const wanted = expectedOf(graph, { pictures: feed });
  expect(got.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
  expect(wanted[1]!.data.length).toBeGreaterThan(0);
  for (const index of [1, 2]) expect([...got[index]!.data]).toEqual([...wanted[index]!.data]);
  for (const [place, value] of wanted[0]!.data.entries()) expect(got[0]!.data[place]).toBeCloseTo(value, 5);
});

it('a session that was disposed holds no memory, though somebody holds the session', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const { instantiate } = WebAssembly;
  let memory: WeakRef<WebAssembly.Memory> | undefined;
  // A spy would hold what it gave.
  const watched = async (module: WebAssembly.Module, imports?: WebAssembly.Imports) => {
    const instance = await instantiate(module, imports);
    memory = new WeakRef(instance.exports['memory'] as WebAssembly.Memory);
    return instance;
  };
  Object.assign(WebAssembly, { instantiate: watched });
  const session = await open(product());
  Object.assign(WebAssembly, { instantiate });
  await rest();
  collect();
  expect(memory?.deref() === undefined).toBe(false);
  session.dispose();
  await vi.waitFor(() => {
    collect();
    expect(memory?.deref() === undefined).toBe(true);
  });
  expect(session.lost).toBeUndefined();
});

/** A product, a softmax along an open axis, and a shape that hangs on it. */
function overWidth(): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [openSize('batch'), openSize('width'), 3] });
  const weight = builder.constant(constantOf('weight', somewhat([3, 16])));
  const made = builder.op('matmul', [x, weight], {}, ORIGIN, 'made');
  return builder.build([builder.op('softmax', [made], { axis: 1 }, ORIGIN, 'share')]);
}

it('a module has code for each choice of sizes, and one copy of the weights', async () => {
  const graph = overWidth();
  const model = packed(graph);
  const sizes = [2, 7].map((width) => new Map([['width', width]]));
  const { bytes, plan } = compileModel(model, 'simd', {}, sizes);
  const alone = compileModel(model, 'simd', {}, sizes.slice(1));
  expect([plan.weights, plan.arenaBytes]).toEqual([alone.plan.weights, alone.plan.arenaBytes]);
  const engine = await start({});
  const session = await engine.open({ name: 'tested', graph: bytes.buffer, weights: [model.shard.buffer], controlFlow: false });
  const cold: boolean[] = [];
  for (const shape of [
    [1, 7, 3],
    [2, 2, 3],
    [3, 7, 3],
  ]) {
    const x = somewhat(shape);
    const { outputs, cold: isCold } = await session.run({ feeds: [feedOf('input 0', x)], outputs: ['output 0'], deadlineMs: DEADLINE_MS });
    cold.push(isCold);
    const [wanted] = expectedOf(graph, { x });
    expect(outputs[0]!.shape).toEqual(wanted!.shape);
    for (const [place, value] of wanted!.data.entries()) expect(outputs[0]!.data[place]).toBeCloseTo(value, 6);
  }
  expect(cold).toEqual([true, true, false]);
  await expect(run(session, [feedOf('input 0', somewhat([1, 4, 3]))], 'output 0')).rejects.toMatchObject({ code: 'input' });
  session.dispose();
});

/** A module with a plan, and `run` as it is written. */
function moduleOf(plan: Partial<CompiledPlan>, address: number): ArrayBuffer {
  const module = new ModuleBuilder();
  module.memory(1);
  const nothing = module.function(['i32'], undefined, (body) => body.store(i32.const(address), i32.const(1)));
  module.export('run', nothing);
  module.export('interleave', nothing);
  const variants = [{ inputs: [], outputs: [], tail: null }];
  const whole = { variants, weights: [], arenaAddress: 0, arenaBytes: 0, hostParts: [], ...plan };
  module.custom(PLAN_SECTION, JSON.stringify(whole));
  return module.bytes.buffer;
}

it('what is wrong with a module is said in terms of the model', async () => {
  const engine = await start({});
  const opened = (graph: ArrayBuffer) => engine.open({ name: 'odd', graph, weights: [], controlFlow: false });
  await expect(opened(new ModuleBuilder().bytes.buffer)).rejects.toMatchObject({
    code: 'manifest',
    message: expect.stringContaining('"odd"'),
  });
  await expect(opened(new ArrayBuffer(5))).rejects.toMatchObject({ code: 'predict', message: expect.stringContaining('"odd"') });
  const session = await opened(moduleOf({}, 70_000));
  await expect(run(session, [])).rejects.toMatchObject({ code: 'predict', message: expect.stringContaining('"odd" failed: it trapped') });
  expect(await run(await opened(moduleOf({}, 1_000)), [])).toEqual([]);
  const refused = vi.spyOn(WebAssembly, 'instantiate').mockRejectedValueOnce(new RangeError('could not allocate memory') as never);
  await expect(opened(moduleOf({}, 1_000))).rejects.toMatchObject({ code: 'out-of-memory' });
  refused.mockRestore();
});

it('an engine needs SIMD', async () => {
  const validate = vi.spyOn(WebAssembly, 'validate').mockReturnValueOnce(false);
  await expect(start({})).rejects.toMatchObject({ code: 'backend-unavailable' });
  validate.mockRestore();
});

/** A graph of one node over an input of a shape. */
function unary(shape: readonly Size[], build: (builder: GraphBuilder, x: TypedValue) => readonly TypedValue[]): Graph {
  const builder = new GraphBuilder();
  return builder.build(build(builder, builder.input('x', { dataType: 'float32', shape })));
}

it.each<[string, Graph, string]>([
  ['a size that is no batch', unary([1, openSize('width')], (_, x) => [x]), 'Input "input 0" is [1, width]'],
  ['two open sizes', unary([openSize('batch'), openSize('width')], (_, x) => [x]), 'Input "input 0" is [batch, width]'],
  [
    'an output of more rows',
    unary([openSize('batch'), 2], (builder, x) => [builder.op('reshape', [x], { newShape: [multiply(openSize('batch'), 2)] }, ORIGIN)]),
    'Output "output 0" is [2*batch]',
  ],
  ['an output without rows', unary([openSize('batch'), 2], (builder, x) => [x, builder.number('float32', 1)]), 'Output "output 1" is []'],
  [
    'a sum of all rows',
    unary([openSize('batch'), 2], (builder, x) => [
      builder.op('sub', [x, builder.op('reduceMean', [x], { axes: [0], keepDimensions: true }, ORIGIN, 'mean')], {}, ORIGIN, 'made'),
    ]),
    'Node "node" (test) computes with several rows of the open batch "batch" at once',
  ],
  [
    'the first of all rows',
    unary([openSize('batch'), 2], (builder, x) => {
      const first = builder.op('slice', [x], { starts: [0, 0], sizes: [1, 2], strides: [1, 1] }, ORIGIN, 'first');
      return [builder.op('sub', [x, first], {}, ORIGIN, 'made')];
    }),
    'computes with several rows',
  ],
  [
    'a softmax over rows',
    unary([openSize('batch'), 2], (builder, x) => [builder.op('softmax', [x], { axis: 0 }, ORIGIN, 'made')]),
    'computes with several rows',
  ],
  [
    'a product of rows with each other',
    unary([openSize('batch'), 2], (builder, x) => {
      const columns = builder.op('transpose', [x], { permutation: [1, 0] }, ORIGIN, 'columns');
      const pairs = builder.op('matmul', [x, columns], {}, ORIGIN, 'pairs');
      return [builder.op('matmul', [pairs, x], {}, ORIGIN, 'made')];
    }),
    'computes with several rows',
  ],
  [
    'a size that values decide',
    unary([openSize('batch'), 2], (builder, x) => {
      const above = builder.op('greater', [x, builder.number('float32', 0)], {}, ORIGIN, 'above');
      return [builder.op('nonzero', [above], { countName: 'count' }, ORIGIN, 'made')];
    }),
    'computes with several rows',
  ],
  [
    'a graph that needs too much memory',
    unary([700_000_000], (builder, x) => [builder.op('sqrt', [x], {}, ORIGIN, 'made')]),
    'bytes of memory; a module has at most 2147483648',
  ],
])('%s is not compiled', (_what, graph, message) => {
  expect(() => compileModel(packed(graph), 'simd')).toThrow(
    expect.objectContaining({ code: 'model-format', message: expect.stringContaining(message) }),
  );
});

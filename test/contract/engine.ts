/** What every engine promises, whichever backend it runs on. */
import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/base/dtype.js';
import { DTYPES } from '../../src/base/dtype.js';
import type { Call, Engine, EngineModel, Session } from '../../src/engines/engine.js';
import type { NamedNodes } from '../../src/engines/tfjs/graph-file.js';
import type { Feed, TensorFeed } from '../../src/preprocess/feed.js';
import { deferred, rejection, rest } from '../fixtures/fakes.js';
import { addModel, constant, loopModel, op, placeholder, type RawModel, tokensModel, twoInputModel } from '../fixtures/models.js';
import type { BreakStep } from '../fixtures/steps.js';
import type { ReadMemory } from '../fixtures/tfjs-memory.js';

/** A hand-made model as an engine takes it: tight buffers of its own, every time. Its inputs and outputs go by their nodes' names. */
export function engineModel({ json, files }: RawModel, controlFlow = false, nodes: NamedNodes = nodesOf(json)): EngineModel {
  return {
    name: 'tiny',
    graph: graphOf({ ...json, nodes }),
    weights: json.weightsManifest.flatMap(({ paths }) => paths).map((path) => Uint8Array.from(files[path]!).buffer),
    controlFlow,
  };
}

const graphOf = (file: object): ArrayBuffer => new TextEncoder().encode(JSON.stringify(file)).buffer;

function nodesOf({ modelTopology: { node } }: RawModel['json']): NamedNodes {
  const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, name]));
  const nodes = node.map(({ name }) => name as string);
  return { inputs: named(nodes), outputs: named(nodes.flatMap((name) => [`${name}:0`, `${name}:1`])) };
}

export function feed(name: string, shape: readonly number[], values: readonly number[], dtype: DType = 'float32'): TensorFeed {
  return { kind: 'tensor', name, dtype, shape, data: DTYPES[dtype].from(values) };
}

/** One run, with time enough. */
export const call = (feeds: readonly Feed[], outputs: readonly string[]): Call => ({ feeds, outputs, deadlineMs: 30_000 });

const float = { T: { type: 'DT_FLOAT' } };

/** y = x and z = w, straight through; both = x + w. */
function identityModel(): RawModel {
  const model = addModel();
  model.json.signature = undefined;
  model.json.modelTopology.node.push(op('same', 'Identity', ['x'], float), op('weight', 'Identity', ['w'], float));
  return model;
}

/** p × q of open sizes: shapes that do not fit throw in the kernel, after r = p + 1 was made. */
export function productModel(): RawModel {
  return {
    json: {
      modelTopology: {
        node: [
          placeholder('p', [-1, -1]),
          placeholder('q', [-1, -1]),
          constant('one'),
          op('r', 'AddV2', ['p', 'one'], float),
          op('s', 'Mul', ['r', 'r'], float),
          op('y', 'MatMul', ['s', 'q'], { ...float, transpose_a: { b: false }, transpose_b: { b: false } }),
        ],
        versions: {},
      },
      weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'one', shape: [], dtype: 'float32' }] }],
    },
    files: { 'w.bin': new Uint8Array(Float32Array.of(1).buffer) },
  };
}

/** y = x + a + b + c, whose weights lie in four shards: a in one, b in two, c in two. */
function shardedModel(): RawModel {
  const { json } = addModel();
  const names = ['a', 'b', 'c'];
  const sums = names.map((name, index) => op(index === 2 ? 'y' : `with${name}`, 'AddV2', [['x', 'witha', 'withb'][index]!, name], float));
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400).buffer);
  const cuts = [0, 16, 26, 40, 48];
  const paths = ['0.bin', '1.bin', '2.bin', '3.bin'];
  const weights = names.map((name) => ({ name, shape: [1, 4], dtype: 'float32' as const }));
  return {
    json: {
      ...json,
      modelTopology: { node: [placeholder('x', [1, 4]), ...names.map((name) => constant(name)), ...sums], versions: {} },
      weightsManifest: [{ paths, weights }],
    },
    files: Object.fromEntries(paths.map((path, index) => [path, bytes.subarray(cuts[index], cuts[index + 1])])),
  };
}

/** `loopModel`, whose body multiplies by q: a q that does not fit throws in the second round of the loop. */
function failingLoop(): RawModel {
  const model = loopModel();
  const nodes = model.json.modelTopology.node;
  nodes.push(placeholder('q', [-1, -1]), op('before', 'AddV2', ['x', 'x'], float), op('loops', 'AddV2', ['loop:1', 'before'], float));
  nodes.push(op('product', 'MatMul', ['loops', 'q'], { ...float, transpose_a: { b: false }, transpose_b: { b: false } }));
  return model;
}

const values = async (session: Session, feeds: readonly Feed[], outputs: readonly string[]) =>
  (await session.run(call(feeds, outputs))).outputs.map(({ data }) => [...data]);

const x = (...given: number[]) => [feed('x', [1, 4], given)];

const TOKENS = ['tokens:0', 'pairs:0', 'pooled:0', 'mean:0', 'halves:0'];

/** What holds for anything that says it is an engine. @param open gives a started engine */
export function engineContract(open: () => Promise<Engine>): void {
  it('answers, with shape, dtype and times', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(addModel()));
    const { outputs, prepareMs, computeMs, readMs, cold } = await session.run(call(x(1, 1, 1, 1), ['y:0']));
    expect(outputs).toMatchObject([{ dtype: 'float32', shape: [1, 4], data: Float32Array.of(2, 3, 4, 5) }]);
    for (const time of [prepareMs, computeMs, readMs ?? 0]) expect(time).toBeGreaterThanOrEqual(0);
    expect([cold, session.lost]).toEqual([true, undefined]);
    session.dispose();
    engine.dispose();
  });

  it('takes nothing away: the same call answers again', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(addModel()));
    const again = call(x(1, 1, 1, 1), ['y:0']);
    for (let round = 0; round < 3; round++) expect((await session.run(again)).outputs[0]!.data).toEqual(Float32Array.of(2, 3, 4, 5));
    expect((again.feeds[0] as TensorFeed).data).toEqual(Float32Array.of(1, 1, 1, 1));
    session.dispose();
    engine.dispose();
  });

  it('is cold for the first of each shape, and of each choice of outputs', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(twoInputModel()));
    const run = async (rows: number, outputs = ['total:0']) => {
      const [a, b] = [feed('a', [rows, 3], Array(rows * 3).fill(1)), feed('b', [rows, 3], Array(rows * 3).fill(2), 'int32')];
      return (await session.run(call([a, b], outputs))).cold;
    };
    expect([await run(1), await run(1), await run(2), await run(1), await run(2)]).toEqual([true, false, true, false, false]);
    const both = ['total:0', 'cast:0'];
    expect([await run(1, both), await run(1, both), await run(1)]).toEqual([true, false, false]);
    session.dispose();
    engine.dispose();
  });

  it('serves several sessions, and one that is disposed leaves the others alone', async () => {
    const engine = await open();
    const one = await engine.open(engineModel(addModel([1, 4], Float32Array.of(1, 1, 1, 1))));
    const ten = await engine.open(engineModel(addModel([1, 4], Float32Array.of(10, 10, 10, 10))));
    const runs = Array.from({ length: 10 }, (_, index) => values(index % 2 === 0 ? one : ten, x(index, 0, 0, 0), ['y:0']));
    for (const [index, [answer]] of (await Promise.all(runs)).entries()) expect(answer![0]).toBe(index + (index % 2 === 0 ? 1 : 10));
    one.dispose();
    one.dispose();
    expect(await values(ten, x(1, 2, 3, 4), ['y:0'])).toEqual([[11, 12, 13, 14]]);
    ten.dispose();
    engine.dispose();
  });

  it('lets a run that is under way end, and refuses one after dispose', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(addModel()));
    const running = session.run(call(x(1, 1, 1, 1), ['y:0']));
    // Its turn has come, and it goes on.
    await new Promise((resolve) => setImmediate(resolve));
    session.dispose();
    await running.catch((thrown) => expect(thrown).toMatchObject({ code: 'disposed' }));
    expect(await rejection(session.run(call(x(1, 1, 1, 1), ['y:0'])))).toMatchObject({ name: 'PannierError', code: 'disposed' });
    engine.dispose();
  });

  it('ends with its sessions, twice if asked, and starts again; that is no loss', async () => {
    const losses: unknown[] = [];
    for (let round = 0; round < 3; round++) {
      const engine = await open();
      void engine.whenLost.then((loss) => losses.push(loss));
      const session = await engine.open(engineModel(addModel()));
      expect(await values(session, x(0, 0, 0, round), ['y:0'])).toEqual([[1, 2, 3, 4 + round]]);
      engine.dispose();
      engine.dispose();
      session.dispose();
      expect(await rejection(session.run(call(x(1, 1, 1, 1), ['y:0'])))).toMatchObject({ name: 'PannierError', code: 'disposed' });
    }
    expect(losses).toEqual([]);
  });

  it('starts again while the one before is still ending', async () => {
    const first = await open();
    const session = await first.open(engineModel(addModel()));
    const running = values(session, x(1, 1, 1, 1), ['y:0']);
    await new Promise((resolve) => setImmediate(resolve));
    const ended = running.catch(() => undefined);
    first.dispose();
    const second = await open();
    await ended;
    const next = await second.open(engineModel(addModel()));
    expect(await values(next, x(1, 1, 1, 1), ['y:0'])).toEqual([[2, 3, 4, 5]]);
    second.dispose();
  });
}

/** What holds for an engine whose weights come one shard at a time, besides. @param memory how the tensors of its realm are counted */
export function streamContract(open: () => Promise<Engine>, memory: ReadMemory): void {
  const { weights: whole, ...model } = engineModel(shardedModel());
  const shards = () => [...(whole as ArrayBuffer[])].map((shard) => shard.slice(0));
  const fresh = () => ({ ...model, graph: model.graph.slice(0) });
  const zeros = () => x(0, 0, 0, 0);

  it('uploads what a shard holds before it asks for the next one', async () => {
    const engine = await open();
    const empty = (await memory()).tensors;
    const uploaded: number[] = [];
    async function* weights() {
      for (const shard of shards()) {
        uploaded.push((await memory()).tensors - empty);
        yield shard;
      }
      uploaded.push((await memory()).tensors - empty);
    }
    const session = await engine.open({ ...fresh(), weights: weights() });
    expect(uploaded).toEqual([0, 1, 1, 2, 3]);
    expect(await values(session, zeros(), ['y:0'])).toEqual([[111, 222, 333, 444]]);
    session.dispose();
    engine.dispose();
  });

  it.each([0, 1, 2, 3, 4])('leaves nothing behind where the bytes fail after %s shards, and says why as they do', async (count) => {
    const engine = await open();
    const empty = await memory();
    const reason = new Error('the tunnel');
    async function* weights() {
      yield* shards().slice(0, count);
      throw reason;
    }
    expect(await rejection(engine.open({ ...fresh(), weights: weights() }))).toBe(reason);
    await expect.poll(() => memory()).toEqual(empty);
    const session = await engine.open({ ...fresh(), weights: shards() });
    expect(await values(session, zeros(), ['y:0'])).toEqual([[111, 222, 333, 444]]);
    session.dispose();
    engine.dispose();
  });

  it('asks for no more where the graph cannot be read, nor for none where the shards end too soon', async () => {
    const engine = await open();
    const empty = await memory();
    let asked = 0;
    async function* weights() {
      asked++;
      yield shards()[0] as ArrayBuffer;
    }
    const graph = new TextEncoder().encode('{"weights').buffer;
    expect(await rejection(engine.open({ ...model, graph, weights: weights() }))).toMatchObject({ code: 'predict' });
    expect(asked).toBe(0);
    expect(await rejection(engine.open({ ...fresh(), weights: weights() }))).toMatchObject({
      code: 'predict',
      message: expect.stringContaining('the weight "b"'),
    });
    await expect.poll(() => memory()).toEqual(empty);
    engine.dispose();
  });

  it('runs other models while it waits for a shard', async () => {
    const engine = await open();
    const other = await engine.open(engineModel(addModel()));
    const gate = deferred();
    async function* weights() {
      const [first, ...others] = shards();
      yield first as ArrayBuffer;
      await gate.promise;
      yield* others;
    }
    const opening = engine.open({ ...fresh(), weights: weights() });
    for (let round = 0; round < 3; round++) expect(await values(other, x(round, 0, 0, 0), ['y:0'])).toEqual([[1 + round, 2, 3, 4]]);
    gate.resolve();
    expect(await values(await opening, zeros(), ['y:0'])).toEqual([[111, 222, 333, 444]]);
    engine.dispose();
  });

  it('ends with its engine, half-way', async () => {
    const engine = await open();
    const gate = deferred();
    async function* weights() {
      const [first, ...others] = shards();
      yield first as ArrayBuffer;
      gate.resolve();
      await rest();
      yield* others;
    }
    const opening = rejection(engine.open({ ...fresh(), weights: weights() }));
    await gate.promise;
    engine.dispose();
    expect(await opening).toMatchObject({ name: 'PannierError', code: 'disposed' });
    const next = await open();
    const session = await next.open({ ...fresh(), weights: shards() });
    expect(await values(session, zeros(), ['y:0'])).toEqual([[111, 222, 333, 444]]);
    session.dispose();
    next.dispose();
  });
}

/** What holds for an engine that can be lost, besides. @param lose breaks the backend of an engine that `open` gave */
export function lossContract(open: () => Promise<Engine>, lose: (engine: Engine) => unknown): void {
  it('tells of its loss, once, and nothing runs there any more', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(addModel()));
    let told = 0;
    void engine.whenLost.then(() => told++);
    expect(await values(session, x(1, 1, 1, 1), ['y:0'])).toEqual([[2, 3, 4, 5]]);
    expect([told, engine.isLost, session.lost]).toEqual([0, false, undefined]);
    await lose(engine);
    const { name, code } = await engine.whenLost;
    expect([name, session.lost?.code, engine.isLost]).toEqual(['PannierError', code, true]);
    expect(await rejection(session.run(call(x(1, 1, 1, 1), ['y:0'])))).toMatchObject({ name, code });
    session.dispose();
    engine.dispose();
    expect(told).toBe(1);
  });
}

/**
 * What holds for an engine that runs graphs, besides.
 * @param watch how its steps are watched once it has started
 * @param memory how the tensors of its realm are counted
 */
export function graphContract(open: () => Promise<Engine>, watch: () => Promise<BreakStep> | BreakStep, memory: ReadMemory): void {
  describe('M1: an exception between tensors, at any step of TF.js, leaves none behind', () => {
    it.each<[string, RawModel, () => Feed[], readonly string[]]>([
      ['one kernel', addModel(), () => x(1, 2, 3, 4), ['y:0']],
      ['several kernels', productModel(), () => [feed('p', [1, 2], [1, 2]), feed('q', [2, 1], [3, 4])], ['y:0', 's:0']],
      ['shapes and reductions', tokensModel(), () => [feed('ids', [1, 2], [1, 3], 'int32'), feed('mask', [1, 2], [1, 1])], TOKENS],
      ['weights in several shards', shardedModel(), () => x(1, 2, 3, 4), ['y:0']],
      ['a loop', loopModel(), () => [feed('x', [1, 2], [1, 2])], ['loop:1']],
    ])('%s', async (_what, model, feeds, outputs) => {
      const engine = await open();
      const breakStep = await watch();
      const empty = await memory();
      const openIt = () => engine.open(engineModel(model, model.json.modelTopology.library !== undefined));
      await breakStep(0);
      const session = await openIt();
      const opening = await breakStep(0);
      const right = await values(session, feeds(), outputs);
      const compilingAndRunning = await breakStep(0);
      expect(await values(session, feeds(), outputs)).toEqual(right);
      const running = await breakStep(0);
      expect(Math.min(opening, running - outputs.length)).toBeGreaterThan(0);
      const opened = await memory();
      for (let step = 1; step <= running; step++) {
        await breakStep(step);
        expect(await rejection(session.run(call(feeds(), outputs)))).toMatchObject({
          code: 'predict',
          message: expect.stringContaining('is broken'),
        });
        expect({ step, ...(await memory()) }).toEqual({ step, ...opened });
      }
      expect(await values(session, feeds(), outputs)).toEqual(right);
      // A first run may have all of it compiled before: what is thrown there is tried again. Every third step, for time.
      for (let step = 1; compilingAndRunning > running && step <= compilingAndRunning; step += 3) {
        const fresh = await openIt();
        await breakStep(step);
        await values(fresh, feeds(), outputs).catch((thrown) => expect(thrown).toMatchObject({ code: 'predict' }));
        await breakStep(0);
        expect(await values(fresh, feeds(), outputs)).toEqual(right);
        fresh.dispose();
        expect({ step, ...(await memory()) }).toEqual({ step, ...opened });
      }
      session.dispose();
      for (let step = 1; step <= opening; step++) {
        await breakStep(step);
        expect(await rejection(openIt())).toMatchObject({ code: 'predict', message: expect.stringContaining('is broken') });
        expect({ step, ...(await memory()) }).toEqual({ step, ...empty });
      }
      engine.dispose();
    });
  });

  it('takes bytes, which TF.js has as int32, and gives outputs of the element types that its file says', async () => {
    const engine = await open();
    const nodes = { inputs: { a: 'a', b: 'b' }, outputs: { total: 'total:0', cast: 'b:0' }, dtypes: { cast: 'int8' } } as const;
    const session = await engine.open(engineModel(twoInputModel(), false, nodes));
    const feeds = [feed('a', [1, 3], [1, 2, 3]), feed('b', [1, 3], [-100, 0, 100], 'int8')];
    const { outputs } = await session.run(call(feeds, ['total', 'cast']));
    expect(outputs).toMatchObject([
      { dtype: 'float32', data: Float32Array.of(-99, 2, 103) },
      { dtype: 'int8', data: Int8Array.of(-100, 0, 100) },
    ]);
    expect((feeds[1] as TensorFeed).data).toEqual(Int8Array.of(-100, 0, 100));
    session.dispose();
    engine.dispose();
  });

  it('takes inputs and gives outputs by the names of its signature, whichever nodes they are', async () => {
    const engine = await open();
    const nodes = { inputs: { b: 'a', a: 'b' }, outputs: { cast: 'total:0', total: 'cast:0' } };
    const session = await engine.open(engineModel(twoInputModel(), false, nodes));
    const feeds = [feed('a', [1, 3], [1, 2, 3], 'int32'), feed('b', [1, 3], [0.5, 0.5, 0.5])];
    expect(await values(session, feeds, ['total', 'cast'])).toEqual([
      [1, 2, 3],
      [1.5, 2.5, 3.5],
    ]);
    for (const [strange, outputs] of [
      [feed('b:0', [1, 3], [1, 2, 3]), ['cast']],
      [feeds[1]!, ['total:0']],
      [feeds[1]!, ['toString']],
    ] as const)
      expect(await rejection(session.run(call([feeds[0]!, strange], outputs)))).toMatchObject({ code: 'predict' });
    session.dispose();
    engine.dispose();
  });

  it('gives outputs in the order asked for, one twice, or none', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(identityModel()));
    const given = x(5, 6, 7, 8);
    expect(await values(session, given, ['weight:0', 'y:0', 'same:0'])).toEqual([
      [1, 2, 3, 4],
      [6, 8, 10, 12],
      [5, 6, 7, 8],
    ]);
    const twice = await session.run(call(given, ['y:0', 'y:0']));
    expect(twice.outputs.map(({ data }) => [...data])).toEqual([
      [6, 8, 10, 12],
      [6, 8, 10, 12],
    ]);
    expect(twice.outputs[0]!.data.buffer).not.toBe(twice.outputs[1]!.data.buffer);
    expect(await values(session, given, [])).toEqual([]);
    engine.dispose();
  });

  it('hands out memory that nobody else holds, also where an output is a weight or an input', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(identityModel()));
    const nodes = ['w:0', 'weight:0', 'same:0', 'x:0', 'y:0'];
    const wanted = [
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [5, 6, 7, 8],
      [6, 8, 10, 12],
    ];
    const before = await memory();
    for (let round = 0; round < 3; round++) {
      const given = x(5, 6, 7, 8);
      const { outputs } = await session.run(call(given, nodes));
      expect(outputs.map(({ data }) => [...data])).toEqual(wanted);
      const buffers = [...outputs.map(({ data }) => data.buffer), (given[0] as TensorFeed).data.buffer];
      expect(new Set(buffers).size).toBe(6);
      // What the caller does with them is the caller's matter.
      for (const { data } of outputs) {
        expect(data.byteLength).toBe(data.buffer.byteLength);
        data.fill(99);
        structuredClone(data.buffer, { transfer: [data.buffer] });
      }
    }
    expect(await memory()).toEqual(before);
    engine.dispose();
  });

  it('C15: says whether outputs are finite, by NaN and infinities of weights and of inputs', async () => {
    const engine = await open();
    const [whole, broken] = [
      await engine.open(engineModel(addModel())),
      await engine.open(engineModel(addModel([1, 4], Float32Array.of(1, Number.NaN, 3, 4)))),
    ];
    const finite = async (session: Session, ...given: number[]) => {
      const { outputs } = await session.run(call(x(...given), ['y:0', 'x:0']));
      return outputs.map((output) => output.finite);
    };
    expect(await finite(whole, 1, 2, 3, 4)).toEqual([true, true]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(await finite(whole, 1, 2, 3, value)).toEqual([false, false]);
    expect(await finite(broken, 1, 2, 3, 4)).toEqual([false, true]);
    expect(await finite(whole, 3e38, -3e38, 1e-45, -0)).toEqual([true, true]);
    engine.dispose();
  });

  it('runs loops', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(loopModel(), true));
    const before = await memory();
    for (let round = 0; round < 20; round++)
      expect(await values(session, [feed('x', [1, 2], [1, round])], ['loop:1'])).toEqual([[8, 8 * round]]);
    expect(await memory()).toEqual(before);
    session.dispose();
    engine.dispose();
  });

  it('leaves no tensor of a loop that throws', async () => {
    const engine = await open();
    const session = await engine.open(engineModel(failingLoop(), true));
    const before = await memory();
    for (let round = 0; round < 5; round++) {
      const bad = [feed('x', [1, 2], [1, 2]), feed('q', [3, 1], [1, 1, 1])];
      expect(await rejection(session.run(call(bad, ['product:0'])))).toMatchObject({ code: 'predict' });
      expect(await memory()).toEqual(before);
      const good = [feed('x', [1, 2], [1, 2]), feed('q', [2, 1], [1, 1])];
      expect(await values(session, good, ['product:0'])).toEqual([[30]]);
      expect(await memory()).toEqual(before);
    }
    engine.dispose();
  });

  it('holds exactly its weights, after 1 000 runs of which 300 throw', async () => {
    const engine = await open();
    const empty = await memory();
    const add = await engine.open(engineModel(addModel()));
    const product = await engine.open(engineModel(productModel()));
    const opened = await memory();
    expect(opened).toEqual({ tensors: empty.tensors + 2, bytes: empty.bytes + 20 });
    let failures = 0;
    for (let run = 0; run < 1_000; run++) {
      const kind = run % 10;
      const doomed =
        kind === 0
          ? add.run(call([feed('x', [2, 2], [1, 2, 3, 4])], ['y:0']))
          : kind === 1
            ? product.run(call([feed('p', [2, 3], Array(6).fill(1)), feed('q', [2, 2], [1, 2, 3, 4])], ['y:0']))
            : kind === 2
              ? add.run(call(x(1, 2, 3, 4), ['none:0']))
              : undefined;
      if (doomed !== undefined) {
        expect(await rejection(doomed)).toMatchObject({ name: 'PannierError', code: 'predict' });
        failures++;
      } else if (kind < 6) expect(await values(add, x(1, 2, 3, run), ['y:0'])).toEqual([[2, 4, 6, run + 4]]);
      else expect(await values(product, [feed('p', [1, 2], [0, 1]), feed('q', [2, 1], [1, run])], ['y:0'])).toEqual([[1 + 4 * run]]);
    }
    expect(failures).toBe(300);
    expect(await memory()).toEqual(opened);
    add.dispose();
    product.dispose();
    expect(await memory()).toEqual(empty);
    engine.dispose();
  });

  it('holds nothing of a model that was disposed while it ran, nor of one that would not open', async () => {
    const engine = await open();
    const empty = await memory();
    for (let round = 0; round < 20; round++) {
      const session = await engine.open(engineModel(round % 2 === 0 ? addModel() : loopModel(), round % 2 === 1));
      const running = session.run(round % 2 === 0 ? call(x(1, 2, 3, 4), ['y:0']) : call([feed('x', [1, 2], [1, 2])], ['loop:1']));
      if (round % 4 < 2) await new Promise((resolve) => setImmediate(resolve));
      session.dispose();
      await running.catch((thrown) => expect(thrown).toMatchObject({ code: 'disposed' }));
    }
    expect(await memory()).toEqual(empty);
    const short = engineModel(addModel());
    const broken = [
      { ...short, graph: new TextEncoder().encode('{"modelTopology":').buffer },
      { ...short, weights: [new ArrayBuffer(8)] },
      { ...short, weights: [] },
      engineModel({ ...addModel(), json: { ...addModel().json, modelTopology: { node: [op('y', 'NoSuchOp', ['x'])] } } }),
    ];
    for (const model of broken) {
      try {
        // TF.js may notice what is missing only when it runs.
        (await engine.open(model)).dispose();
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: 'PannierError', code: 'predict', message: expect.stringMatching(/"tiny"|the weight "w"/) });
      }
      expect(await memory()).toEqual(empty);
    }
    engine.dispose();
  });
}

/** Weights of 8 bits with a scale for each output channel: which axis, what is stored, what it costs, and how it leaves again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPackedGraph } from '../../apps/cli/packed-graph.js';
import { visitorAssets } from '../../src/engines/own-graph.js';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { decodeWeights } from '../../src/engines/tfjs/decode.js';
import type { Weight } from '../../src/formats/tfjs/weights.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { constantOf } from '../../src/graph/constant.js';
import type { TypedValue } from '../../src/graph/graph.js';
import { loadModel } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import { channelAxes } from '../../src/pack/model/channel-axes.js';
import { toInt8 } from '../../src/pack/weights/int8.js';
import { realModel, scratch } from '../fixtures/models.js';
import { pannierHere } from '../fixtures/terminal.js';
import { longTest } from '../tier.js';

const folder = scratch();

const weight = (shape: readonly number[], values: Float32Array): Weight => ({
  ...{ name: 'w', shape, dtype: 'float32' },
  bytes: new Uint8Array(values.buffer.slice(0)),
});
const decoded = (one: Weight) => [...decodeWeights([one], [new Uint8Array(one.bytes).buffer])][0]?.values as Float32Array;

describe('a stored weight', () => {
  it('holds zero exactly, and every value within half a step of its channel', () => {
    const given = fc.record({
      rows: fc.integer({ min: 5, max: 9 }),
      columns: fc.integer({ min: 1, max: 5 }),
      axis: fc.constantFrom(0, 1),
      values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }), { minLength: 45, maxLength: 45 }),
    });
    fc.assert(
      fc.property(given, ({ rows, columns, axis, values: some }) => {
        const values = Float32Array.from(some.slice(0, rows * columns));
        const stored = toInt8(weight([rows, columns], values), values, axis);
        if (stored === undefined) {
          // The scales would take what the values save.
          expect(4 * [rows, columns][axis]! + values.length).toBeGreaterThanOrEqual(4 * values.length);
          return;
        }
        const back = decoded(stored);
        const channelOf = (index: number) => (axis === 1 ? index % columns : Math.floor(index / columns));
        for (const [index, value] of values.entries()) {
          const largest = Math.max(...values.filter((_, other) => channelOf(other) === channelOf(index)).map(Math.abs));
          if (value === 0) expect(Math.abs(back[index] as number)).toBe(0);
          expect(Math.abs(value - (back[index] as number))).toBeLessThanOrEqual((largest / 127) * 0.500001 + 1e-30);
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });
  it('has a scale for each channel, however the channels differ', () => {
    const values = Float32Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? 1e-3 : 1000) * Math.sin(index));
    const back = decoded(toInt8(weight([32, 2], values), values, 1) as Weight);
    for (const [index, value] of values.entries())
      expect(Math.abs(value - (back[index] as number))).toBeLessThan(index % 2 === 0 ? 4.1e-6 : 4.1);
  });
  it('is none where a value is infinite', () => {
    const values = new Float32Array(64).fill(1);
    values[3] = Number.NEGATIVE_INFINITY;
    expect(toInt8(weight([32, 2], values), values, 1)).toBeUndefined();
  });
});

describe('the axis of the output channels', () => {
  const origin = { format: 'pannier', op: 'test', name: 'n' } as const;
  const windowed = { strides: [1, 1], dilations: [1, 1], padding: [0, 0, 0, 0], groups: 1 };
  function axesOf(shape: readonly number[], use: (graph: GraphBuilder, w: TypedValue) => readonly TypedValue[]) {
    const graph = new GraphBuilder();
    const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
    const w = graph.constant(constantOf('w', { dataType: 'float32', shape, data }));
    return channelAxes(graph.build(use(graph, w))).get('w');
  }
  const input = (graph: GraphBuilder, shape: readonly number[]) => graph.input('x', { dataType: 'float32', shape });
  const conv = (graph: GraphBuilder, w: TypedValue, channels: number, groups = 1) =>
    graph.op('conv2d', [input(graph, [1, 8, 8, channels]), w, null], { ...windowed, autoPad: 'sameUpper', groups }, origin);

  it('is found in time that grows with the takers of a value, not with their square', () => {
    // Their square is twenty billion, which the limit of a test does not wait for.
    const concats = (graph: GraphBuilder, w: TypedValue) =>
      Array.from({ length: 10 }, () => graph.op('concat', Array<TypedValue>(20_000).fill(w), { axis: 0 }, origin));
    expect(axesOf([1, 1], concats)).toBeUndefined();
  });
  it.each<[string, readonly number[], Parameters<typeof axesOf>[1], number | undefined]>([
    ['a convolution', [3, 3, 4, 5], (graph, w) => [conv(graph, w, 4)], 3],
    [
      "TF.js's depthwise filter",
      [3, 3, 4, 1],
      (graph, w) => [conv(graph, graph.op('reshape', [w], { newShape: [3, 3, 1, 4] }, origin), 4, 4)],
      2,
    ],
    [
      'a depthwise filter of two outputs each',
      [3, 3, 4, 2],
      (graph, w) => [conv(graph, graph.op('reshape', [w], { newShape: [3, 3, 1, 8] }, origin), 4, 4)],
      2,
    ],
    [
      'a filter in the order of PyTorch',
      [5, 4, 3, 3],
      (graph, w) => [conv(graph, graph.op('transpose', [w], { permutation: [2, 3, 1, 0] }, origin), 4)],
      0,
    ],
    ['a matrix', [6, 7], (graph, w) => [graph.op('matmul', [input(graph, [2, 6]), w], {}, origin)], 1],
    ['the first matrix of a product', [6, 7], (graph, w) => [graph.op('matmul', [w, input(graph, [7, 2])], {}, origin)], undefined],
    [
      'a matrix and its transpose, which disagree',
      [6, 6],
      (graph, w) => {
        const x = input(graph, [2, 6]);
        const turned = graph.op('transpose', [w], { permutation: [1, 0] }, origin);
        return [graph.op('matmul', [x, w], {}, origin), graph.op('matmul', [x, turned], {}, origin)];
      },
      undefined,
    ],
    ['a filter that is an output, too', [6, 7], (graph, w) => [graph.op('matmul', [input(graph, [2, 6]), w], {}, origin), w], undefined],
    ['a summand', [6, 7], (graph, w) => [graph.op('add', [input(graph, [6, 7]), w], {}, origin)], undefined],
  ])('of %s', (_what, shape, use, axis) => expect(axesOf(shape, use)).toBe(axis));
});

describe('a real model', () => {
  /** Above what a backend may be off: these tests compare two ways of storing. */
  const budget = { goldenError: 0.01 };
  let packed: Awaited<ReturnType<typeof pack>>;
  beforeAll(async () => {
    packed = await pack({ model: realModel('liveness'), out: join(folder, 'liveness'), quantize: 'int8', budget });
  });

  it('takes a quarter of float32, and moves its answers less than one scale for a weight does', async () => {
    const uint8 = await pack({ model: realModel('liveness'), out: join(folder, 'uint8'), quantize: 'uint8', budget });
    const [one, each] = [uint8.manifest.quantized!, packed.manifest.quantized!];
    expect(each.kinds['int8']?.weights).toBe(one.kinds['uint8']?.weights);
    expect(each.kinds['int8']!.bytes / one.kinds['uint8']!.bytes).toBeLessThan(1.05);
    expect(each.maxError).toBeLessThan(one.maxError);
    expect(packed.manifest.residentBytes).toBe(uint8.manifest.residentBytes);
  });
  it('answers as the graph that was packed, which says how its weights are stored', async () => {
    const graph = await readPackedGraph(packed.out, packed.manifest);
    expect(graph.constants.filter(({ storage }) => storage.kind === 'int8')).toHaveLength(5);
    const [[name, { shape }]] = Object.entries(packed.manifest.signature.inputs) as unknown as [[string, { shape: number[] }]];
    const sizes = shape.map((size) => size ?? 1);
    const data = Float32Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, (_, index) => (index % 100) / 100);
    const answers = openReference(graph).run(new Map([[graph.inputs[0]!.name, { dataType: 'float32', shape: sizes, data }]]));
    using model = await loadModel(packed.manifest, { backend: 'cpu' });
    const [got] = Object.values((await model.predict({ [name]: { data, shape: sizes } })).outputs);
    for (const [index, value] of [...answers.get(graph.outputs[0]!.name)!.data].entries()) expect(got?.data[index]).toBeCloseTo(value, 5);
  });
  it('has a model.js that names no weight', async () => {
    const text = readFileSync(join(packed.out, 'model.js'), 'utf8');
    for (const { value } of (await readPackedGraph(packed.out, packed.manifest)).constants) expect(text).not.toContain(value.name);
    expect(gzipSync(text, { level: 9 }).length).toBeLessThan(1_500);
  });
  it('is exported as float32, which TF.js reads', async () => {
    const target = join(folder, 'exported');
    expect(await pannierHere(['export', packed.out, '--to', 'tfjs', '--out', target])).toMatchObject({ status: 0, stderr: '' });
    const { weightsManifest } = JSON.parse(readFileSync(join(target, 'model.json'), 'utf8'));
    expect(weightsManifest[0].weights.filter((each: Weight) => each.quantization !== undefined)).toEqual([]);
    const again = await pack({ model: join(target, 'model.json'), out: join(folder, 'again') });
    expect(again.manifest.residentBytes).toBe(packed.manifest.residentBytes);
    const values = ({ golden }: typeof packed.manifest) => readFileSync(new URL(golden.asset.url()));
    expect(values(again.manifest).equals(values(packed.manifest))).toBe(true);
  });
});

// The reference takes seconds for each answer.
longTest('MoveNet: a model.js of at most 8 kB gzip, and a first visit of half the bytes', async ({ task }) => {
  const model = realModel('movenet-lightning');
  const before = await pack({ model, out: join(folder, 'movenet') });
  // Its error is above the tolerance: this test is about bytes alone.
  const { manifest, out, bytes } = await pack({ model, out: join(folder, 'movenet8'), quantize: 'int8', budget: { goldenError: 100 } });
  const modelJsBytes = gzipSync(readFileSync(join(out, 'model.js')), { level: 9 }).length;
  expect(modelJsBytes).toBeLessThanOrEqual(8_000);
  const visit = (packedModel: typeof manifest) => visitorAssets(packedModel).reduce((sum, asset) => sum + asset.bytes, 0);
  expect(visit(manifest)).toBeLessThan(visit(before.manifest) * 0.56);
  expect(bytes).toBeLessThan(before.bytes);
  task.meta.evidence = { modelJsBytes, visitBytes: visit(manifest), visitBytesBefore: visit(before.manifest) };
});

/** Every op in its corners, and random graphs, compiled: the module answers as the reference does. */
import { expect, it } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { randomFeeds, randomGraph } from '../fixtures/random-graph.js';
import { randomNetwork } from '../fixtures/random-network.js';
import type { Subject } from '../kernels/case.js';
import { allCases, casesOf, SUBJECTS } from '../kernels/cases.js';
import { asTfjs, unexplained } from '../kernels/noise.js';
import { expectedOf } from '../kernels/run.js';
import { LONG_MS, runs } from '../tier.js';
import { compiledAnswers, packed, problemsOf, rawOutput } from './compiled.js';

/** How many cases are tried of each that there is. */
const SHARE = runs(allCases().length, 1_500) / allCases().length;

/** Some cases of a subject, evenly chosen. */
const someOf = (subject: Subject) => casesOf(subject).filter((_, place) => Math.floor(place * SHARE) !== Math.floor((place - 1) * SHARE));

it.each(SUBJECTS)(
  '%s answers as the reference',
  async (subject) => {
    const wrong: string[] = [];
    for (const each of someOf(subject)) wrong.push(...(await problemsOf(each, 'simd')));
    expect(wrong).toEqual([]);
  },
  LONG_MS,
);

/** TF.js and this engine compute whole numbers of 64 bits in 32. */
const DATA_TYPES = ['float32', 'int32', 'bool', 'uint8', 'int8', 'int16'] as const;

it(
  'random graphs and networks answer as the reference',
  async ({ task }) => {
    const count = runs(20_000, 100);
    const wrong: string[] = [];
    for (let seed = 0; seed < count; seed++) {
      const graph = seed % 4 === 0 ? randomNetwork(seed) : randomGraph(seed, { dataTypes: DATA_TYPES });
      const feeds = randomFeeds(graph, seed);
      const wanted = expectedOf(graph, Object.fromEntries(feeds));
      const got = (await compiledAnswers(graph, feeds, 'simd')).map(asTfjs).map(rawOutput);
      wrong.push(...unexplained(graph, Object.fromEntries(feeds), wanted, got, mulberry32(seed)).map((each) => `seed ${seed}: ${each}`));
    }
    Object.assign(task.meta, { evidence: { graphs: count } });
    expect(wrong).toEqual([]);
  },
  LONG_MS,
);

it('an index beyond a tensor takes its nearest end', async () => {
  const builder = new GraphBuilder();
  const table = builder.input('table', { dataType: 'float32', shape: [3, 2] });
  const places = builder.input('places', { dataType: 'int32', shape: [4] });
  const rows = builder.input('rows', { dataType: 'int32', shape: [2, 2] });
  const elements = builder.input('elements', { dataType: 'float32', shape: [2, 2] });
  const pair = builder.input('pair', { dataType: 'float32', shape: [2] });
  const origin = { format: 'pannier', op: 'gather', name: 'g' } as const;
  const outputs = [
    builder.op('gather', [table, places], { axis: 0, batchDimensions: 0 }, origin),
    builder.op('gatherND', [table, rows], { batchDimensions: 0 }, origin),
    builder.op('gatherElements', [table, rows], { axis: 0 }, origin),
    builder.op('scatterElements', [table, rows, elements], { axis: 0, reduction: 'none' }, origin),
    builder.op('scatterND', [table, rows, pair], { reduction: 'add' }, origin),
  ];
  const feeds = new Map<string, Tensor>([
    ['table', { dataType: 'float32', shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ['places', { dataType: 'int32', shape: [4], data: Int32Array.of(-1, 3, 2 ** 31 - 1, -(2 ** 31)) }],
    ['rows', { dataType: 'int32', shape: [2, 2], data: Int32Array.of(-7, 1, 9, 9) }],
    ['elements', { dataType: 'float32', shape: [2, 2], data: Float32Array.of(10, 20, 30, 40) }],
    ['pair', { dataType: 'float32', shape: [2], data: Float32Array.of(0.5, 0.25) }],
  ]);
  const answers = await compiledAnswers(builder.build(outputs), feeds, 'simd');
  expect(answers.map(({ data }) => [...data])).toEqual([
    [1, 2, 5, 6, 5, 6, 1, 2],
    [2, 6],
    [1, 4, 5, 6],
    [10, 2, 3, 20, 30, 40],
    [1, 2.5, 3, 4, 5, 6.25],
  ]);
});

it('the same graph gives the same bytes', () => {
  const graph = casesOf('conv2d').find(({ graph }) =>
    graph.inputs.every(({ type }) => type!.shape.every((size) => typeof size === 'number')),
  )!.graph;
  expect(compileModel(packed(graph), 'relaxed').bytes).toEqual(compileModel(packed(graph), 'relaxed').bytes);
});

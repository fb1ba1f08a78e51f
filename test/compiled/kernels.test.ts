/** Every op in its corners, and random graphs, compiled: the module answers as the reference does. */
import { expect, it } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import { compile } from '../../src/engines/compiled/compile.js';
import { randomFeeds, randomGraph } from '../fixtures/random-graph.js';
import { randomNetwork } from '../fixtures/random-network.js';
import type { Subject } from '../kernels/case.js';
import { allCases, casesOf, SUBJECTS } from '../kernels/cases.js';
import { asTfjs, unexplained } from '../kernels/noise.js';
import { expectedOf } from '../kernels/run.js';
import { LONG_MS, runs } from '../tier.js';
import { compiledAnswers, problemsOf, rawOutput } from './compiled.js';

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

it('the same graph gives the same bytes', () => {
  const graph = casesOf('conv2d').find(({ graph }) =>
    graph.inputs.every(({ type }) => type!.shape.every((size) => typeof size === 'number')),
  )!.graph;
  expect(compile(graph, 'relaxed').bytes).toEqual(compile(graph, 'relaxed').bytes);
});

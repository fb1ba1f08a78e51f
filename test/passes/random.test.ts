/** What holds for every graph: it answers the same after each pass alone, and after all of them. */
import { expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Pass } from '../../src/passes/pass.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { randomFeeds, randomGraph } from '../fixtures/random-graph.js';
import { PATTERNS, patternGraph } from '../fixtures/random-patterns.js';
import { LONG_MS, runs } from '../tier.js';

/** How far an output may be off, as a share of its largest finite value. */
const TOLERANCE = 1e-5;

type Answers = ReadonlyMap<string, Tensor>;

/** The answers of the reference; undefined where it refuses numbers of int64 that are not exact. */
function answersOf(graph: Graph, feeds: Answers): readonly Tensor[] | undefined {
  try {
    const answers = openReference(graph).run(feeds);
    return graph.outputs.map(({ name }) => answers.get(name) as Tensor);
  } catch (thrown) {
    expect((thrown as Error).message).toContain('int64 is exact only up to 2^53 - 1');
    return undefined;
  }
}

/** The greatest difference of values, as a share of the largest wanted one; infinite for other types. */
function difference(got: Tensor, wanted: Tensor): number {
  if (got.dataType !== wanted.dataType || `${got.shape}` !== `${wanted.shape}`) return Number.POSITIVE_INFINITY;
  const largest = Math.max(1, ...Array.from(wanted.data, Math.abs).filter(Number.isFinite));
  let most = 0;
  for (const [index, value] of wanted.data.entries()) {
    const other = got.data[index] as number;
    if (other === value || (Number.isNaN(other) && Number.isNaN(value))) continue;
    // What is not finite must be the same.
    const off = Math.abs(other - value) / largest;
    most = Math.max(most, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
  }
  return most;
}

/** How far the outputs of a graph move when its floats are off by a rounding, up and down in turns. */
function movement(graph: Graph, feeds: Answers, wanted: readonly Tensor[]): number {
  const nudged = [...feeds].map(([name, tensor]): [string, Tensor] => {
    if (tensor.dataType !== 'float32') return [name, tensor];
    const data = Float32Array.from(tensor.data, (value, index) => value * (1 + (index % 2 === 0 ? 2 ** -22 : -(2 ** -22))));
    return [name, { ...tensor, data }];
  });
  const got = answersOf(graph, new Map(nudged));
  return got === undefined ? 0 : Math.max(...wanted.map((each, index) => difference(got[index] as Tensor, each)));
}

const chosen: readonly (readonly Pass[])[] = [...PORTABLE_PASSES.map((pass) => [pass]), PORTABLE_PASSES];

it(
  'random graphs answer the same after each pass alone and after all of them',
  ({ task }) => {
    const count = runs(200_000, 300);
    const found = new Map(PORTABLE_PASSES.map(({ name }) => [name, 0]));
    let largest = 0;
    for (let seed = 0; seed < count; seed++) {
      const graph = seed % 2 === 0 ? patternGraph(seed) : randomGraph(seed);
      const feeds = randomFeeds(graph, seed);
      const wanted = answersOf(graph, feeds);
      for (const passes of chosen) {
        const { graph: result, rewrites } = runPasses(graph, passes);
        if (passes.length === 1) found.set(passes[0]!.name, found.get(passes[0]!.name)! + rewrites.length);
        if (rewrites.length === 0 || wanted === undefined) continue;
        const got = answersOf(result, feeds);
        const off = Math.max(...wanted.map((each, index) => (got ? difference(got[index] as Tensor, each) : Number.POSITIVE_INFINITY)));
        // The logarithm of a sum near 0, for one, moves as far when the inputs are off by what float32 rounds.
        if (off > TOLERANCE && off <= 8 * movement(graph, feeds, wanted)) continue;
        if (!(off <= TOLERANCE)) expect.fail(`seed ${seed}: ${off} off after ${passes.map(({ name }) => `"${name}"`).join(', ')}`);
        largest = Math.max(largest, off);
      }
    }
    Object.assign(task.meta, { evidence: { graphs: count, tolerance: TOLERANCE, largest, rewrites: Object.fromEntries(found) } });
    // A pass that finds nothing is not tested.
    expect([...found].filter(([, rewrites]) => rewrites < count / 200)).toEqual([]);
  },
  LONG_MS,
);

it('each pass has a pattern in random graphs', () => {
  expect(Object.keys(PATTERNS).toSorted()).toEqual(PORTABLE_PASSES.map(({ name }) => name).toSorted());
});

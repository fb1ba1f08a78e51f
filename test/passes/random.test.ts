/** What holds for every graph: it answers the same after each pass alone, and after all of them. */
import { expect, it } from 'vitest';
import type { Pass } from '../../src/passes/pass.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { heldTo, TOLERANCE } from '../fixtures/held-to.js';
import { randomFeeds, randomGraph } from '../fixtures/random-graph.js';
import { PATTERNS, patternGraph } from '../fixtures/random-patterns.js';
import { LONG_MS, runs } from '../tier.js';

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
      const held = heldTo(graph, feeds);
      for (const passes of chosen) {
        const { graph: result, rewrites } = runPasses(graph, passes);
        if (passes.length === 1) found.set(passes[0]!.name, found.get(passes[0]!.name)! + rewrites.length);
        const off = rewrites.length === 0 ? 0 : (held(result) ?? 0);
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

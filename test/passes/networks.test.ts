/** Networks as converters write them, in either layout: they answer the same after all passes, and have fewer nodes. */
import { expect, it } from 'vitest';
import { verify } from '../../src/graph/verify.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { heldTo, TOLERANCE } from '../fixtures/held-to.js';
import { randomFeeds } from '../fixtures/random-graph.js';
import { randomNetwork } from '../fixtures/random-network.js';
import { transposesIn } from '../fixtures/transposes.js';
import { LONG_MS, runs } from '../tier.js';

it(
  'random networks answer the same after all passes',
  () => {
    const sums = { before: 0, after: 0, found: new Set<string>() };
    for (let seed = 0; seed < runs(20_000, 100); seed++) {
      const graph = randomNetwork(seed);
      verify(graph);
      const { graph: result, rewrites } = runPasses(graph, PORTABLE_PASSES);
      expect(transposesIn(result), `seed ${seed}`).toBeLessThanOrEqual(transposesIn(graph));
      expect(heldTo(graph, randomFeeds(graph, seed))(result), `seed ${seed}`).toBeLessThanOrEqual(TOLERANCE);
      sums.before += graph.nodes.length;
      sums.after += result.nodes.length;
      for (const { pass } of rewrites) sums.found.add(pass);
    }
    expect(sums.after).toBeLessThan(sums.before * 0.75);
    expect([...sums.found].toSorted()).toEqual(
      expect.arrayContaining([
        'cancel transposes',
        'find PReLU',
        'find hard-swish',
        'fold padding into windows',
        'fold scales and offsets into weights',
      ]),
    );
  },
  LONG_MS,
);

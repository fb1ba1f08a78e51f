/** Networks as converters write them, in either layout: they answer the same after all passes, and have fewer nodes. */
import { expect, it } from 'vitest';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { randomNetwork } from '../fixtures/random-network.js';
import { rewrite } from '../fixtures/rewritten.js';
import { LONG_MS, runs } from '../tier.js';

it(
  'random networks answer the same after all passes',
  () => {
    const sums = { before: 0, after: 0, found: new Set<string>() };
    for (let seed = 0; seed < runs(20_000, 100); seed++) {
      const graph = randomNetwork(seed);
      const { graph: result, rewrites } = rewrite(graph, ...PORTABLE_PASSES);
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

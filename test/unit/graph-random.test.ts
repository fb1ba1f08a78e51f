/** What holds for every graph, tried with random ones: they are verified, survive their JSON form, and answer the same afterwards. */
import { expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { readGraph, writeGraph } from '../../src/graph/file.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { graphText } from '../../src/graph/text.js';
import { verify } from '../../src/graph/verify.js';
import { RANDOM_OPS, randomFeeds, randomGraph } from '../fixtures/random-graph.js';
import { LONG_MS, runs } from '../tier.js';

/** The answers of the reference, or its error. */
function outcomeOf(graph: Graph, feeds: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> | string {
  try {
    return openReference(graph).run(feeds);
  } catch (thrown) {
    // Sums of int64 beyond 2^53 are refused, and nothing else.
    expect((thrown as Error).message).toMatch(/^Node "\w+" \(\w+\) gives -?[\d.e+]+, but int64 is exact only up to 2\^53 - 1/);
    return (thrown as Error).message;
  }
}

it(
  'random graphs are verified, read as they were written, and answer the same',
  () => {
    const count = runs(100_000, 200);
    const seen = new Set<string>();
    let refused = 0;
    for (let seed = 0; seed < count; seed++) {
      const graph = randomGraph(seed);
      verify(graph);
      for (const { op } of graph.nodes) seen.add(op);
      const file = writeGraph(graph);
      const json = JSON.stringify(file.json);
      const read = readGraph({ json: JSON.parse(json), bytes: file.bytes.slice() });
      expect(graphText(read), `seed ${seed}`).toBe(graphText(graph));
      const again = writeGraph(read);
      expect(JSON.stringify(again.json), `seed ${seed}`).toBe(json);
      expect(Buffer.compare(again.bytes, file.bytes), `seed ${seed}`).toBe(0);
      const feeds = randomFeeds(graph, seed);
      const outcome = outcomeOf(graph, feeds);
      if (typeof outcome === 'string') refused++;
      expect(outcomeOf(read, feeds), `seed ${seed}`).toEqual(outcome);
    }
    expect(refused).toBeLessThan(count / 20);
    expect(RANDOM_OPS.filter((op) => !seen.has(op))).toEqual([]);
  },
  LONG_MS,
);

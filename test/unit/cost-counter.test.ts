/** The memory that a run of the reference holds at once, counted node by node. */
import { expect, it } from 'vitest';
import { type Observe, openReference } from '../../src/engines/reference/interpreter.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { CostCounter } from '../../src/pack/model/cost.js';
import { randomFeeds, randomGraph } from '../fixtures/random-graph.js';

/** The peak by its definition: at each node, all memories but those of constants, and the inputs to the end. */
function definedPeak(
  { constants }: Graph,
  feeds: ReadonlyMap<string, Tensor>,
): { readonly observe: Observe; readonly peakBytes: () => number } {
  const names = new Set(constants.map(({ value }) => value.name));
  let fed: Tensor['data'][] | undefined;
  let peak = [...feeds.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  return {
    observe: (_node, tensors) => {
      fed ??= [...feeds.keys()].flatMap((name) => tensors.get(name)?.data ?? []);
      const others = [...tensors].flatMap(([name, { data }]) => (names.has(name) ? [] : [data]));
      const bytes = [...new Set([...fed, ...others])].reduce((sum, { byteLength }) => sum + byteLength, 0);
      peak = Math.max(peak, bytes);
    },
    peakBytes: () => peak,
  };
}

it('is the peak by its definition, on random graphs', () => {
  let counted = 0;
  for (let seed = 0; seed < 300; seed++) {
    const graph = randomGraph(seed);
    const feeds = randomFeeds(graph, seed);
    const [counter, defined] = [new CostCounter(graph, feeds), definedPeak(graph, feeds)];
    try {
      openReference(graph).run(feeds, graph.outputs, (...heard) => {
        counter.observe(...heard);
        defined.observe(...heard);
      });
      counted++;
    } catch {
      // Sums beyond int64 end a run; the nodes before it count.
    }
    expect(counter.cost.peakBytes, `seed ${seed}`).toBe(defined.peakBytes());
  }
  expect(counted).toBeGreaterThan(200);
});

it('looks at no other values than those of the node, so that thousands of outputs cost no time', () => {
  class Lookup extends Map<string, Tensor> {
    override [Symbol.iterator](): never {
      throw new Error('All values are looked at.');
    }
  }
  let peakBytes = 0;
  for (let seed = 0; seed < 20; seed++) {
    const graph = randomGraph(seed);
    const feeds = randomFeeds(graph, seed);
    const counter = new CostCounter(graph, feeds);
    openReference(graph).run(feeds, graph.outputs, (node, tensors, dropped) => {
      const lookup = new Lookup();
      for (const [name, tensor] of tensors) lookup.set(name, tensor);
      counter.observe(node, lookup, dropped);
    });
    peakBytes += counter.cost.peakBytes;
  }
  expect(peakBytes).toBeGreaterThan(0);
});

it('is that of the inputs where a graph has no node', () => {
  const x: Tensor = { dataType: 'float32', shape: [4], data: new Float32Array(4) };
  expect(new CostCounter({ inputs: [], constants: [], nodes: [], outputs: [] }, new Map([['x', x]])).cost.peakBytes).toBe(16);
});

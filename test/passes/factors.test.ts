/** Products as lists of factors. */
import { expect, it } from 'vitest';
import type { Node } from '../../src/graph/graph.js';
import { factorsOf } from '../../src/passes/factors.js';
import { WorkingGraph } from '../../src/passes/working-graph.js';
import { TestGraph } from '../fixtures/rewritten.js';

/** The factors of x · 2 · 2 …, as many multiplications one behind the other. */
function product(count: number) {
  const graph = new TestGraph();
  let value = graph.input('x', { dataType: 'float32', shape: [3] });
  for (let index = 0; index < count; index++) value = graph.node(`y${index}`, 'mul', [value, graph.number('float32', 2)], {});
  const built = graph.build([value]);
  return factorsOf(built.nodes.at(-1) as Node, new WorkingGraph(built));
}

it('reads eight nodes, and leaves a longer chain alone, which each of its nodes would read again', () => {
  expect(product(3)).toMatchObject({ number: 8, values: [{ name: 'x' }] });
  expect(product(8)).toMatchObject({ number: 256, values: [{ name: 'x' }] });
  expect(product(9)).toBeUndefined();
});

/** The region behind a transpose: how far it reaches, and how often it is found. */
import { expect, it, vi } from 'vitest';
import type { Node, TypedValue } from '../../src/graph/graph.js';
import { replacing } from '../../src/passes/patch.js';
import { regionOfFewer } from '../../src/passes/transpose-region.js';
import { WorkingGraph } from '../../src/passes/working-graph.js';
import { TestGraph } from '../fixtures/rewritten.js';

type Transpose = Extract<Node, { op: 'transpose' }>;

/** A transpose, many activations behind it one after the other, and one that undoes it after each; the last one is a copy. */
function chain(count: number) {
  const graph = new TestGraph();
  let value: TypedValue = graph.node('t', 'transpose', [graph.input('x', { dataType: 'float32', shape: [2, 3] })], { permutation: [1, 0] });
  const outputs: TypedValue[] = [];
  for (let index = 0; index < count; index++) {
    value = graph.node(`r${index}`, 'relu', [value], {});
    outputs.push(graph.node(`b${index}`, 'transpose', [value], { permutation: [1, 0] }));
  }
  const copy = graph.node('copy', 'identity', [outputs.at(-1) as TypedValue], {});
  const built = graph.build([...outputs.slice(0, -1), copy]);
  const working = new WorkingGraph(built);
  return { working, transpose: built.nodes[0] as Transpose, last: built.nodes.at(-1) as Node };
}

it('reaches as far as something moves', () => {
  const { working, transpose } = chain(5);
  expect([...(regionOfFewer(transpose, working) ?? [])].map(({ origin }) => origin.name)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
});

it('ends once it is large and of fewer transposes', () => {
  const { working, transpose } = chain(500);
  expect(regionOfFewer(transpose, working)?.size).toBe(100);
});

it('is found once until the graph changes, as each node that takes the transpose asks for it', () => {
  const { working, transpose, last } = chain(5);
  const asked = vi.spyOn(working, 'usersOf');
  const region = regionOfFewer(transpose, working);
  const calls = asked.mock.calls.length;
  expect(calls).toBeGreaterThan(0);
  expect(regionOfFewer(transpose, working)).toBe(region);
  expect(asked.mock.calls.length).toBe(calls);
  working.apply(last, replacing(last.outputs[0]!, last.inputs[0]!));
  expect(regionOfFewer(transpose, working)).not.toBe(region);
});

/** The pass that keeps equal constants once. */
import { expect, it } from 'vitest';
import { constantOf } from '../../src/graph/constant.js';
import type { Constant } from '../../src/graph/graph.js';
import { mergeEqualConstants } from '../../src/passes/merge-equal-constants.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { rewrite, TestGraph } from '../fixtures/rewritten.js';
import { floats, ints, tensor } from '../fixtures/tensors.js';

/** The names of the constants that are left. */
function left(...constants: readonly Constant[]): string[] {
  const graph = new TestGraph();
  const outputs = constants.map((each, index) => graph.node(`y${index}`, 'neg', [graph.constant(each)], {}));
  return rewrite(graph.build(outputs), mergeEqualConstants).graph.constants.map(({ value }) => value.name);
}

it('keeps the first of equal constants', () => {
  expect(left(constantOf('a', floats([1, 2])), constantOf('b', floats([1, 2])), constantOf('c', floats([1, 2])))).toEqual(['a']);
});

it('tells values, types, shapes and storages apart', () => {
  const stored = (name: string, scale: number): Constant => ({
    ...{ value: { name, type: { dataType: 'float32', shape: [2] } }, bytes: Uint8Array.of(1, 2) },
    storage: { kind: 'uint8', scale, min: 0 },
  });
  const constants = [
    constantOf('a', floats([0, 0])),
    constantOf('b', floats([0, 1])),
    constantOf('c', floats([0, 0], [2, 1])),
    constantOf('d', ints([0, 0])),
    constantOf('e', tensor('int8', [1, 2])),
    stored('f', 1),
    stored('g', 2),
    stored('h', 2),
  ];
  expect(left(...constants)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
});

it('tells constants apart that differ in the middle alone', () => {
  const long = (name: string, place: number) =>
    constantOf(name, floats(Array.from({ length: 100 }, (_, index) => Number(index === place))));
  expect(left(long('a', 50), long('b', 51), long('c', 50))).toEqual(['a', 'b']);
});

it('leaves the constants of a part that only TF.js runs', () => {
  const graph = new TestGraph();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => graph.constant(constantOf(name, floats([1, 2]))));
  const attributes = { nodes: [], library: null, inputNames: ['b'], outputNames: ['z'] };
  const origin = { format: 'tfjs', op: 'While', name: 'loop' } as const;
  const outputs = [...graph.opaque([b!], attributes, origin, ['z']), graph.node('x', 'neg', [a!], {}), graph.node('y', 'exp', [c!], {})];
  const { constants } = runPasses(graph.build(outputs), [mergeEqualConstants]).graph;
  expect(constants.map(({ value }) => value.name)).toEqual(['a', 'b']);
});

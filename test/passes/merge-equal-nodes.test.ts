/** The pass that computes once what several nodes compute. */
import { expect, it } from 'vitest';
import { mergeEqualNodes } from '../../src/passes/merge-equal-nodes.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';
import { countRewrites } from '../fixtures/weights.js';

it('computes once what is equal, from the front to the back', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2] });
  const [one, other] = ['one', 'other'].map((name) => graph.node(name, 'elu', [x], { alpha: 1 }));
  const y = graph.node('y', 'add', [graph.node('a', 'exp', [one!], {}), graph.node('b', 'exp', [other!], {})], {});
  expect(rewrittenLines(graph.build([y]), mergeEqualNodes)).toEqual([
    'input x: float32[2]',
    'one: float32[2] = elu(x, alpha=1)',
    'a: float32[2] = exp(one)',
    'y: float32[2] = add(a, a)',
    'output y',
  ]);
});

it('tells attributes and the order of inputs apart', () => {
  const graph = new TestGraph();
  const [x, y] = ['x', 'y'].map((name) => graph.input(name, { dataType: 'float32', shape: [2] }));
  const nodes = [
    graph.node('a', 'elu', [x!], { alpha: 1 }),
    graph.node('b', 'elu', [x!], { alpha: 2 }),
    graph.node('c', 'sub', [x!, y!], {}),
    graph.node('d', 'sub', [y!, x!], {}),
    graph.node('e', 'sub', [x!, x!], {}),
  ];
  expect(rewrittenLines(graph.build(nodes), mergeEqualNodes)).toHaveLength(8);
});

it('merges nodes of several outputs and of no inputs', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [4] });
  const origin = { format: 'pannier', op: 'split', name: 'parts' } as const;
  const [, one] = graph.ops('split', [x], { axis: 0, splits: [1, 3] }, origin);
  const [, other] = graph.ops('split', [x], { axis: 0, splits: [1, 3] }, origin);
  const range = (name: string) => graph.node(name, 'range', [], { start: 0, count: 3, step: 1, dataType: 'float32' });
  const y = graph.node('y', 'add', [one!, range('p')], {});
  const z = graph.node('z', 'sub', [other!, range('q')], {});
  expect(rewrittenLines(graph.build([y, z]), mergeEqualNodes).map((line) => line.replace(/.* = /, ''))).toEqual([
    'input x: float32[4]',
    'split(x, axis=0, splits=[1,3])',
    'range(start=0, count=3, step=1, dataType="float32")',
    'add(parts:1, p)',
    'sub(parts:1, p)',
    'output y, z',
  ]);
});

it('leaves nodes alone that give different numbers of outputs', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2, 1] });
  const origin = { format: 'pannier', op: 'split', name: 'parts' } as const;
  const [first, empty] = graph.ops('split', [x], { axis: 1, splits: [1, 0] }, origin);
  const [whole] = graph.ops('split', [x], { axis: 0, splits: [2] }, origin);
  expect(countRewrites(graph.build([first!, empty!, whole!]), mergeEqualNodes)).toBe(0);
  expect(countRewrites(graph.build([whole!, first!, empty!]), mergeEqualNodes)).toBe(0);
});

it('keeps the names of outputs', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2] });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => graph.node(name, 'exp', [x], {}));
  const d = graph.node('d', 'neg', [a!], {});
  // b takes over for a, and c stays, since b is an output, too.
  expect(rewrittenLines(graph.build([b!, c!, d]), mergeEqualNodes)).toEqual([
    'input x: float32[2]',
    'b: float32[2] = exp(x)',
    'c: float32[2] = exp(x)',
    'd: float32[2] = neg(b)',
    'output b, c, d',
  ]);
});

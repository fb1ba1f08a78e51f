/** The pass that takes a value itself instead of an identity of it. */
import { expect, it } from 'vitest';
import { dropIdentities } from '../../src/passes/drop-identities.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

it('takes the value itself, and keeps the name of an output', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2] });
  const first = graph.node('first', 'identity', [x], {});
  const second = graph.node('second', 'identity', [first], {});
  const root = graph.node('root', 'exp', [second], {});
  const y = graph.node('y', 'identity', [root], {});
  expect(rewrittenLines(graph.build([y]), dropIdentities)).toEqual(['input x: float32[2]', 'y: float32[2] = exp(x)', 'output y']);
});

it('lets an input be an output', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2] });
  expect(rewrittenLines(graph.build([graph.node('y', 'identity', [x], {})]), dropIdentities)).toEqual(['input x: float32[2]', 'output x']);
});

it('keeps both names of a value that is an output twice', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2] });
  const a = graph.node('a', 'exp', [x], {});
  const b = graph.node('b', 'identity', [a], {});
  expect(rewrittenLines(graph.build([a, b]), dropIdentities)).toEqual(['input x: float32[2]', 'a: float32[2] = exp(x)', 'output a, a']);
});

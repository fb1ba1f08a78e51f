/** The pass that takes a value itself instead of its sum with 0 and the like. */
import { expect, it } from 'vitest';
import type { TypedValue } from '../../src/graph/graph.js';
import { dropNeutralOperands } from '../../src/passes/drop-neutral-operands.js';
import { rewrite, TestGraph } from '../fixtures/rewritten.js';

type Operation = 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'max' | 'min';

/** Whether the operation of an input of two elements and a constant is dropped. */
function isDropped(op: Operation, values: readonly number[], side: 'left' | 'right', shape?: readonly number[]): boolean {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2] });
  const constant = graph.numbers('float32', values, shape);
  const y = graph.node('y', op, side === 'right' ? [x, constant] : [constant, x], {});
  return rewrite(graph.build([y]), dropNeutralOperands).rewrites.length === 1;
}

it.each([
  ['add', 0, true],
  ['mul', 1, true],
  ['max', Number.NEGATIVE_INFINITY, true],
  ['min', Number.POSITIVE_INFINITY, true],
  ['sub', 0, false],
  ['div', 1, false],
  ['pow', 1, false],
] as const)('%s with %s', (op, neutral, isBoth) => {
  expect(isDropped(op, [neutral], 'right')).toBe(true);
  expect(isDropped(op, [neutral, neutral], 'right')).toBe(true);
  expect(isDropped(op, [neutral], 'left')).toBe(isBoth);
  expect(isDropped(op, [2], 'right')).toBe(false);
  expect(isDropped(op, [neutral, 2], 'right')).toBe(false);
});

it('keeps what repeats the value', () => {
  expect(isDropped('add', [0, 0, 0, 0], 'right', [2, 2])).toBe(false);
  expect(isDropped('add', [0], 'right', [1, 1])).toBe(false);
});

it('takes a bool as it is', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'bool', shape: [2] });
  const all = (value: number): TypedValue => graph.number('bool', value);
  const y = graph.node('y', 'logicalAnd', [x, all(1)], {});
  const z = graph.node('z', 'logicalOr', [all(0), y], {});
  expect(rewrite(graph.build([z]), dropNeutralOperands).graph.nodes).toEqual([]);
});

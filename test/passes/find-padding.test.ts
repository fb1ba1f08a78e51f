/** The pass that finds padding in a concat with numbers that are all the same. */
import { expect, it } from 'vitest';
import { constantOf } from '../../src/graph/constant.js';
import type { TypedValue } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import { findPadding } from '../../src/passes/find-padding.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';
import { constant, countRewrites } from '../fixtures/weights.js';

type Part = (graph: TestGraph, x: TypedValue) => TypedValue;

const batch = openSize('batch');
const x: Part = (_, value) => value;
const filled =
  (number: number): Part =>
  (graph) =>
    constant(graph, 'filled', Array(3).fill(number), [1, 3, 1]);
/** A tensor of one number that is too large to be a constant. */
const expanded =
  (number: number, channels: number): Part =>
  (graph) =>
    graph.node('fill', 'expand', [graph.number('float32', number)], { newShape: [batch, 3, channels] });

/** The lines that are left of a concat of a [batch, 3, 2] and other parts along the last axis. */
function left(...parts: readonly Part[]): string[] {
  const graph = new TestGraph();
  const given = graph.input('x', { dataType: 'float32', shape: [batch, 3, 2] });
  const [first, ...others] = parts.map((part) => part(graph, given));
  const joined = graph.node('y', 'concat', [first as TypedValue, ...others], { axis: 2 });
  return rewrittenLines(graph.build([joined]), findPadding).filter((line) => line.startsWith('y:'));
}

it('pads behind, in front, and on both sides', () => {
  const padded = (channels: number, before: number, behind: number, value: number) => [
    `y: float32[batch, 3, ${channels}] = pad(x, beginning=[0,0,${before}], ending=[0,0,${behind}], mode="constant", value=${value})`,
  ];
  expect(left(x, expanded(0, 4))).toEqual(padded(6, 0, 4, 0));
  expect(left(expanded(-1.5, 4), x)).toEqual(padded(6, 4, 0, -1.5));
  expect(left(expanded(2, 1), x, expanded(2, 3), expanded(2, 2))).toEqual(padded(8, 1, 5, 2));
});

it('takes a constant of equal numbers, too', () => {
  const graph = new TestGraph();
  const given = graph.input('x', { dataType: 'float32', shape: [1, 3, 2] });
  const joined = graph.node('y', 'concat', [given, filled(0)(graph, given)], { axis: 2 });
  expect(rewrittenLines(graph.build([joined]), findPadding)).toContain(
    'y: float32[1, 3, 3] = pad(x, beginning=[0,0,0], ending=[0,0,1], mode="constant", value=0)',
  );
});

it.each<[string, readonly Part[]]>([
  ['there are two other values', [x, x, expanded(0, 2)]],
  ['the numbers on both sides differ', [expanded(0, 2), x, expanded(1, 2)]],
  ['the numbers are zeros below 0', [x, expanded(-0, 2)]],
  ['they are not finite, of which graph files have none', [x, expanded(Number.POSITIVE_INFINITY, 2)]],
  ['nothing else is joined', [expanded(0, 2), expanded(0, 2)]],
])('leaves a concat alone where %s', (_, parts) => expect(left(...parts)[0]).toContain('concat'));

it('leaves a concat alone where the numbers differ or are whole', () => {
  const graph = new TestGraph();
  const given = graph.input('x', { dataType: 'float32', shape: [2] });
  const whole = graph.input('n', { dataType: 'int32', shape: [2] });
  const outputs = [
    graph.node('y', 'concat', [given, constant(graph, 'c', [0, 1])], { axis: 0 }),
    graph.node('z', 'concat', [whole, graph.constant(constantOf('i', { dataType: 'int32', shape: [1], data: Int32Array.of(0) }))], {
      axis: 0,
    }),
  ];
  expect(rewrittenLines(graph.build(outputs), findPadding).filter((line) => line.includes('pad'))).toEqual([]);
});

it('leaves a concat alone where the numbers alone tell a size', () => {
  const graph = new TestGraph();
  const given = graph.input('x', { dataType: 'float32', shape: [batch, 2] });
  const fill = graph.node('fill', 'expand', [graph.number('float32', 0)], { newShape: [2, 1] });
  expect(countRewrites(graph.build([graph.node('y', 'concat', [given, fill], { axis: 1 })]), findPadding)).toBe(0);
});

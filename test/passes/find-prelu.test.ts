/** The pass that finds PReLU and leaky ReLU. */
import { expect, it } from 'vitest';
import type { TypedValue } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import { findPrelu } from '../../src/passes/find-prelu.js';
import { rewrite, rewrittenLines, TestGraph } from '../fixtures/rewritten.js';
import { constant, countRewrites, weight } from '../fixtures/weights.js';

type Slope = (graph: TestGraph) => TypedValue;
type Form = (graph: TestGraph, x: TypedValue, slope: Slope) => TypedValue;

const input = (graph: TestGraph, shape: readonly number[] = [4, 3]) =>
  graph.input('x', { dataType: 'float32', shape: [openSize('batch'), ...shape] });
const zero = (graph: TestGraph) => graph.number('float32', 0);
const multiplied = (graph: TestGraph, a: TypedValue, b: TypedValue) => graph.node('m', 'mul', [a, b], {});

const FORMS: Readonly<Record<string, Form>> = {
  'max(x, 0) + a · min(x, 0)': (graph, x, slope) =>
    graph.node(
      'y',
      'add',
      [graph.node('max', 'max', [zero(graph), x], {}), multiplied(graph, slope(graph), graph.node('min', 'min', [zero(graph), x], {}))],
      {},
    ),
  'a · min(x, 0) + relu(x)': (graph, x, slope) =>
    graph.node(
      'y',
      'add',
      [multiplied(graph, graph.node('min', 'min', [x, zero(graph)], {}), slope(graph)), graph.node('max', 'relu', [x], {})],
      {},
    ),
  'relu(x) - a · relu(-x)': (graph, x, slope) =>
    graph.node(
      'y',
      'sub',
      [
        graph.node('max', 'relu', [x], {}),
        multiplied(graph, slope(graph), graph.node('min', 'relu', [graph.node('neg', 'neg', [x], {})], {})),
      ],
      {},
    ),
  'relu(x) + a · (x - |x|) · 0.5': (graph, x, slope) => {
    const difference = graph.node('d', 'sub', [x, graph.node('abs', 'abs', [x], {})], {});
    const half = graph.node('half', 'mul', [multiplied(graph, slope(graph), difference), graph.number('float32', 0.5)], {});
    return graph.node('y', 'add', [graph.node('max', 'relu', [x], {}), half], {});
  },
  'x + a · (x - |x|)': (graph, x, slope) => {
    const difference = graph.node('d', 'sub', [x, graph.node('abs', 'abs', [x], {})], {});
    return graph.node('y', 'add', [multiplied(graph, slope(graph), difference), x], {});
  },
};

const build = (form: Form, slope: Slope) => {
  const graph = new TestGraph();
  return graph.build([form(graph, input(graph), slope)]);
};

it.each(Object.entries(FORMS))('finds %s', (_, form) => {
  expect(
    rewrite(
      build(form, (graph) => weight(graph, 'slope', [3])),
      findPrelu,
    ).graph.nodes.map(({ op }) => op),
  ).toEqual(['prelu']);
  expect(
    rewrite(
      build(form, (graph) => weight(graph, 'slope', [4, 3])),
      findPrelu,
    ).graph.nodes.map(({ op }) => op),
  ).toEqual(['prelu']);
  expect(
    rewrite(
      build(form, (graph) => weight(graph, 'slope', [3], 'float16')),
      findPrelu,
    ).graph.nodes.map(({ op }) => op),
  ).toEqual(['prelu']);
  expect(
    rewrite(
      build(form, (graph) => constant(graph, 'slope', [0.3])),
      findPrelu,
    ).graph.nodes.map(({ op }) => op),
  ).toEqual(['leakyRelu']);
});

it('takes slopes as they are stored where they stay the same, and those that a node gives', () => {
  const form = FORMS['max(x, 0) + a · min(x, 0)']!;
  expect(
    rewrittenLines(
      build(form, (graph) => weight(graph, 'slope', [4, 3], 'float16')),
      findPrelu,
    ),
  ).toEqual([
    'input x: float32[batch, 4, 3]',
    'constant slope: float32[4, 3] stored as float16',
    'y: float32[batch, 4, 3] = prelu(x, slope)',
    'output y',
  ]);
  const given = (graph: TestGraph) => graph.input('slope', { dataType: 'float32', shape: [4, 1] });
  expect(rewrite(build(form, given), findPrelu).graph.nodes.map(({ op }) => op)).toEqual(['prelu']);
});

it('leaves the graph alone where the slopes would take twice the bytes, are NaN, or widen x', () => {
  const form = FORMS['x + a · (x - |x|)']!;
  const large = new TestGraph();
  const slopes = (graph: TestGraph) => weight(graph, 'slope', [40, 60], 'float16');
  expect(countRewrites(large.build([form(large, input(large, [40, 60]), slopes)]), findPrelu)).toBe(0);
  expect(
    countRewrites(
      build(form, (graph) => constant(graph, 'slope', [1, Number.NaN, 1])),
      findPrelu,
    ),
  ).toBe(0);
  expect(
    countRewrites(
      build(form, (graph) => weight(graph, 'slope', [2, 1, 4, 3])),
      findPrelu,
    ),
  ).toBe(0);
  expect(
    countRewrites(
      build(form, (graph) => graph.input('slope', { dataType: 'float32', shape: [3] })),
      findPrelu,
    ),
  ).toBe(0);
});

it('leaves the graph alone where another node takes a part, or the parts are of different values', () => {
  const graph = new TestGraph();
  const x = input(graph);
  const min = graph.node('min', 'min', [x, zero(graph)], {});
  const y = graph.node('y', 'add', [graph.node('max', 'relu', [x], {}), multiplied(graph, min, weight(graph, 'slope', [3]))], {});
  expect(countRewrites(graph.build([y, min]), findPrelu)).toBe(0);

  const other = new TestGraph();
  const [a, b] = [other.input('a', { dataType: 'float32', shape: [3] }), other.input('b', { dataType: 'float32', shape: [3] })];
  const below = multiplied(other, other.node('min', 'min', [b, zero(other)], {}), weight(other, 'slope', [3]));
  expect(countRewrites(other.build([other.node('y', 'add', [other.node('max', 'relu', [a], {}), below], {})]), findPrelu)).toBe(0);

  const upwards = new TestGraph();
  const value = input(upwards);
  const above = multiplied(upwards, upwards.node('min', 'max', [value, zero(upwards)], {}), weight(upwards, 'slope', [3]));
  expect(countRewrites(upwards.build([upwards.node('y', 'add', [upwards.node('max', 'relu', [value], {}), above], {})]), findPrelu)).toBe(
    0,
  );
});

/** Golden samples of quantised networks: which outputs are rounded, how far they may be off, and what such networks are fed. */
import { expect, it } from 'vitest';
import { compareGolden } from '../../src/golden/compare.js';
import type { Graph, TypedValue } from '../../src/graph/graph.js';
import { quantizedRange } from '../../src/pack/golden/ranges.js';
import { roundingSteps } from '../../src/pack/golden/rounding-steps.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { quantizedNetwork } from '../fixtures/quantized-network.js';
import { TestGraph } from '../fixtures/rewritten.js';

it('are told before and after passes: whole numbers have a step of 1, floats of their scale', () => {
  const graph = quantizedNetwork(1);
  expect(roundingSteps(graph)).toEqual([1, 0.0625]);
  expect(roundingSteps(runPasses(graph, PORTABLE_PASSES).graph)).toEqual([1, 0.0625]);
});

/** A graph of floats. @param make gives the output */
function floats(make: (graph: TestGraph, x: TypedValue) => TypedValue): Graph {
  const graph = new TestGraph();
  return graph.build([make(graph, graph.input('x', { dataType: 'float32', shape: [4] }))]);
}

const rounded = (graph: TestGraph, x: TypedValue) =>
  graph.node('bounded', 'clamp', [graph.node('rounded', 'roundEven', [x], {})], { min: -128, max: 127 });

it.each<[string, (graph: TestGraph, x: TypedValue) => TypedValue, number | null | undefined]>([
  ['floats that nothing rounds', (graph, x) => graph.node('y', 'sin', [x], {}), undefined],
  ['rounded floats without bounds, which may be places', (graph, x) => graph.node('y', 'roundEven', [x], {}), undefined],
  ['floats within bounds', (graph, x) => graph.node('y', 'clamp', [x], { min: 0, max: 6 }), undefined],
  ['rounded floats within those of 8 bits', rounded, 1],
  ['these over a number', (graph, x) => graph.node('y', 'div', [rounded(graph, x), graph.number('float32', -4)], {}), 0.25],
  ['a curve of these', (graph, x) => graph.node('y', 'sin', [rounded(graph, x)], {}), null],
])('are told: %s', (_, make, step) => expect(roundingSteps(floats(make))).toEqual([step]));

it('may be two steps off, and 1 % of the values by more', () => {
  const stored = Float32Array.from({ length: 200 }, (_, index) => index - 100);
  const values = { offset: 0, count: 200, min: -100, max: 99, step: 1 };
  const compare = (off: number, by: number) => {
    const data = Int8Array.from(stored, (value, index) => (index < off ? value + by : value));
    const sample = { outputs: { y: { shape: [200], values } } };
    return compareGolden({ y: { dtype: 'int8' } }, sample, stored.buffer, { y: { dtype: 'int8', shape: [200], data } });
  };
  expect(compare(200, 2).agrees).toBe(true);
  expect(compare(2, 50).agrees).toBe(true);
  expect(compare(3, 3)).toMatchObject({ agrees: false, reason: expect.stringContaining('by more than 2 steps of 1 (1 % allowed)') });
});

it('are fed with all numbers of 8 bits', () => {
  const graph = quantizedNetwork(1);
  expect(quantizedRange(graph, graph.inputs[0] as TypedValue)).toEqual([-128, 127]);
  const unsigned = quantizedNetwork(1, 'uint8');
  expect(quantizedRange(unsigned, unsigned.inputs[0] as TypedValue)).toEqual([0, 255]);
  const bytes = new TestGraph();
  const x = bytes.input('x', { dataType: 'uint8', shape: [4] });
  expect(quantizedRange(bytes.build([bytes.node('y', 'cast', [x], { to: 'int32' })]), x)).toBeUndefined();
});

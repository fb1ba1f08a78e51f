/** Quantised networks after passes: floats alone between the ends, the file's rounding points kept, weights of 8 bits. */
import { expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import type { TypedValue } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { moveCasts } from '../../src/passes/move-casts.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { roundInFloats } from '../../src/passes/round-in-floats.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { quantizedNetwork } from '../fixtures/quantized-network.js';
import { randomFeeds } from '../fixtures/random-graph.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

/** How many steps two answers differ by, at each place. */
function stepsOff(seed: number, type: 'int8' | 'uint8', passes = PORTABLE_PASSES, depth = 0): number[] {
  const graph = quantizedNetwork(seed, type, depth);
  const { graph: after } = runPasses(graph, passes);
  verify(after);
  const feeds = randomFeeds(graph, seed);
  const [before, now] = [graph, after].map((each) => [...openReference(each).run(feeds).values()][0] as Tensor) as [Tensor, Tensor];
  return Array.from(before.data, (value, index) => Math.abs(value - (now.data[index] as number)));
}

it.each(['int8', 'uint8'] as const)('answers within two steps of the whole numbers (%s)', (type) => {
  const off = Array.from({ length: 30 }, (_, seed) => stepsOff(seed, type)).flat();
  expect(off.length).toBe(300);
  expect(off.filter((steps) => steps > 1).length).toBeLessThanOrEqual(3);
  expect(Math.max(...off)).toBeLessThanOrEqual(3);
});

// A rounding that falls to the other side moves what later layers round, too.
it('answers within two steps behind thirty layers, for 99 % of the values', () => {
  const off = Array.from({ length: 10 }, (_, seed) => stepsOff(seed, 'int8', PORTABLE_PASSES, 28)).flat();
  expect(off.filter((steps) => steps <= 2).length).toBeGreaterThanOrEqual(0.99 * off.length);
});

it('leaves whole numbers at the ends alone, and weights in 8 bits', () => {
  const { graph } = runPasses(quantizedNetwork(1), PORTABLE_PASSES);
  const wholes = graph.nodes.filter(({ outputs }) => outputs.some(({ type }) => type?.dataType !== 'float32'));
  expect(wholes.map(({ op, outputs: [output] }) => [op, output?.type?.dataType])).toEqual([['cast', 'int8']]);
  const large = graph.constants.filter(({ value }) => value.name.match(/^(first|second)\/filter|^matrix/));
  expect(large.map(({ storage }) => storage.kind)).toEqual(['int8', 'int8', 'int8']);
  expect(graph.nodes.filter(({ op }) => op === 'roundEven')).toHaveLength(4);
});

it('rounds where the whole numbers did', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'int32', shape: [4] });
  const y = graph.node('y', 'requantize', [x, graph.numbers('int32', [2 ** 30], []), graph.numbers('int32', [-1], [])], {
    ...{ zeroPoint: 3, min: -10, max: 100, to: 'int8' as const },
  });
  expect(runPasses(graph.build([y]), [roundInFloats]).graph.nodes.map(({ op, attributes }) => [op, attributes])).toEqual([
    ['cast', { to: 'float32' }],
    ['mul', {}],
    ['roundEven', {}],
    ['clamp', { min: -13, max: 97 }],
    ['add', {}],
    ['cast', { to: 'int8' }],
  ]);
});

it('leaves factors that the model computes', () => {
  const graph = new TestGraph();
  const [x, m] = ['x', 'm'].map((name) => graph.input(name, { dataType: 'int32', shape: [4] })) as [TypedValue, TypedValue];
  const y = graph.node('y', 'requantize', [x, m, graph.numbers('int32', [-1], [])], { zeroPoint: 3, min: -10, max: 100, to: 'int8' });
  expect(runPasses(graph.build([y]), [roundInFloats]).rewrites).toHaveLength(0);
});

/** A float that is cast to int8, and what follows. */
function cast(bounds: readonly [number, number] | undefined, isRounded: boolean) {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2, 3] });
  const rounded = isRounded ? graph.node('rounded', 'roundEven', [x], {}) : x;
  const bounded = bounded_(graph, rounded, bounds);
  const bytes = graph.node('bytes', 'cast', [bounded], { to: 'int8' });
  const moved = graph.node('moved', 'reshape', [bytes], { newShape: [6] });
  return graph.build([graph.node('y', 'cast', [moved], { to: 'float32' })]);
}

const bounded_ = (graph: TestGraph, value: TypedValue, bounds: readonly [number, number] | undefined) =>
  bounds === undefined ? value : graph.node('bounded', 'clamp', [value], { min: bounds[0], max: bounds[1] });

it('takes the floats behind whole numbers of 8 bits', () =>
  expect(rewrittenLines(cast([-128, 127], true), moveCasts).join('\n')).not.toContain('cast'));

it.each([
  ['that are not rounded', [-128, 127], false],
  ['that may be below 8 bits', [-129, 127], true],
  ['that may be above 8 bits', [-128, 128], true],
  ['without bounds', undefined, true],
] as const)('keeps casts of floats %s', (_, bounds, isRounded) =>
  expect(rewrittenLines(cast(bounds, isRounded), moveCasts).join('\n').match(/cast/g)).toHaveLength(2),
);

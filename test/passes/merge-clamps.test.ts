/** The passes that make one clamp of several bounds, and drop those that change nothing. */
import { describe, expect, it } from 'vitest';
import type { TypedValue } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import { dropIdleClamps } from '../../src/passes/drop-idle-clamps.js';
import { mergeClamps } from '../../src/passes/merge-clamps.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';
import { constant, countRewrites, opsAfter } from '../fixtures/weights.js';

const { POSITIVE_INFINITY, NEGATIVE_INFINITY, NaN: none } = Number;
const floats = (graph: TestGraph, shape = [openSize('batch'), 6]) => graph.input('x', { dataType: 'float32', shape });

describe('merge clamps', () => {
  /** The node that is left of some bounds. */
  const left = (bounds: (graph: TestGraph, x: TypedValue) => TypedValue) => {
    const graph = new TestGraph();
    const lines = rewrittenLines(graph.build([bounds(graph, floats(graph))]), mergeClamps).filter((line) => line.includes(' = '));
    return lines.map((line) => line.replace(/^.* = /, '')).join('; ');
  };

  it('makes them of maxima and minima with a number', () => {
    expect(left((graph, x) => graph.node('y', 'max', [constant(graph, 'c', [0], []), x], {}))).toBe('relu(x)');
    expect(left((graph, x) => graph.node('y', 'max', [x, constant(graph, 'c', [-1.5])], {}))).toBe('clamp(x, min=-1.5, max="Infinity")');
    expect(left((graph, x) => graph.node('y', 'min', [x, constant(graph, 'c', [2], [1, 1])], {}))).toBe('clamp(x, min="-Infinity", max=2)');
  });

  it('merges two that stand one behind the other', () => {
    const then = (first: readonly [number, number], second: readonly [number, number]) =>
      left((graph, x) => {
        const inner = graph.node('inner', 'clamp', [x], { min: first[0], max: first[1] });
        return graph.node('y', 'clamp', [inner], { min: second[0], max: second[1] });
      });
    expect(then([-1, 6], [0, 9])).toBe('clamp(x, min=0, max=6)');
    expect(then([1, 2], [-3, POSITIVE_INFINITY])).toBe('clamp(x, min=1, max=2)');
    expect(then([1, 2], [3, 4])).toBe('clamp(x, min=3, max=3)');
    expect(then([3, 4], [1, 2])).toBe('clamp(x, min=2, max=2)');
    expect(then([NEGATIVE_INFINITY, POSITIVE_INFINITY], [0, POSITIVE_INFINITY])).toBe('relu(x)');
  });

  it('merges what Keras and TF-Slim write', () => {
    const relu6 = left((graph, x) => {
      const inner = graph.node('inner', 'min', [graph.node('r', 'relu', [x], {}), constant(graph, 'six', [6], [])], {});
      return graph.node('y', 'max', [inner, constant(graph, 'zero', [0], [])], {});
    });
    expect(relu6).toBe('clamp(x, min=0, max=6)');
  });

  it('leaves what is no clamp of the input', () => {
    const counts = (bounds: (graph: TestGraph, x: TypedValue) => readonly TypedValue[], x?: TypedValue) => {
      const graph = new TestGraph();
      return countRewrites(graph.build(bounds(graph, x ?? floats(graph))), mergeClamps);
    };
    expect(counts((graph, x) => [graph.node('y', 'max', [x, constant(graph, 'c', [1, 2, 3, 4, 5, 6])], {})])).toBe(0);
    expect(counts((graph, x) => [graph.node('y', 'max', [x, constant(graph, 'c', [0], [1, 1, 1])], {})])).toBe(0);
    expect(counts((graph, x) => [graph.node('y', 'min', [x, constant(graph, 'c', [none])], {})])).toBe(0);
    expect(counts((graph, x) => [graph.node('y', 'min', [x, graph.node('z', 'neg', [x], {})], {})])).toBe(0);
    const whole = (graph: TestGraph) => graph.input('n', { dataType: 'int32', shape: [2] });
    expect(counts((graph) => [graph.node('y', 'max', [whole(graph), graph.number('int32', 0)], {})])).toBe(0);
    const shared = (graph: TestGraph, x: TypedValue) => {
      const inner = graph.node('inner', 'relu', [x], {});
      return [graph.node('y', 'clamp', [inner], { min: -1, max: 6 }), graph.node('z', 'exp', [inner], {})];
    };
    expect(counts(shared)).toBe(0);
  });
});

describe('drop idle clamps', () => {
  const graphOf = (before: (graph: TestGraph, x: TypedValue) => TypedValue, op: 'relu' | 'clamp' | 'leakyRelu' | 'prelu', max = 1) => {
    const graph = new TestGraph();
    const given = before(graph, floats(graph, [openSize('batch'), 5, 5, 6]));
    const outputs = {
      relu: () => graph.node('y', 'relu', [given], {}),
      clamp: () => graph.node('y', 'clamp', [given], { min: 0, max }),
      leakyRelu: () => graph.node('y', 'leakyRelu', [given], { alpha: -2 }),
      prelu: () => graph.node('y', 'prelu', [given, constant(graph, 'slope', [1, 2, 3, 4, 5, 6])], {}),
    };
    return graph.build([outputs[op]()]);
  };
  const sigmoid = (graph: TestGraph, x: TypedValue) => graph.node('s', 'sigmoid', [x], {});
  const pooled =
    (padding: readonly number[], autoPad: 'explicit' | 'sameUpper' = 'explicit', dilations: readonly number[] = [1, 1]) =>
    (graph: TestGraph, x: TypedValue) =>
      graph.node('pool', 'maxPool2d', [graph.node('r', 'abs', [x], {})], {
        ...{ strides: [2, 2], dilations, autoPad, padding, windowDimensions: [2, 2], outputRounding: 'floor', countPadding: false },
      });

  it('takes the value itself where its numbers stay the same', () => {
    for (const op of ['relu', 'clamp', 'leakyRelu', 'prelu'] as const)
      expect(opsAfter(graphOf(sigmoid, op), dropIdleClamps)).toEqual(['sigmoid']);
    expect(opsAfter(graphOf(pooled([0, 0, 0, 0]), 'relu'), dropIdleClamps)).toEqual(['abs', 'maxPool2d']);
    expect(opsAfter(graphOf(pooled([0, 0, 0, 0], 'sameUpper'), 'relu'), dropIdleClamps)).toEqual(['abs', 'maxPool2d']);
  });

  it('leaves what may change a number', () => {
    expect(countRewrites(graphOf(sigmoid, 'clamp', 0.5), dropIdleClamps)).toBe(0);
    expect(
      countRewrites(
        graphOf((_, x) => x, 'relu'),
        dropIdleClamps,
      ),
    ).toBe(0);
    expect(
      countRewrites(
        graphOf((graph, x) => graph.node('t', 'tanh', [x], {}), 'leakyRelu'),
        dropIdleClamps,
      ),
    ).toBe(0);
    // A window of padding alone gives minus infinity.
    expect(countRewrites(graphOf(pooled([2, 0, 0, 0]), 'relu'), dropIdleClamps)).toBe(0);
    expect(countRewrites(graphOf(pooled([0, 0, 0, 0], 'sameUpper', [2, 2]), 'relu'), dropIdleClamps)).toBe(0);
  });
});

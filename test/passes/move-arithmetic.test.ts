/** The passes that move multiplications and additions to where weights take them up. */
import { describe, expect, it } from 'vitest';
import type { TypedValue } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import { foldAffine } from '../../src/passes/fold-affine.js';
import { moveBehindPools } from '../../src/passes/move-behind-pools.js';
import { moveBeforeReshapes, moveOffsetsIntoTerms } from '../../src/passes/move-offsets.js';
import { moveScales } from '../../src/passes/move-scales.js';
import { TestGraph } from '../fixtures/rewritten.js';
import { constant, countRewrites, opsAfter, weight } from '../fixtures/weights.js';

const WINDOW = { strides: [1, 1], dilations: [1, 1], autoPad: 'sameUpper', padding: [0, 0, 0, 0] } as const;
const POOL = { ...WINDOW, strides: [2, 2], windowDimensions: [3, 3], outputRounding: 'floor', countPadding: false } as const;

const picture = (graph: TestGraph) => graph.input('x', { dataType: 'float32', shape: [openSize('batch'), 5, 4, 3] });
const convolution = (graph: TestGraph, x: TypedValue, name: string, kind?: 'float16') =>
  graph.node(name, 'conv2d', [x, weight(graph, `${name}/w`, kind ? [20, 20, 3, 3] : [2, 2, 3, 3], kind), null], { ...WINDOW, groups: 1 });

describe('scales in front of activations', () => {
  const graphOf = (activation: (graph: TestGraph, x: TypedValue) => TypedValue, factors = [1, 2, 0.5], kind?: 'float16') => {
    const graph = new TestGraph();
    const active = activation(graph, convolution(graph, picture(graph), 'sum', kind));
    return graph.build([graph.node('y', 'mul', [constant(graph, 'c', factors), active], {})]);
  };
  const relu = (graph: TestGraph, x: TypedValue) => graph.node('a', 'relu', [x], {});

  it('moves them into the sum', () => {
    expect(opsAfter(graphOf(relu), moveScales, foldAffine)).toEqual(['conv2d', 'relu']);
    const leaky = (graph: TestGraph, x: TypedValue) => graph.node('a', 'leakyRelu', [x], { alpha: 0.1 });
    expect(opsAfter(graphOf(leaky), moveScales, foldAffine)).toEqual(['conv2d', 'leakyRelu']);
    const prelu = (graph: TestGraph, x: TypedValue) => graph.node('a', 'prelu', [x, weight(graph, 'slope', [3])], {});
    expect(opsAfter(graphOf(prelu), moveScales, foldAffine)).toEqual(['conv2d', 'prelu']);
  });

  it('leaves them where a factor is not above 0, the activation is another one, or the weights cannot take them up', () => {
    expect(countRewrites(graphOf(relu, [1, 0, 2]), moveScales)).toBe(0);
    expect(countRewrites(graphOf(relu, [1, -1, 2]), moveScales)).toBe(0);
    expect(countRewrites(graphOf(relu, [1, 1, 2], 'float16'), moveScales)).toBe(0);
    const sigmoid = (graph: TestGraph, x: TypedValue) => graph.node('a', 'sigmoid', [x], {});
    expect(countRewrites(graphOf(sigmoid), moveScales)).toBe(0);
  });
});

describe('offsets among two terms', () => {
  const graphOf = (shape: readonly number[], isShared = false) => {
    const graph = new TestGraph();
    const x = picture(graph);
    const both = graph.node('both', 'add', [x, convolution(graph, x, 'sum')], {});
    const result = graph.node('y', 'add', [weight(graph, 'c', shape), both], {});
    return graph.build(isShared ? [result, both] : [result]);
  };

  it('move to the sum', () => expect(opsAfter(graphOf([3]), moveOffsetsIntoTerms, foldAffine)).toEqual(['conv2d', 'add']));

  it('stay where the terms are taken otherwise, too, or the numbers lie along another axis', () => {
    expect(countRewrites(graphOf([3], true), moveOffsetsIntoTerms)).toBe(0);
    expect(countRewrites(graphOf([4, 1]), moveOffsetsIntoTerms)).toBe(0);
  });

  it('come to an end where two of them follow two sums, as in a step of an LSTM', () => {
    const graph = new TestGraph();
    const product = (name: string) =>
      graph.node(
        name,
        'matmul',
        [graph.input(`${name}/x`, { dataType: 'float32', shape: [1, 2] }), weight(graph, `${name}/w`, [2, 3])],
        {},
      );
    const both = graph.node('both', 'add', [product('input'), product('state')], {});
    const first = graph.node('first', 'add', [both, weight(graph, 'b', [3])], {});
    const built = graph.build([graph.node('y', 'add', [first, weight(graph, 'c', [3])], {})]);
    expect(opsAfter(built, moveOffsetsIntoTerms, foldAffine)).toEqual(['matmul', 'matmul', 'add', 'add']);
  });

  it('stay behind another offset, also one that is infinite', () => {
    const graph = new TestGraph();
    const first = graph.node('first', 'add', [convolution(graph, picture(graph), 'sum'), constant(graph, 'a', [Infinity, 1, 1])], {});
    expect(countRewrites(graph.build([graph.node('y', 'add', [first, weight(graph, 'b', [3])], {})]), moveOffsetsIntoTerms)).toBe(0);
  });

  it('stay where no term is a sum of the result’s size', () => {
    const graph = new TestGraph();
    const x = picture(graph);
    const product = graph.node('sum', 'matmul', [graph.input('v', { dataType: 'float32', shape: [1, 2] }), weight(graph, 'w', [2, 3])], {});
    const both = graph.node('both', 'add', [x, product], {});
    expect(countRewrites(graph.build([graph.node('y', 'add', [both, weight(graph, 'c', [3])], {})]), moveOffsetsIntoTerms)).toBe(0);
  });
});

describe('offsets and activations behind a reshape', () => {
  const graphOf = (shape: readonly number[], newShape: readonly number[]) => {
    const graph = new TestGraph();
    const product = graph.node('sum', 'matmul', [graph.input('v', { dataType: 'float32', shape: [2, 5] }), weight(graph, 'w', [5, 6])], {});
    const reshaped = graph.node('r', 'reshape', [product], { newShape });
    return graph.build([graph.node('y', 'relu', [graph.node('moved', 'add', [reshaped, weight(graph, 'c', shape)], {})], {})]);
  };

  it('move in front of it', () => {
    expect(opsAfter(graphOf([6], [2, 1, 1, 6]), moveBeforeReshapes)).toEqual(['matmul', 'add', 'relu', 'reshape']);
    expect(opsAfter(graphOf([1, 1, 6], [1, 2, 6]), moveBeforeReshapes)).toEqual(['matmul', 'add', 'relu', 'reshape']);
    expect(opsAfter(graphOf([], [1, 2, 6]), moveBeforeReshapes)).toEqual(['matmul', 'add', 'relu', 'reshape']);
  });

  it('stay where the channels become another axis, or what follows is computed of several elements', () => {
    expect(countRewrites(graphOf([2], [6, 2]), moveBeforeReshapes)).toBe(0);
    expect(countRewrites(graphOf([2, 1], [2, 6]), moveBeforeReshapes)).toBe(0);
    const graph = new TestGraph();
    const product = graph.node('sum', 'matmul', [graph.input('v', { dataType: 'float32', shape: [2, 5] }), weight(graph, 'w', [5, 6])], {});
    const reshaped = graph.node('r', 'reshape', [product], { newShape: [3, 4] });
    expect(countRewrites(graph.build([graph.node('y', 'softmax', [reshaped], { axis: 1 })]), moveBeforeReshapes)).toBe(0);
    expect(countRewrites(graph.build([graph.node('z', 'prelu', [reshaped, weight(graph, 's', [4])], {})]), moveBeforeReshapes)).toBe(0);
  });
});

describe('scales and offsets behind pools', () => {
  const graphOf = (op: 'mul' | 'add' | 'sub' | 'div', numbers: readonly number[], attributes: Partial<typeof POOL> | object = {}) => {
    const graph = new TestGraph();
    const before = graph.node('before', op, [picture(graph), constant(graph, 'c', numbers)], {});
    return graph.build([graph.node('y', 'maxPool2d', [before], { ...POOL, ...attributes })]);
  };

  it('move behind the greatest element', () => {
    expect(opsAfter(graphOf('mul', [1, 2, 3]), moveBehindPools)).toEqual(['maxPool2d', 'mul']);
    expect(opsAfter(graphOf('div', [1, 2, 3]), moveBehindPools)).toEqual(['maxPool2d', 'div']);
    expect(opsAfter(graphOf('add', [-1, 0, 3]), moveBehindPools)).toEqual(['maxPool2d', 'add']);
    // A window lies in the padding alone.
    const padded = { autoPad: 'explicit', padding: [4, 4, 0, 0] };
    expect(opsAfter(graphOf('sub', [-1, 0, 3], padded), moveBehindPools)).toEqual(['maxPool2d', 'sub']);
  });

  it('stay where a factor is not above 0, or the pool leaves as many elements', () => {
    expect(countRewrites(graphOf('mul', [1, 0, 3]), moveBehindPools)).toBe(0);
    expect(countRewrites(graphOf('mul', [1, -2, 3]), moveBehindPools)).toBe(0);
    expect(countRewrites(graphOf('add', [1, 2, 3], { strides: [1, 1] }), moveBehindPools)).toBe(0);
  });
});

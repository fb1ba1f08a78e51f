/** The pass that folds arithmetic of channels into the weights before it. */
import { describe, expect, it } from 'vitest';
import type { TypedValue } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import type { TensorType } from '../../src/graph/tensor.js';
import { foldAffine } from '../../src/passes/fold-affine.js';
import { rewrite, rewrittenLines, TestGraph } from '../fixtures/rewritten.js';
import { constant, countRewrites, opsAfter, type WeightKind, weight } from '../fixtures/weights.js';

const WINDOW = { strides: [1, 1], dilations: [1, 1], autoPad: 'explicit', padding: [1, 0, 0, 1] } as const;
const TRANSPOSED = { strides: [2, 1], dilations: [1, 1], padding: [0, 1, 0, 0], outputPadding: [0, 0] };

/** The sums that have weights. Each makes `sum`, of 6 channels. */
const SUMS: Readonly<Record<string, (graph: TestGraph, kind?: WeightKind) => TypedValue>> = {
  conv2d: (graph, kind) =>
    graph.node('sum', 'conv2d', [picture(graph, 4), weight(graph, 'w', [2, 3, 4, 6], kind), null], { ...WINDOW, groups: 1 }),
  'grouped conv2d': (graph, kind) =>
    graph.node('sum', 'conv2d', [picture(graph, 4), weight(graph, 'w', [2, 2, 2, 6], kind), null], { ...WINDOW, groups: 2 }),
  'depthwise conv2d': (graph, kind) =>
    graph.node('sum', 'conv2d', [picture(graph, 3), weight(graph, 'w', [2, 2, 1, 6], kind), weight(graph, 'b', [6])], {
      ...WINDOW,
      groups: 3,
    }),
  convTranspose2d: (graph, kind) =>
    graph.node('sum', 'convTranspose2d', [picture(graph, 4), weight(graph, 'w', [2, 3, 6, 4], kind), null], { ...TRANSPOSED, groups: 1 }),
  'grouped convTranspose2d': (graph, kind) =>
    graph.node('sum', 'convTranspose2d', [picture(graph, 4), weight(graph, 'w', [2, 3, 3, 4], kind), weight(graph, 'b', [6])], {
      ...TRANSPOSED,
      groups: 2,
    }),
  matmul: (graph, kind) => graph.node('sum', 'matmul', [input(graph, [3, 5]), weight(graph, 'w', [5, 6], kind)], {}),
  'matmul of many': (graph, kind) => graph.node('sum', 'matmul', [input(graph, [2, 3, 5]), weight(graph, 'w', [2, 5, 6], kind)], {}),
};

const input = (graph: TestGraph, shape: TensorType['shape']) => graph.input('x', { dataType: 'float32', shape });
const picture = (graph: TestGraph, channels: number) => input(graph, [openSize('batch'), openSize('height'), 5, channels]);

describe.each(Object.entries(SUMS))('%s', (_, sumIn) => {
  const isProduct = sumIn(new TestGraph()).type.shape.length < 4;

  it.each(['mul', 'div', 'add', 'sub'] as const)('takes up %s', (op) => {
    const graph = new TestGraph();
    const sum = sumIn(graph);
    const result = graph.node('y', op, [sum, weight(graph, 'c', [6])], {});
    const ops = opsAfter(graph.build([result]), foldAffine);
    const isAddition = op === 'add' || op === 'sub';
    expect(ops).toEqual(isProduct && isAddition ? ['matmul', op] : [isProduct ? 'matmul' : graph.build([]).nodes[0]?.op]);
  });

  it('takes up a batch normalisation, and what comes behind it', () => {
    const graph = new TestGraph();
    const sum = sumIn(graph);
    const numbers = ['mean', 'scale', 'bias'].map((name) => weight(graph, name, [6])) as [TypedValue, TypedValue, TypedValue];
    const variance = constant(graph, 'variance', [0.5, 1, 2, 3, 0, 7]);
    const axis = sum.type.shape.length - 1;
    const normal = graph.node('bn', 'batchNormalization', [sum, numbers[0], variance, numbers[1], numbers[2]], { axis, epsilon: 0.1 });
    const scaled = graph.node('scaled', 'mul', [weight(graph, 'c', [1, 6]), normal], {});
    const result = graph.node('y', 'linear', [graph.node('moved', 'add', [scaled, constant(graph, 'd', [2])], {})], { alpha: -3, beta: 4 });
    const ops = opsAfter(graph.build([result]), foldAffine);
    expect(ops).toEqual(isProduct ? ['matmul', 'add'] : [graph.build([]).nodes[0]?.op]);
  });
});

it('puts the bias into the node, and keeps how it is stored', () => {
  const graph = new TestGraph();
  const sum = graph.node('sum', 'conv2d', [input(graph, [1, 4, 4, 3]), weight(graph, 'w', [1, 1, 3, 2]), null], { ...WINDOW, groups: 1 });
  const result = graph.node('y', 'add', [weight(graph, 'c', [1, 1, 1, 2], 'float16'), sum], {});
  const attributes = 'strides=[1,1], dilations=[1,1], autoPad="explicit", padding=[1,0,0,1], groups=1';
  expect(rewrittenLines(graph.build([result]), foldAffine)).toEqual([
    'input x: float32[1, 4, 4, 3]',
    'constant w: float32[1, 1, 3, 2]',
    'constant c_1: float32[2] stored as float16',
    `y: float32[1, 5, 5, 2] = conv2d(x, w, c_1, ${attributes})`,
    'output y',
  ]);
});

it('stores a small weight as float32', () => {
  for (const kind of ['float16', 'uint8'] as const) {
    const graph = new TestGraph();
    const result = graph.node('y', 'mul', [SUMS['depthwise conv2d']!(graph, kind), weight(graph, 'c', [6])], {});
    const { constants } = rewrite(graph.build([result]), foldAffine).graph;
    expect(constants.map(({ storage }) => storage.kind)).toEqual(['plain', 'plain']);
  }
});

it('keeps the names of weights', () => {
  const graph = new TestGraph();
  const scaled = graph.node('y', 'mul', [SUMS['depthwise conv2d']!(graph), weight(graph, 'c', [6])], {});
  const { constants } = rewrite(graph.build([scaled]), foldAffine).graph;
  expect(constants.map(({ value }) => value.name)).toEqual(['w', 'b']);

  // A bias that another node takes, too, keeps its name.
  const shared = new TestGraph();
  const outputs = [shared.node('y', 'mul', [SUMS['depthwise conv2d']!(shared), weight(shared, 'c', [6])], {})];
  const [, bias] = shared.build([]).constants;
  outputs.push(shared.node('z', 'neg', [bias!.value], {}));
  const after = rewrite(shared.build(outputs), foldAffine).graph;
  expect(after.constants.map(({ value }) => value.name).toSorted()).toEqual(['b', 'b_1', 'w']);
});

it('multiplies the scale that a weight of bytes is stored with by one factor', () => {
  const graph = new TestGraph();
  const sum = SUMS['matmul']!(graph, 'uint8');
  const result = graph.node('y', 'mul', [sum, constant(graph, 'c', [-3])], {});
  const [found] = rewrite(graph.build([result]), foldAffine).graph.constants;
  expect(found?.storage).toEqual({ kind: 'uint8', scale: -3 / 128, min: 3 });
});

it.each(['conv2d', 'grouped conv2d', 'depthwise conv2d', 'matmul'])('multiplies the scales of the channels of a %s', (name) => {
  const graph = new TestGraph();
  const given = graph.build([graph.node('y', 'mul', [SUMS[name]!(graph, 'int8'), weight(graph, 'c', [6])], {})]);
  const storages = (of: typeof given) =>
    of.constants.filter(({ value }) => value.name.startsWith('w')).map(({ bytes, storage }) => [bytes.length, storage]);
  expect(storages(rewrite(given, foldAffine).graph)).toEqual(storages(given));
});

/** Graphs that stay as they are. */
const LEFT: Readonly<Record<string, (graph: TestGraph) => readonly TypedValue[]>> = {
  'another node takes the sum': (graph) => {
    const sum = SUMS['conv2d']!(graph);
    return [graph.node('y', 'mul', [sum, weight(graph, 'c', [6])], {}), graph.node('z', 'relu', [sum], {})];
  },
  'the sum is an output': (graph) => {
    const sum = SUMS['conv2d']!(graph);
    return [graph.node('y', 'mul', [sum, weight(graph, 'c', [6])], {}), sum];
  },
  'another node takes the weight': (graph) => {
    const [x, w] = [input(graph, [3, 6]), weight(graph, 'w', [6, 6])];
    const result = graph.node('y', 'mul', [graph.node('sum', 'matmul', [x, w], {}), weight(graph, 'c', [6])], {});
    return [result, graph.node('z', 'relu', [w], {})];
  },
  'the weight is large, and stored as float16': (graph) => {
    const product = graph.node('sum', 'matmul', [input(graph, [3, 400]), weight(graph, 'w', [400, 6], 'float16')], {});
    return [graph.node('y', 'mul', [product, weight(graph, 'c', [6])], {})];
  },
  'the weight is large, stored as bytes, and the factors differ': (graph) => {
    const product = graph.node('sum', 'matmul', [input(graph, [3, 300]), weight(graph, 'w', [300, 6], 'uint8')], {});
    return [graph.node('y', 'mul', [product, weight(graph, 'c', [6])], {})];
  },
  'the weight is large, and has scales along another axis': (graph) => {
    const product = graph.node('sum', 'matmul', [input(graph, [3, 300]), weight(graph, 'w', [300, 6], 'int8', 0)], {});
    return [graph.node('y', 'mul', [product, weight(graph, 'c', [6])], {})];
  },
  'the factor is no constant': (graph) => [
    graph.node('y', 'mul', [SUMS['matmul']!(graph), graph.input('c', { dataType: 'float32', shape: [6] })], {}),
  ],
  'the weight is no constant': (graph) => {
    const product = graph.node('sum', 'matmul', [input(graph, [3, 6]), graph.input('w', { dataType: 'float32', shape: [6, 6] })], {});
    return [graph.node('y', 'mul', [product, weight(graph, 'c', [6])], {})];
  },
  'the bias is no constant': (graph) => {
    const inputs = [input(graph, [1, 4, 4, 3]), weight(graph, 'w', [1, 1, 3, 2]), graph.input('b', { dataType: 'float32', shape: [2] })];
    return [graph.node('y', 'add', [graph.node('sum', 'conv2d', inputs, { ...WINDOW, groups: 1 }), weight(graph, 'c', [2])], {})];
  },
  'the numbers lie along another axis': (graph) => [graph.node('y', 'mul', [SUMS['conv2d']!(graph), weight(graph, 'c', [4, 1])], {})],
  'the numbers lie along the channels and another axis': (graph) => [
    graph.node('y', 'mul', [SUMS['conv2d']!(graph), weight(graph, 'c', [4, 6])], {}),
  ],
  'the result has more axes': (graph) => [graph.node('y', 'mul', [SUMS['matmul']!(graph), weight(graph, 'c', [1, 1, 6])], {})],
  'one channel becomes many': (graph) => {
    const product = graph.node('sum', 'matmul', [input(graph, [3, 5]), weight(graph, 'w', [5, 1])], {});
    return [graph.node('y', 'mul', [product, weight(graph, 'c', [6])], {})];
  },
  'a number is NaN': (graph) => [graph.node('y', 'mul', [SUMS['matmul']!(graph), constant(graph, 'c', [1, Number.NaN, 1, 1, 1, 1])], {})],
  'a number is infinite': (graph) => [
    graph.node('y', 'add', [SUMS['conv2d']!(graph), constant(graph, 'c', [1, Number.POSITIVE_INFINITY, 1, 1, 1, 1])], {}),
  ],
  'it is divided by 0': (graph) => [graph.node('y', 'div', [SUMS['matmul']!(graph), constant(graph, 'c', [1, 0, 1, 1, 1, 1])], {})],
  'a product is beyond float32': (graph) => {
    const product = graph.node('sum', 'matmul', [input(graph, [3, 1]), constant(graph, 'w', [1e30, 1], [1, 2])], {});
    return [graph.node('y', 'mul', [product, constant(graph, 'c', [1e30])], {})];
  },
  'the sum is taken from the numbers': (graph) => [graph.node('y', 'sub', [weight(graph, 'c', [6]), SUMS['conv2d']!(graph)], {})],
  'the numbers are divided by the sum': (graph) => [graph.node('y', 'div', [weight(graph, 'c', [6]), SUMS['conv2d']!(graph)], {})],
  'the numbers are whole': (graph) => {
    const w = graph.numbers('int32', [1, 2, 3, 4], [2, 2]);
    const product = graph.node('sum', 'matmul', [graph.input('x', { dataType: 'int32', shape: [3, 2] }), w], {});
    return [graph.node('y', 'mul', [product, graph.number('int32', 3)], {})];
  },
  'the variance is below minus epsilon': (graph) => {
    const numbers = [constant(graph, 'mean', [1, 1]), constant(graph, 'variance', [-1, 1])];
    const product = graph.node('sum', 'matmul', [input(graph, [3, 5]), weight(graph, 'w', [5, 2])], {});
    return [graph.node('y', 'batchNormalization', [product, ...numbers], { axis: 1, epsilon: 0.5 })];
  },
  'a batch normalisation runs along another axis': (graph) => {
    const numbers = [constant(graph, 'mean', [1, 1, 1]), constant(graph, 'variance', [2, 1, 3])];
    const product = graph.node('sum', 'matmul', [input(graph, [3, 5]), weight(graph, 'w', [5, 2])], {});
    return [graph.node('y', 'batchNormalization', [product, ...numbers], { axis: 0, epsilon: 0.5 })];
  },
};

it.each(Object.entries(LEFT))('leaves the graph alone where %s', (_, outputsIn) => {
  const graph = new TestGraph();
  expect(countRewrites(graph.build(outputsIn(graph)), foldAffine)).toBe(0);
});

/** The pass that folds arithmetic of channels into the weights behind it. */
import { describe, expect, it } from 'vitest';
import type { TypedValue } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import { foldIntoNext } from '../../src/passes/fold-into-next.js';
import { TestGraph } from '../fixtures/rewritten.js';
import { constant, countRewrites, opsAfter, weight } from '../fixtures/weights.js';

const PLAIN = { strides: [2, 1], dilations: [1, 1], autoPad: 'explicit', padding: [0, 0, 0, 0] } as const;
const PADDED = { ...PLAIN, padding: [0, 1, 0, 0] } as const;
const TRANSPOSED = { strides: [2, 1], dilations: [1, 1], padding: [0, 0, 0, 0], outputPadding: [0, 0] };

/** What takes 4 channels. */
const SUMS: Readonly<Record<string, (graph: TestGraph, x: TypedValue) => TypedValue>> = {
  'conv2d without padding': (graph, x) =>
    graph.node('y', 'conv2d', [x, weight(graph, 'w', [2, 3, 4, 6]), weight(graph, 'b', [6])], { ...PLAIN, groups: 1 }),
  'conv2d of one element, SAME': (graph, x) =>
    graph.node('y', 'conv2d', [x, weight(graph, 'w', [1, 1, 4, 6]), null], { ...PLAIN, autoPad: 'sameUpper', groups: 1 }),
  'grouped conv2d': (graph, x) => graph.node('y', 'conv2d', [x, weight(graph, 'w', [2, 3, 2, 6]), null], { ...PLAIN, groups: 2 }),
  'depthwise conv2d': (graph, x) => graph.node('y', 'conv2d', [x, weight(graph, 'w', [2, 3, 1, 8]), null], { ...PLAIN, groups: 4 }),
  'padded conv2d': (graph, x) =>
    graph.node('y', 'conv2d', [x, weight(graph, 'w', [2, 3, 4, 6]), weight(graph, 'b', [6])], { ...PADDED, groups: 1 }),
  'conv2d, SAME': (graph, x) =>
    graph.node('y', 'conv2d', [x, weight(graph, 'w', [3, 1, 4, 6]), null], { ...PLAIN, autoPad: 'sameLower', groups: 1 }),
  convTranspose2d: (graph, x) =>
    graph.node('y', 'convTranspose2d', [x, weight(graph, 'w', [2, 3, 6, 4]), null], { ...TRANSPOSED, groups: 1 }),
  'grouped convTranspose2d': (graph, x) =>
    graph.node('y', 'convTranspose2d', [x, weight(graph, 'w', [2, 3, 3, 4]), null], { ...TRANSPOSED, groups: 2 }),
  matmul: (graph, x) => graph.node('y', 'matmul', [x, weight(graph, 'w', [4, 6])], {}),
  'matmul of many': (graph, x) => graph.node('y', 'matmul', [x, weight(graph, 'w', [5, 4, 6])], {}),
};
const TAKE_OFFSETS = ['conv2d without padding', 'conv2d of one element, SAME', 'grouped conv2d', 'depthwise conv2d', 'matmul'];

const picture = (graph: TestGraph) => graph.input('x', { dataType: 'float32', shape: [openSize('batch'), 5, openSize('width'), 4] });

describe.each(Object.entries(SUMS))('%s', (name, sumOf) => {
  const op = name.startsWith('matmul') ? 'matmul' : name.includes('convTranspose2d') ? 'convTranspose2d' : 'conv2d';
  const isTaken = TAKE_OFFSETS.includes(name);
  const graphOf = (before: (graph: TestGraph, x: TypedValue) => TypedValue) => {
    const graph = new TestGraph();
    return graph.build([sumOf(graph, before(graph, fixed(graph)))]);
  };
  // A window of open width has an open number of places, and fits no picture that is too small.
  const fixed = (graph: TestGraph) =>
    op === 'matmul' ? picture(graph) : graph.input('x', { dataType: 'float32', shape: [openSize('batch'), 5, 6, 4] });
  const scaled = (graph: TestGraph, x: TypedValue) => graph.node('scaled', 'mul', [x, weight(graph, 'c', [4])], {});
  const moved = (graph: TestGraph, x: TypedValue) => graph.node('moved', 'sub', [x, weight(graph, 'd', [1, 4])], {});
  const normal = (graph: TestGraph, x: TypedValue) => {
    const numbers = [weight(graph, 'mean', [4]), constant(graph, 'variance', [0.5, 1, 2, 0])];
    return graph.node('bn', 'batchNormalization', [x, ...numbers], { axis: 3, epsilon: 0.1 });
  };

  it('takes up factors', () => expect(opsAfter(graphOf(scaled), foldIntoNext)).toEqual([op]));

  it(`${isTaken ? 'takes up' : 'leaves'} offsets and batch normalisations`, () => {
    const kept = (before: string) => (isTaken ? (op === 'matmul' ? ['matmul', 'add'] : [op]) : [before, op]);
    expect(opsAfter(graphOf(moved), foldIntoNext)).toEqual(kept('sub'));
    expect(opsAfter(graphOf(normal), foldIntoNext)).toEqual(kept('batchNormalization'));
  });
});

it('leaves factors where weights of 8 or 16 bits are large, and takes up offsets', () => {
  for (const [kind, made] of [
    ['float16', 600],
    ['uint8', 400],
  ] as const) {
    const count = (op: 'mul' | 'add') => {
      const graph = new TestGraph();
      const before = graph.node('before', op, [picture(graph), weight(graph, 'c', [4])], {});
      return countRewrites(graph.build([graph.node('y', 'matmul', [before, weight(graph, 'w', [4, made], kind)], {})]), foldIntoNext);
    };
    expect([count('mul'), count('add')]).toEqual([0, 1]);
  }
});

/** Graphs that stay as they are. */
const LEFT: Readonly<Record<string, (graph: TestGraph) => readonly TypedValue[]>> = {
  'another node takes the product': (graph) => {
    const scaled = graph.node('scaled', 'mul', [picture(graph), weight(graph, 'c', [4])], {});
    return [SUMS['matmul']!(graph, scaled), graph.node('z', 'relu', [scaled], {})];
  },
  'the product is an output': (graph) => {
    const scaled = graph.node('scaled', 'mul', [picture(graph), weight(graph, 'c', [4])], {});
    return [SUMS['matmul']!(graph, scaled), scaled];
  },
  'the numbers lie along another axis': (graph) => [
    SUMS['matmul']!(graph, graph.node('scaled', 'mul', [picture(graph), weight(graph, 'c', [5, 1, 1])], {})),
  ],
  'the weight is no constant': (graph) => {
    const scaled = graph.node('scaled', 'mul', [picture(graph), weight(graph, 'c', [4])], {});
    return [graph.node('y', 'matmul', [scaled, graph.input('w', { dataType: 'float32', shape: [4, 2] })], {})];
  },
  'the product is the second matrix': (graph) => {
    const scaled = graph.node('scaled', 'mul', [picture(graph), weight(graph, 'c', [4])], {});
    return [
      graph.node(
        'y',
        'matmul',
        [graph.input('w', { dataType: 'float32', shape: [2, 1] }), graph.node('t', 'reshape', [scaled], { newShape: [1, 20] })],
        {},
      ),
    ];
  },
  'a number is infinite': (graph) => [
    SUMS['matmul']!(graph, graph.node('moved', 'add', [picture(graph), constant(graph, 'c', [1, 2, Number.NEGATIVE_INFINITY, 1])], {})),
  ],
  'the bias is no constant': (graph) => {
    const moved = graph.node('moved', 'add', [picture(graph), weight(graph, 'c', [4])], {});
    const inputs = [moved, weight(graph, 'w', [1, 1, 4, 2]), graph.input('b', { dataType: 'float32', shape: [2] })];
    return [graph.node('y', 'conv2d', inputs, { ...PLAIN, groups: 1 })];
  },
};

it.each(Object.entries(LEFT))('leaves the graph alone where %s', (_, outputsIn) => {
  const graph = new TestGraph();
  expect(countRewrites(graph.build(outputsIn(graph)), foldIntoNext)).toBe(0);
});

/** The passes that move transposes behind other ops, and cancel them. */
import { describe, expect, it } from 'vitest';
import type { TypedValue, Value } from '../../src/graph/graph.js';
import type { OpAttributes, OpName } from '../../src/graph/ops/index.js';
import { multiply, openSize, type Size } from '../../src/graph/size.js';
import { cancelTransposes } from '../../src/passes/cancel-transposes.js';
import { mergeEqualConstants } from '../../src/passes/merge-equal-constants.js';
import { mergeReshapes } from '../../src/passes/merge-reshapes.js';
import { moveTransposes } from '../../src/passes/move-transposes.js';
import { reshapeUnmoved } from '../../src/passes/reshape-unmoved.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { rewrite, rewrittenLines, TestGraph } from '../fixtures/rewritten.js';
import { countRewrites, opsAfter, weight } from '../fixtures/weights.js';

const TO_NHWC = [0, 2, 3, 1];
const TO_NCHW = [0, 3, 1, 2];
const batch = openSize('batch');

const input = (graph: TestGraph, shape: readonly Size[] = [batch, 4, 5, 6], name = 'x') =>
  graph.input(name, { dataType: 'float32', shape });
const transposed = (graph: TestGraph, x: Value, permutation: readonly number[], name = 't') =>
  graph.node(name, 'transpose', [x], { permutation });

describe('cancel transposes', () => {
  const cancelled = (shape: readonly Size[], ...permutations: readonly (readonly number[])[]) => {
    const graph = new TestGraph();
    const last = permutations.reduce<TypedValue>((value, each, index) => transposed(graph, value, each, `t${index}`), input(graph, shape));
    return rewrittenLines(graph.build([graph.node('y', 'neg', [last], {})]), cancelTransposes).slice(1, -1);
  };

  it('drops those that undo each other', () =>
    expect(cancelled([batch, 4, 5, 6], TO_NCHW, TO_NHWC)).toEqual(['y: float32[batch, 4, 5, 6] = neg(x)']));

  it('makes one of two', () =>
    expect(cancelled([batch, 4, 5, 6], TO_NCHW, [0, 2, 1, 3])).toEqual([
      't1: float32[batch, 4, 6, 5] = transpose(x, permutation=[0,1,3,2])',
      'y: float32[batch, 4, 6, 5] = neg(t1)',
    ]));

  it('keeps the inner one for others that take it', () => {
    const graph = new TestGraph();
    const inner = transposed(graph, input(graph), TO_NCHW);
    const outputs = [graph.node('y', 'neg', [transposed(graph, inner, TO_NHWC, 'back')], {}), graph.node('z', 'exp', [inner], {})];
    expect(opsAfter(graph.build(outputs), cancelTransposes).toSorted()).toEqual(['exp', 'neg', 'transpose']);
  });
});

describe('move transposes', () => {
  /** An op in NCHW between two transposes. The second one is there if the op leaves four axes. */
  const between = <Name extends OpName>(
    op: Name,
    attributes: OpAttributes[Name],
    others: (graph: TestGraph) => readonly Value[] = () => [],
    shape?: readonly Size[],
  ) => {
    const graph = new TestGraph();
    const x = transposed(graph, input(graph, shape), TO_NCHW);
    const results = graph.ops(op, [x, ...others(graph)], attributes, { format: 'pannier', op, name: 'op' });
    return graph.build(
      results.map((each, index) => (each.type.shape.length === 4 ? transposed(graph, each, TO_NHWC, `back${index}`) : each)),
    );
  };
  const PASSES = [moveTransposes, cancelTransposes, reshapeUnmoved, mergeReshapes];
  const nchw = (shape: readonly Size[], name: string) => (graph: TestGraph) => [
    transposed(graph, input(graph, shape, name), TO_NCHW, `t ${name}`),
  ];

  it.each([
    ['an activation', between('leakyRelu', { alpha: 0.1 }), ['leakyRelu']],
    ['a cast', between('cast', { to: 'int32' }), ['cast']],
    ['an addition of two', between('add', {}, nchw([batch, 4, 5, 6], 'z')), ['add']],
    ['a product with a row', between('mul', {}, nchw([batch, 4, 1, 1], 'z')), ['mul']],
    ['a bias', between('add', {}, (graph) => [weight(graph, 'bias', [1, 6, 1, 1])]), ['add']],
    ['a bias with scales', between('add', {}, (graph) => [weight(graph, 'bias', [6, 1, 1], 'int8', 0)]), ['add']],
    ['a bias of fewer axes', between('sub', {}, (graph) => [weight(graph, 'bias', [6, 1, 1])]), ['sub']],
    ['a number', between('mul', {}, (graph) => [graph.number('float32', 3)]), ['mul']],
    ['numbers along the last axis', between('mul', {}, (graph) => [weight(graph, 'c', [5], 'float16')]), ['mul']],
    ['a constant that is moved itself', between('mul', {}, (graph) => [weight(graph, 'c', [6, 4, 5], 'float16')]), ['mul']],
    ['a gate that a node gives', between('mul', {}, (graph) => [input(graph, [batch, 6, 1, 1], 'gate')]), ['reshape', 'mul']],
    ['slopes', between('prelu', {}, (graph) => [weight(graph, 'slope', [6, 1, 1])]), ['prelu']],
    ['padding', between('pad', { beginning: [0, 1, 2, 3], ending: [0, 0, 1, 0], mode: 'constant', value: 7 }), ['pad']],
    ['a slice', between('slice', { starts: [0, 1, 2, 4], sizes: [batch, 2, 2, 3], strides: [1, 1, 2, -1] }), ['slice']],
    ['repetitions', between('tile', { repetitions: [1, 2, 3, 1] }), ['tile']],
    ['a repetition of one row', between('expand', { newShape: [batch, 6, 4, 5] }, undefined, [batch, 1, 5, 6]), ['expand']],
    ['a reversal', between('reverse', { axes: [3, 1] }), ['reverse']],
    ['parts one behind the other', between('concat', { axis: 1 }, nchw([batch, 4, 5, 2], 'z')), ['concat']],
    ['parts', between('split', { axis: 1, splits: [2, 4] }), ['split']],
    ['a softmax', between('softmax', { axis: 1 }), ['softmax']],
    [
      'a batch normalisation',
      between('batchNormalization', { axis: 1, epsilon: 0.1 }, (graph) => [
        weight(graph, 'm', [6]),
        graph.node('v', 'abs', [weight(graph, 'vv', [6])], {}),
      ]),
      ['abs', 'batchNormalization'],
    ],
    ['a mean of pictures', between('reduceMean', { axes: [3, 2], keepDimensions: false }), ['reduceMean']],
    ['a mean that keeps its axes', between('reduceMean', { axes: [2, 3], keepDimensions: true }), ['reduceMean']],
    ['a sum over channels', between('reduceSum', { axes: [1], keepDimensions: false }), ['reduceSum']],
    ['a place', between('argMax', { axis: 1, keepDimensions: false, outputDataType: 'int32' }), ['argMax']],
    ['a reshape that joins height and width', between('reshape', { newShape: [multiply(batch, 6), 20] }), ['transpose', 'reshape']],
    ['a reshape to a list for each picture', between('reshape', { newShape: [batch, 120] }), ['transpose', 'reshape']],
  ])('passes %s', (_, graph, wanted) => expect(opsAfter(graph, ...PASSES)).toEqual(wanted));

  it('joins height and width before channels move, and leaves no transpose where these come last again', () => {
    const graph = new TestGraph();
    const flat = graph.node('flat', 'reshape', [transposed(graph, input(graph, [1, 4, 5, 6]), TO_NCHW)], { newShape: [1, 6, 20] });
    expect(rewrittenLines(graph.build([transposed(graph, flat, [0, 2, 1], 'y')]), ...PASSES)).toEqual([
      'input x: float32[1, 4, 5, 6]',
      'y: float32[1, 20, 6] = reshape(x, newShape=[1,20,6])',
      'output y',
    ]);
  });

  it('drops a height of 1 beside an open width before channels move', () => {
    const graph = new TestGraph();
    const x = transposed(graph, input(graph, [batch, 1, openSize('width'), 6]), TO_NCHW);
    const squeezed = graph.node('squeezed', 'reshape', [x], { newShape: [batch, 6, openSize('width')] });
    expect(rewrittenLines(graph.build([transposed(graph, squeezed, [0, 2, 1], 'y')]), ...PASSES)).toEqual([
      'input x: float32[batch, 1, width, 6]',
      'y: float32[batch, width, 6] = reshape(x, newShape=["batch","width",6])',
      'output y',
    ]);
  });

  it('goes to the end of a head of a detector, which turns its rows into columns first', () => {
    const graph = new TestGraph();
    const rows = transposed(graph, input(graph, [batch, 5, 10]), [0, 2, 1]);
    const [boxes, scores] = graph.ops('split', [rows], { axis: 1, splits: [8, 2] }, { format: 'pannier', op: 'split', name: 'parts' });
    const places = graph.node('places', 'reshape', [boxes as Value], { newShape: [batch, 2, 4, 5] });
    const weights = graph.node('weights', 'softmax', [transposed(graph, places, [0, 2, 1, 3], 'turned')], { axis: 1 });
    const mean = graph.node('mean', 'conv2d', [transposed(graph, weights, TO_NHWC, 'nhwc'), weight(graph, 'filter', [1, 1, 4, 1]), null], {
      ...{ strides: [1, 1], dilations: [1, 1], autoPad: 'explicit', padding: [0, 0, 0, 0], groups: 1 },
    });
    const distances = graph.node('distances', 'reshape', [mean], { newShape: [batch, 2, 5] });
    const anchors = weight(graph, 'anchors', [2, 5]);
    const [first, last] = [graph.node('first', 'sub', [anchors, distances], {}), graph.node('last', 'add', [anchors, distances], {})];
    const all = graph.node('all', 'concat', [first, last, graph.node('s', 'sigmoid', [scores as Value], {})], { axis: 1 });
    expect(opsAfter(graph.build([all]), ...PASSES)).toEqual([
      ...['split', 'reshape', 'softmax', 'conv2d', 'reshape', 'sub', 'add', 'sigmoid', 'concat', 'transpose'],
    ]);
  });

  it.each([
    ['moves with all that take it', false, 0],
    ['stays for others that take it, and is not stored twice', true, 2],
  ])('a constant %s', (_, isTakenOutside, transposes) => {
    const graph = new TestGraph();
    const x = transposed(graph, input(graph), TO_NCHW);
    const bias = weight(graph, 'bias', [6, 4, 5]);
    const both = graph.node('y', 'mul', [graph.node('sum', 'add', [x, bias], {}), graph.node('difference', 'sub', [x, bias], {})], {});
    const outputs = [transposed(graph, both, TO_NHWC, 'back'), ...(isTakenOutside ? [graph.node('z', 'neg', [bias], {})] : [])];
    const { graph: left } = rewrite(graph.build(outputs), ...PASSES, mergeEqualConstants);
    expect(left.nodes.filter(({ op }) => op === 'transpose')).toHaveLength(transposes);
    expect(left.constants).toHaveLength(1);
  });

  it('goes with its places where each is convolved by itself, and stays where a filter reaches others or axes become channels', () => {
    const convolved = (size: number, permutation: readonly number[]) => {
      const graph = new TestGraph();
      const x = transposed(graph, input(graph, [batch, 6, 6, 6]), permutation);
      const result = graph.node('y', 'conv2d', [x, weight(graph, 'filter', [size, size, 6, 2]), null], {
        ...{ strides: [1, 1], dilations: [1, 1], autoPad: 'sameUpper', padding: [0, 0, 0, 0], groups: 1 },
      });
      return opsAfter(graph.build([result]), ...PASSES);
    };
    expect(convolved(1, [0, 2, 1, 3])).toEqual(['conv2d', 'transpose']);
    expect(convolved(2, [0, 2, 1, 3])).toEqual(['transpose', 'conv2d']);
    expect(convolved(1, TO_NCHW)).toEqual(['transpose', 'conv2d']);
  });

  it('gives a connection past a network the input as its first layer takes it', () => {
    const graph = new TestGraph();
    const x = input(graph, [batch, 6, 4, 5]);
    const pool = graph.node('pool', 'maxPool2d', [transposed(graph, x, TO_NHWC, 'in')], {
      ...{ windowDimensions: [3, 3], strides: [1, 1], dilations: [1, 1], autoPad: 'sameUpper', padding: [0, 0, 0, 0] },
      ...{ outputRounding: 'floor', countPadding: false },
    });
    const sum = graph.node('sum', 'add', [x, transposed(graph, pool, TO_NCHW, 'out')], {});
    expect(opsAfter(graph.build([transposed(graph, sum, TO_NHWC, 'y')]), ...PASSES)).toEqual(['transpose', 'maxPool2d', 'add']);
  });

  it('merges those that meet at once: each would go past all others first, step by step', () => {
    const graph = new TestGraph();
    let value: TypedValue = input(graph);
    const count = 90;
    for (let index = 0; index < count; index++)
      value = graph.node(`r${index}`, 'relu', [transposed(graph, value, TO_NHWC, `t${index}`)], {});
    const { graph: left, rewrites } = runPasses(graph.build([value]), PASSES);
    expect(left.nodes.map(({ op }) => op)).toEqual(Array(count).fill('relu'));
    expect(rewrites.length).toBeLessThanOrEqual(3 * count);
  });

  it('passes a residual connection and x · sigmoid(x)', () => {
    const graph = new TestGraph();
    const x = transposed(graph, input(graph), TO_NCHW);
    const silu = graph.node('silu', 'mul', [x, graph.node('s', 'sigmoid', [x], {})], {});
    const inner = graph.node('inner', 'relu', [transposed(graph, silu, TO_NHWC, 'in')], {});
    const sum = graph.node('sum', 'add', [silu, transposed(graph, inner, TO_NCHW, 'out')], {});
    expect(opsAfter(graph.build([transposed(graph, sum, TO_NHWC, 'y')]), ...PASSES)).toEqual(['sigmoid', 'mul', 'relu', 'add']);
  });

  it.each<[string, (graph: TestGraph) => readonly TypedValue[]]>([
    [
      'another node takes it as it is',
      (graph) => {
        const x = transposed(graph, input(graph), TO_NCHW);
        return [graph.node('y', 'relu', [x], {}), graph.node('z', 'reshape', [x], { newShape: [batch, 120] })];
      },
    ],
    [
      'it is an output',
      (graph) => {
        const x = transposed(graph, input(graph), TO_NCHW);
        return [graph.node('y', 'relu', [x], {}), x];
      },
    ],
    [
      'the other input would be transposed',
      (graph) => [graph.node('y', 'add', [transposed(graph, input(graph), TO_NCHW), input(graph, [batch, 6, 4, 5], 'z')], {})],
    ],
    [
      'a constant that others take would be moved',
      (graph) => {
        const c = weight(graph, 'c', [6, 4, 5]);
        return [graph.node('y', 'add', [transposed(graph, input(graph), TO_NCHW), c], {}), graph.node('z', 'neg', [c], {})];
      },
    ],
    [
      'the scales of a constant would have to move',
      (graph) => [graph.node('y', 'add', [transposed(graph, input(graph), TO_NCHW), weight(graph, 'c', [6, 4, 5], 'int8', 0)], {})],
    ],
    [
      'a softmax would run along an inner axis for nothing',
      (graph) => [graph.node('y', 'softmax', [transposed(graph, input(graph), TO_NCHW)], { axis: 3 })],
    ],
    [
      'there would be two',
      (graph) =>
        graph.ops(
          'split',
          [transposed(graph, input(graph), TO_NCHW)],
          { axis: 1, splits: [2, 4] },
          { format: 'pannier', op: 'split', name: 'y' },
        ),
    ],
    [
      'it would become one with another, but be needed beside it as well',
      (graph) => {
        const x = transposed(graph, input(graph), TO_NCHW);
        const parts = graph.ops('split', [x], { axis: 1, splits: [3, 3] }, { format: 'pannier', op: 'split', name: 'parts' });
        const turned = transposed(graph, parts[0] as Value, [0, 3, 2, 1], 'turned');
        return [turned, parts[1] as Value].map((part, index) =>
          graph.node(`y${index}`, 'depthToSpace', [part], { blockSize: 1, order: 'blocksFirst' }),
        );
      },
    ],
    [
      'the op means something else for each axis',
      (graph) => [
        graph.node('y', 'depthToSpace', [transposed(graph, input(graph, [batch, 4, 4, 6]), TO_NCHW)], {
          blockSize: 2,
          order: 'blocksFirst',
        }),
      ],
    ],
    [
      'rows would be repeated in front of it for nothing',
      (graph) => [graph.node('y', 'expand', [transposed(graph, input(graph, [batch, 1, 5, 6]), TO_NCHW)], { newShape: [batch, 6, 4, 5] })],
    ],
    [
      'an axis comes in front of it',
      (graph) => [
        graph.node('y', 'expand', [transposed(graph, input(graph, [batch, 1, 5, 6]), TO_NCHW)], { newShape: [2, batch, 6, 1, 5] }),
      ],
    ],
    [
      'the other input is the same value before it, and the same transpose undoes it',
      (graph) => {
        const x = input(graph, [batch, 5, 5]);
        return [graph.node('y', 'add', [x, transposed(graph, x, [0, 2, 1])], {})];
      },
    ],
    [
      'it is a matrix',
      (graph) => [graph.node('y', 'matmul', [transposed(graph, input(graph, [4, 5]), [1, 0]), weight(graph, 'w', [4, 3])], {})],
    ],
  ])('stays where %s', (_, outputsIn) => {
    const graph = new TestGraph();
    expect(countRewrites(graph.build(outputsIn(graph)), moveTransposes)).toBe(0);
  });
});

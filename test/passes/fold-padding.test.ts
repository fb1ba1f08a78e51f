/** The pass that folds padding into convolutions and pools. */
import { describe, expect, it } from 'vitest';
import type { Graph, Node, TypedValue } from '../../src/graph/graph.js';
import { openSize, type Size } from '../../src/graph/size.js';
import { foldPadding } from '../../src/passes/fold-padding.js';
import { linesOf, rewrite, TestGraph } from '../fixtures/rewritten.js';
import { countRewrites, weight } from '../fixtures/weights.js';

const WINDOW = { strides: [2, 2], dilations: [1, 1], autoPad: 'explicit', padding: [0, 0, 0, 0] } as const;

interface Padded {
  readonly shape?: readonly Size[];
  readonly beginning?: readonly Size[];
  readonly ending?: readonly Size[];
  readonly mode?: 'constant' | 'reflection' | 'edge';
  readonly value?: number;
}

const padded = (
  graph: TestGraph,
  { shape = [1, 8, 8, 2], beginning = [0, 1, 0, 0], ending = [0, 0, 2, 0], mode = 'constant', value = 0 }: Padded,
) => graph.node('padded', 'pad', [graph.input('x', { dataType: 'float32', shape })], { beginning, ending, mode, value });

function convolution(
  pad: Padded,
  window: object = {},
  outputs: (padded: TypedValue, graph: TestGraph) => readonly TypedValue[] = () => [],
): Graph {
  const graph = new TestGraph();
  const input = padded(graph, pad);
  const result = graph.node('y', 'conv2d', [input, weight(graph, 'w', [3, 3, 1, 4]), weight(graph, 'b', [4])], {
    ...WINDOW,
    ...window,
    groups: 2,
  });
  return graph.build([result, ...outputs(input, graph)]);
}

function pool(op: 'maxPool2d' | 'averagePool2d' | 'l2Pool2d', pad: Padded, window: object = {}): Graph {
  const graph = new TestGraph();
  const attributes = { ...WINDOW, windowDimensions: [3, 3], outputRounding: 'floor', countPadding: false, ...window } as const;
  return graph.build([graph.node('y', op, [padded(graph, pad)], attributes)]);
}

/** How the only window of a graph is padded after the pass. */
function windowAfter(graph: Graph): string {
  const { nodes } = rewrite(graph, foldPadding).graph;
  expect(nodes).toHaveLength(1);
  const { autoPad, padding, countPadding } = (nodes[0] as Node).attributes as {
    autoPad: string;
    padding: readonly number[];
    countPadding?: boolean;
  };
  return `${autoPad} ${padding}${countPadding ? ' counted' : ''}`;
}

describe('convolutions', () => {
  it.each<[string, Padded, object, string]>([
    ['none', {}, {}, 'explicit 1,0,0,2'],
    ['a padding', { value: -0 }, { padding: [1, 2, 0, 1] }, 'explicit 2,2,0,3'],
    ['one that cuts', {}, { padding: [-1, 1, 0, -1] }, 'explicit 0,1,0,1'],
    ['SAME', {}, { autoPad: 'sameUpper' }, 'explicit 2,1,0,3'],
    ['SAME at the front', {}, { autoPad: 'sameLower' }, 'explicit 2,1,1,2'],
    ['dilations', {}, { strides: [1, 1], dilations: [2, 1] }, 'explicit 1,0,0,2'],
  ])('that have %s', (_, pad, window, wanted) => expect(windowAfter(convolution(pad, window))).toBe(wanted));

  it('of open sizes', () => {
    const shape = [openSize('batch'), openSize('height'), 8, 2];
    expect(windowAfter(convolution({ shape, beginning: [0, 2, 0, 0] }))).toBe('explicit 2,0,0,2');
  });

  it('takes the picture itself where others take the padded one, too', () => {
    const { graph } = rewrite(
      convolution({}, {}, (input, graph) => [graph.node('z', 'relu', [input], {})]),
      foldPadding,
    );
    expect(linesOf(graph).filter((line) => line.includes('conv2d(x,'))).toHaveLength(1);
    expect(graph.nodes.map(({ op }) => op).toSorted()).toEqual(['conv2d', 'pad', 'relu']);
  });
});

describe('pools', () => {
  it('take the greatest element of a padding of minus infinity', () => {
    const value = Number.NEGATIVE_INFINITY;
    expect(windowAfter(pool('maxPool2d', { value }))).toBe('explicit 1,0,0,2');
    // TensorFlow's SAME: of 8 elements by windows of 3 at every second place, one is added behind.
    expect(windowAfter(pool('maxPool2d', { value, beginning: [0, 0, 0, 0], ending: [0, 1, 1, 0] }))).toBe('sameUpper 0,0,0,0');
    expect(windowAfter(pool('maxPool2d', { value, beginning: [0, 4, 0, 0] }))).toBe('explicit 4,0,0,2');
  });

  it('count a padding of zeros', () => {
    expect(windowAfter(pool('averagePool2d', {}))).toBe('explicit 1,0,0,2 counted');
    expect(windowAfter(pool('averagePool2d', {}, { padding: [1, 1, 0, 0], countPadding: true }))).toBe('explicit 2,1,0,2 counted');
    const before = { beginning: [0, 1, 1, 0], ending: [0, 0, 0, 0] };
    expect(windowAfter(pool('averagePool2d', before, { outputRounding: 'ceil' }))).toBe('explicit 1,0,1,0 counted');
    expect(windowAfter(pool('l2Pool2d', {}, { padding: [1, 1, 0, 0] }))).toBe('explicit 2,1,0,2');
  });
});

it.each<[string, Graph]>([
  ['channels are padded', convolution({ shape: [1, 8, 8, 1], ending: [0, 0, 0, 1] })],
  ['pictures are added', convolution({ beginning: [1, 1, 0, 0] })],
  ['a mirror image is added', convolution({ mode: 'reflection' })],
  ['the edge is repeated', convolution({ mode: 'edge' })],
  ['another number is added', convolution({ value: 1 })],
  ['the padding is open', convolution({ shape: [openSize('batch'), 8, 8, 2], ending: [0, openSize('batch'), 0, 0] })],
  ['SAME depends on an open size', convolution({ shape: [1, openSize('height'), 8, 2] }, { autoPad: 'sameUpper' })],
  ['zeros are added to a greatest element', pool('maxPool2d', {})],
  ['a pool would have fewer places', pool('averagePool2d', { ending: [0, 0, 3, 0] }, { outputRounding: 'ceil', strides: [2, 4] })],
  ['a mean does not count its own padding', pool('averagePool2d', {}, { padding: [1, 0, 0, 0] })],
  ['a mean does not count the padding of SAME', pool('averagePool2d', {}, { autoPad: 'sameUpper' })],
  ['minus infinity is added to a mean', pool('averagePool2d', { value: Number.NEGATIVE_INFINITY })],
])('leaves the graph alone where %s', (_, graph) => expect(countRewrites(graph, foldPadding)).toBe(0));

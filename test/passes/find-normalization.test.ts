/** The passes that find normalisations in the steps that an exporter wrote, and give them their scale and bias. */
import { describe, expect, it } from 'vitest';
import type { Graph, Value } from '../../src/graph/graph.js';
import { openSize, type Size } from '../../src/graph/size.js';
import { attachParameters } from '../../src/passes/attach-parameters.js';
import { findNormalization } from '../../src/passes/find-normalization.js';
import { removeDeadCode } from '../../src/passes/remove-dead-code.js';
import { rewrite, TestGraph } from '../fixtures/rewritten.js';
import { constant, countRewrites, weight } from '../fixtures/weights.js';

const batch = openSize('batch');
const PASSES = [removeDeadCode, findNormalization, attachParameters];

/** How a file may write a normalisation. */
interface Written {
  readonly axes?: readonly number[];
  readonly shape?: readonly Size[];
  readonly square?: 'mul' | 'pow' | 'squaredDifference';
  readonly divide?: 'rsqrt' | 'sqrt' | 'reciprocal' | 'pow';
  readonly epsilon?: number;
  /** Shapes of the scale and the bias. */
  readonly parameters?: readonly (readonly number[])[];
}

function steps({ axes = [2], shape = [batch, 3, 6], square = 'mul', divide = 'rsqrt', epsilon = 0.01 }: Written) {
  const graph = new TestGraph();
  const along = { axes, keepDimensions: true };
  const x = graph.input('x', { dataType: 'float32', shape });
  const mean = graph.node('mean', 'reduceMean', [x], along);
  const difference = graph.node('d', 'sub', [x, mean], {});
  const squares = {
    mul: () => graph.node('q', 'mul', [difference, difference], {}),
    pow: () => graph.node('q', 'pow', [difference, graph.number('float32', 2)], {}),
    squaredDifference: () => graph.node('q', 'squaredDifference', [x, mean], {}),
  }[square]();
  const sum = graph.node('e', 'add', [graph.node('v', 'reduceMean', [squares], along), graph.number('float32', epsilon)], {});
  const reciprocal = (value: Value) => graph.node('r', 'reciprocal', [value], {});
  const factor = {
    rsqrt: () => graph.node('s', 'rsqrt', [sum], {}),
    sqrt: () => graph.node('s', 'sqrt', [sum], {}),
    reciprocal: () => reciprocal(graph.node('s', 'sqrt', [sum], {})),
    pow: () => graph.node('s', 'pow', [sum, graph.number('float32', -0.5)], {}),
  }[divide]();
  return { graph, x, mean, difference, squares, factor };
}

/** (x - mean) · factor · scale + bias. */
function written(form: Written): Graph {
  const { graph, difference, factor } = steps(form);
  const normal = graph.node('n', form.divide === 'sqrt' ? 'div' : 'mul', [difference, factor], {});
  const [scale, bias] = form.parameters ?? [];
  const scaled = scale ? graph.node('scaled', 'mul', [normal, weight(graph, 'scale', scale, 'float16')], {}) : normal;
  return graph.build([bias ? graph.node('y', 'add', [weight(graph, 'bias', bias), scaled], {}) : scaled]);
}

/** x · (factor · scale) + (bias - mean · (factor · scale)). */
function expanded(form: Written, shape: readonly number[]): Graph {
  const { graph, x, mean, factor } = steps({ square: 'squaredDifference', ...form });
  const scaled = graph.node('f', 'mul', [factor, weight(graph, 'scale', shape)], {});
  const rest = graph.node('rest', 'sub', [weight(graph, 'bias', shape), graph.node('shift', 'mul', [mean, scaled], {})], {});
  return graph.build([graph.node('y', 'add', [graph.node('product', 'mul', [x, scaled], {}), rest], {})]);
}

/** The only node that is left, with the shapes of what it takes besides x. */
function left(graph: Graph): string {
  const { nodes } = rewrite(graph, ...PASSES).graph;
  expect(nodes).toHaveLength(1);
  const [{ op, inputs, attributes }] = nodes as [Graph['nodes'][number]];
  return [op, 'axes' in attributes ? `over ${attributes.axes}` : '', ...inputs.slice(1).map((each) => `[${each?.type?.shape}]`)]
    .filter(Boolean)
    .join(' ');
}

describe('layer normalisation', () => {
  it.each<[string, Graph, string]>([
    ['d · rsqrt', written({}), 'over 2'],
    ['d / √', written({ divide: 'sqrt' }), 'over 2'],
    ['d · (1 / √), squared by a power', written({ divide: 'reciprocal', square: 'pow' }), 'over 2'],
    ['d · …^-½, with squared differences', written({ divide: 'pow', square: 'squaredDifference' }), 'over 2'],
    ['a scale', written({ parameters: [[6]] }), 'over 2 [6]'],
    ['a scale and a bias', written({ parameters: [[6], [1, 1, 6]] }), 'over 2 [6] [6]'],
    [
      'two axes',
      written({
        axes: [2, 1],
        parameters: [
          [3, 6],
          [3, 6],
        ],
      }),
      'over 1,2 [3,6] [3,6]',
    ],
    ['an inner axis', written({ axes: [1], parameters: [[3, 1]] }), 'over 1 [3]'],
    ['x · f + (bias - mean · f)', expanded({}, [6]), 'over 2 [6] [6]'],
  ])('is found as %s', (_, graph, wanted) => expect(left(graph)).toBe(`layerNormalization ${wanted}`));
});

describe('instance normalisation', () => {
  const picture = { axes: [1, 2], shape: [batch, 4, 5, 3] };

  it('is found over height and width, with numbers for each channel', () => {
    expect(left(written(picture))).toBe('instanceNormalization');
    expect(left(written({ ...picture, parameters: [[3], [1, 1, 1, 3]] }))).toBe('instanceNormalization [3] [3]');
    expect(left(expanded(picture, [3]))).toBe('instanceNormalization [3] [3]');
  });
});

it('keeps how scale and bias are stored', () => {
  const { constants } = rewrite(written({ parameters: [[6], [6]] }), ...PASSES).graph;
  expect(constants.map(({ storage }) => storage.kind).toSorted()).toEqual(['float16', 'plain']);
});

it('leaves scales that lie along other axes', () => {
  const ops = (parameters: readonly (readonly number[])[], form: Written = {}) =>
    rewrite(written({ ...form, parameters }), ...PASSES).graph.nodes.map(({ op }) => op);
  expect(ops([[3, 6]])).toEqual(['layerNormalization', 'mul']);
  expect(ops([[]])).toEqual(['layerNormalization', 'mul']);
  expect(ops([[5, 1]], { axes: [1, 2], shape: [batch, 4, 5, 3] })).toEqual(['instanceNormalization', 'mul']);
});

describe('leaves the graph alone', () => {
  it('where the moments are those of another value, or along other axes', () => {
    const { graph, x, factor } = steps({});
    const other = graph.node('other', 'reduceMean', [x], { axes: [1], keepDimensions: true });
    const difference = graph.node('z', 'sub', [x, other], {});
    expect(countRewrites(graph.build([graph.node('y', 'mul', [difference, factor], {})]), ...PASSES)).toBe(0);
  });

  it('where the mean is one of another value', () => {
    const graph = new TestGraph();
    const x = graph.input('x', { dataType: 'float32', shape: [2, 3] });
    const along = { axes: [1], keepDimensions: true };
    const mean = graph.node('mean', 'reduceMean', [graph.node('neg', 'neg', [x], {})], along);
    const difference = graph.node('d', 'sub', [x, mean], {});
    const variance = graph.node('v', 'reduceMean', [graph.node('q', 'mul', [difference, difference], {})], along);
    const root = graph.node('r', 'sqrt', [graph.node('e', 'add', [variance, constant(graph, 'c', [1])], {})], {});
    expect(countRewrites(graph.build([graph.node('y', 'div', [difference, root], {})]), ...PASSES)).toBe(0);
  });

  it('where a normalisation has a scale or a bias', () => {
    const graph = new TestGraph();
    const x = graph.input('x', { dataType: 'float32', shape: [2, 3] });
    const [scale, bias] = [weight(graph, 'scale', [3]), weight(graph, 'bias', [3])];
    const scaled = graph.node('n', 'layerNormalization', [x, scale, null], { axes: [1], epsilon: 0.1 });
    const moved = graph.node('m', 'layerNormalization', [x, null, bias], { axes: [1], epsilon: 0.1 });
    const outputs = [graph.node('y', 'mul', [scaled, scale], {}), graph.node('z', 'add', [moved, bias], {})];
    expect(countRewrites(graph.build(outputs), attachParameters)).toBe(0);
  });

  it('where epsilon is below 0', () => expect(countRewrites(written({ epsilon: -0.5 }), ...PASSES)).toBe(0));

  it('where a node takes the deviation otherwise, too', () => {
    const { graph, difference, factor } = steps({});
    expect(countRewrites(graph.build([graph.node('y', 'mul', [difference, factor], {}), factor]), ...PASSES)).toBe(0);
  });

  it('where an axis is dropped', () => {
    const graph = new TestGraph();
    const x = graph.input('x', { dataType: 'float32', shape: [3, 3] });
    const mean = graph.node('mean', 'reduceMean', [x], { axes: [1], keepDimensions: false });
    const difference = graph.node('d', 'sub', [x, mean], {});
    const squares = graph.node('q', 'mul', [difference, difference], {});
    const variance = graph.node('v', 'reduceMean', [squares], { axes: [1], keepDimensions: true });
    const root = graph.node('r', 'sqrt', [graph.node('e', 'add', [variance, constant(graph, 'c', [1])], {})], {});
    expect(countRewrites(graph.build([graph.node('y', 'div', [difference, root], {})]), ...PASSES)).toBe(0);
  });
});

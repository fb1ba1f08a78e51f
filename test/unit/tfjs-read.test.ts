/** The reader of TF.js graph models: names, sizes that are worked out, and the part that our ops cannot say. */
import { describe, expect, it, test } from 'vitest';
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import { typeText } from '../../src/graph/tensor.js';
import { nodeText } from '../../src/graph/text.js';
import { answersOf, readParts } from '../fixtures/graph-def.js';
import { floats, ints } from '../fixtures/tensors.js';

const int = { T: attr.type('int32') };

test('values have the names of their tensors, nodes their origin, and constants their bytes', () => {
  const { graph, inexpressible } = readParts({
    inputs: { x: ['float32', [null, 2]] },
    weights: { 'dense/w': floats([1, 2]) },
    nodes: { w: ['Identity', ['dense/w']], 'dense/y': ['AddV2', ['x', 'w']] },
  });
  expect(inexpressible).toEqual([]);
  expect(graph.nodes.map(nodeText)).toEqual(['dense/y: float32[batch, 2] = add(x, dense/w)  # tfjs AddV2 "dense/y"']);
  expect(graph.constants.map(({ value }) => value.name)).toEqual(['dense/w']);
});

test('outputs have the names of the signature, where these are not taken', () => {
  const { graph } = readParts({
    inputs: { x: ['float32', [2]] },
    nodes: {
      net: ['Neg', ['x']],
      a: ['Identity', ['net']],
      b: ['Identity', ['net']],
      c: ['Identity', ['x']],
      after: ['Neg', ['a']],
      d: ['Identity', ['after']],
    },
    outputs: ['a', 'b', 'c', 'd'],
  });
  expect(graph.outputs.map(({ name }) => name)).toEqual(['a', 'a', 'x', 'd']);
  expect(graph.nodes.map(nodeText)).toEqual(['a: float32[2] = neg(x)  # tfjs Neg "net"', 'd: float32[2] = neg(a)  # tfjs Neg "after"']);
});

describe('sizes are worked out', () => {
  it('from Shape through StridedSlice and Pack to Reshape, without a node', () => {
    const { graph } = readParts({
      inputs: { x: ['float32', [null, 4, 6]] },
      weights: { zero: ints([0]), one: ints([1]), rows: ints([2], []), rest: ints([-1], []) },
      nodes: {
        shape: ['Shape', ['x']],
        batch: ['StridedSlice', ['shape', 'zero', 'one', 'one'], { shrink_axis_mask: attr.whole(1) }],
        wanted: ['Pack', ['batch', 'rows', 'rest'], { axis: attr.whole(0), N: attr.whole(3) }],
        y: ['Reshape', ['x', 'wanted']],
      },
    });
    expect(graph.nodes.map(nodeText)).toEqual(['y: float32[batch, 2, 12] = reshape(x, newShape=["batch",2,12])  # tfjs Reshape "y"']);
    expect(graph.constants).toEqual([]);
  });

  it('with arithmetic over open sizes, and through floats', () => {
    const { graph } = readParts({
      inputs: { x: ['float32', [1, null, null, 3]] },
      weights: {
        spatial: ints([1]),
        ends: ints([3]),
        ones: ints([1]),
        two: floats([2], []),
        lead: ints([1]),
        channels: ints([3]),
        axis: ints([0], []),
      },
      nodes: {
        shape: ['Shape', ['x']],
        sizes: ['StridedSlice', ['shape', 'spatial', 'ends', 'ones']],
        floats: ['Cast', ['sizes'], { DstT: attr.type('float32') }],
        doubled: ['Mul', ['floats', 'two']],
        wholes: ['Cast', ['doubled'], { DstT: attr.type('int32') }],
        wanted: ['ConcatV2', ['lead', 'wholes', 'channels', 'axis']],
        one: ['Fill', ['wanted', 'two']],
      },
    });
    expect(typeText(graph.outputs[0]?.type ?? null)).toBe('float32[1, 2*height, 2*width, 3]');
  });

  it('and become numbers where values are computed from them', () => {
    const [y] = answersOf(
      { inputs: { x: ['int32', [null]] }, nodes: { size: ['Size', ['x']], y: ['Mul', ['x', 'size'], int] } },
      { x: ints([5, 6, 7]) },
    );
    expect([...(y?.data ?? [])]).toEqual([15, 18, 21]);
  });

  it('but float32 is not taken for a size where it is not whole, and -0 is kept', () => {
    const [half, zero] = answersOf({
      weights: { a: floats([0.5]), b: floats([0.25]), c: floats([-0]), d: floats([-0]) },
      nodes: { half: ['AddV2', ['a', 'b']], zero: ['AddV2', ['c', 'd']] },
    });
    expect(half?.data[0]).toBe(0.75);
    expect(zero?.data[0]).toBe(-0);
  });

  it('and numbers that int32 does not hold wrap around as TensorFlow has it', () => {
    const [y] = answersOf({ weights: { a: ints([2 ** 30]), b: ints([4]) }, nodes: { y: ['Mul', ['a', 'b'], int] } });
    expect(y?.data[0]).toBe(0);
  });
});

describe('an op that our graph does not have', () => {
  const parts = {
    inputs: { x: ['float32', [2]] },
    weights: { two: floats([2], []) },
    nodes: {
      before: ['Mul', ['x', 'two']],
      unique: ['Unique', ['before']],
      after: ['Neg', ['unique']],
      apart: ['Neg', ['before']],
    },
    outputs: ['after', 'unique:1', 'apart'],
  } as const;

  it('comes with all that follows it as one node at the end', () => {
    const { graph, inexpressible } = readParts(parts);
    expect(inexpressible).toEqual([{ node: 'unique', op: 'Unique', reason: 'is an op that our graph does not have' }]);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['mul', 'neg', 'tfjsGraph']);
    const opaque = graph.nodes.at(-1);
    expect(opaque?.inputs.map((value) => value?.name)).toEqual(['before']);
    expect(opaque?.outputs.map(({ name, type }) => [name, type])).toEqual([
      ['after', null],
      ['unique:1', null],
    ]);
    expect(opaque?.attributes).toMatchObject({ inputNames: ['before'], outputNames: ['after', 'unique:1'], library: null });
    expect(graph.outputs.map(({ name }) => name)).toEqual(['after', 'unique:1', 'apart']);
  });

  it('takes the weights of the functions that it calls', () => {
    const constant = { name: 'inside', op: 'Const', attr: {} };
    const { graph } = readParts({
      inputs: { x: ['float32', [2]], go: ['bool', []] },
      weights: {},
      nodes: {
        y: ['StatelessIf', ['go', 'x'], { then_branch: { func: { name: 'f' } }, else_branch: { func: { name: 'f' } } }],
      },
      library: {
        function: [
          {
            signature: { name: 'f', inputArg: [{ name: 'a' }], outputArg: [{ name: 'b' }] },
            nodeDef: [constant],
            ret: { b: 'inside:output:0' },
          },
        ],
      },
      libraryWeights: { inside: floats([1, 2]) },
    });
    expect(graph.constants.map(({ value }) => value.name)).toEqual(['inside']);
    expect(graph.nodes[0]?.inputs.map((value) => value?.name)).toEqual(['go', 'x', 'inside']);
  });

  it('is a loop of TensorFlow 1, which takes its own result', () => {
    const { graph } = readParts({
      inputs: { x: ['float32', []] },
      nodes: {
        enter: ['Enter', ['x'], { frame_name: attr.text('loop') }],
        merge: ['Merge', ['enter', 'next']],
        less: ['Less', ['merge', 'merge']],
        go: ['LoopCond', ['less']],
        switch: ['Switch', ['merge', 'go']],
        next: ['NextIteration', ['switch:1']],
        y: ['Exit', ['switch']],
      },
      outputs: ['y'],
    });
    expect(graph.nodes).toHaveLength(1);
    expect(graph.nodes[0]?.attributes).toMatchObject({ inputNames: ['x'], outputNames: ['y'] });
  });
});

test('an input of unknown rank makes what takes it opaque', () => {
  const { graph, inexpressible } = readParts({ inputs: { x: ['float32', null] }, nodes: { y: ['Neg', ['x']] } });
  expect(inexpressible).toEqual([{ node: 'y', op: 'Neg', reason: 'takes "x", whose type only TF.js knows' }]);
  expect(graph.nodes.map(({ op }) => op)).toEqual(['tfjsGraph']);
});

test('open sizes have names: the batch is shared, others differ', () => {
  const { graph } = readParts({
    inputs: { a: ['float32', [null, null, null, 3]], b: ['float32', [null, null, null, null]], c: ['int32', [null, null, 2]] },
    nodes: { x: ['Neg', ['a']], y: ['Neg', ['b']], z: ['Neg', ['c']] },
  });
  expect(graph.inputs.map(({ type }) => typeText(type))).toEqual([
    'float32[batch, height, width, 3]',
    'float32[batch, height_1, width_1, channels]',
    'int32[batch, length, 2]',
  ]);
});

test('an output that a node does not have is an error that names both', () => {
  const parts = { inputs: { x: ['float32', [0, 2]] }, nodes: { none: ['Unpack', ['x']], y: ['Neg', ['none']] } } as const;
  expect(() => readParts(parts)).toThrow('Node "y" takes "none", but "none" has no such output.');
  expect(() => readParts({ ...parts, outputs: ['none'] })).toThrow('The signature takes "none", but "none" has no such output.');
});

test('sizes that are too large are left to TF.js', () => {
  const { inexpressible } = readParts({
    inputs: { x: ['float32', [1]] },
    weights: { sizes: ints([2 ** 30, 2 ** 30]) },
    nodes: { y: ['BroadcastTo', ['x', 'sizes']], z: ['Size', ['y']] },
  });
  expect(inexpressible).toMatchObject([{ node: 'z', reason: 'has the size 1152921504606847000, which is too large' }]);
});

test('a node that contradicts itself is an error that names it', () => {
  expect(() => readParts({ weights: { a: floats([1, 2]), b: floats([1, 2, 3]) }, nodes: { y: ['AddV2', ['a', 'b']] } })).toThrow(
    'Node "y" (AddV2)',
  );
});

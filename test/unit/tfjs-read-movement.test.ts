/** How TensorFlow's ops that move elements are read: the values are those that TensorFlow documents, or worked out by hand. */
import { describe, expect, it, test } from 'vitest';
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import { typeText } from '../../src/graph/tensor.js';
import { nodeText } from '../../src/graph/text.js';
import { answersOf, readParts } from '../fixtures/graph-def.js';
import { ran } from '../fixtures/one-tf-op.js';
import { bools, floats, ints } from '../fixtures/tensors.js';

const square = ints([1, 2, 3, 4, 5, 6], [2, 3]);
const cube = ints(
  Array.from({ length: 24 }, (_, index) => index),
  [2, 3, 4],
);

describe('StridedSlice', () => {
  type Masks = Readonly<Record<'begin' | 'end' | 'ellipsis' | 'new_axis' | 'shrink_axis', number>>;
  const sliced = (given: typeof cube, begin: number[], end: number[], strides: number[], masks: Partial<Masks> = {}) =>
    ran(
      'StridedSlice',
      [given],
      [ints(begin), ints(end), ints(strides)],
      Object.fromEntries(Object.entries(masks).map(([name, mask]) => [`${name}_mask`, attr.whole(mask)])),
    );

  it('takes every second element, and stops at the end', () => {
    expect(sliced(ints([5, 6, 7, 8, 9, 10]), [0], [6], [2])).toEqual(ints([5, 7, 9]));
    expect(sliced(ints([5, 6, 7, 8, 9, 10]), [1], [100], [2])).toEqual(ints([6, 8, 10]));
  });

  it('counts from the end below 0', () => {
    expect(sliced(ints([5, 6, 7, 8]), [-3], [-1], [1])).toEqual(ints([6, 7]));
    expect(sliced(ints([5, 6, 7, 8]), [-100], [2], [1])).toEqual(ints([5, 6]));
  });

  it('runs backwards, to the first element if the end is masked', () => {
    expect(sliced(ints([5, 6, 7, 8]), [3], [0], [-1])).toEqual(ints([8, 7, 6]));
    expect(sliced(ints([5, 6, 7, 8]), [0], [0], [-2], { begin: 1, end: 1 })).toEqual(ints([8, 6]));
    expect(sliced(ints([5, 6, 7, 8]), [100], [-100], [-3])).toEqual(ints([8, 5]));
  });

  it('is empty where the end does not come behind the start', () => {
    expect(sliced(ints([5, 6, 7, 8]), [2], [2], [1])).toEqual(ints([]));
    expect(sliced(ints([5, 6, 7, 8]), [3], [1], [1])).toEqual(ints([]));
    expect(sliced(ints([5, 6, 7, 8]), [1], [3], [-1])).toEqual(ints([]));
  });

  it('leaves out axes of a single index, whatever their ends say', () => {
    expect(sliced(square, [-1, 1], [0, 0], [1, 1], { shrink_axis: 0b01, end: 0b10 })).toEqual(ints([5, 6]));
    expect(sliced(square, [1, -1], [0, 0], [1, 1], { shrink_axis: 0b11 })).toEqual(ints([6], []));
  });

  it('takes all axes that an ellipsis stands for: x[..., 1], x[1, ..., 2:], x[...]', () => {
    expect(sliced(cube, [0, 1], [0, 2], [1, 1], { ellipsis: 0b01, shrink_axis: 0b10 })).toEqual(ints([1, 5, 9, 13, 17, 21], [2, 3]));
    expect(sliced(cube, [1, 0, 2], [2, 0, 0], [1, 1, 1], { ellipsis: 0b010, shrink_axis: 0b001, end: 0b100 })).toEqual(
      ints([14, 15, 18, 19, 22, 23], [3, 2]),
    );
    expect(sliced(square, [0], [0], [1], { ellipsis: 1 })).toEqual(square);
  });

  it('adds new axes: x[:, newaxis], x[newaxis, ..., newaxis], x[1, newaxis]', () => {
    const all = { begin: 0b01, end: 0b01 };
    expect(sliced(square, [0, 0], [0, 0], [1, 1], { ...all, new_axis: 0b10 })).toEqual(ints([1, 2, 3, 4, 5, 6], [2, 1, 3]));
    expect(sliced(square, [0, 0, 0], [0, 0, 0], [1, 1, 1], { ellipsis: 0b010, new_axis: 0b101 })).toEqual(
      ints([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]),
    );
    expect(sliced(square, [1, 0], [2, 0], [1, 1], { shrink_axis: 0b01, new_axis: 0b10 })).toEqual(ints([4, 5, 6], [1, 3]));
  });

  it('takes the rest of an axis whose size is open', () => {
    const { graph } = readParts({
      inputs: { x: ['float32', [null, 3]] },
      weights: { begin: ints([1, 0]), end: ints([0, 2]), strides: ints([1, 1]) },
      nodes: { y: ['StridedSlice', ['x', 'begin', 'end', 'strides'], { end_mask: attr.whole(1) }] },
    });
    expect(graph.nodes[0]?.attributes).toMatchObject({ starts: [{ text: 'batch - max(1, batch) + 1' }, 0], strides: [1, 1] });
    expect(typeText(graph.outputs[0]?.type ?? null)).toBe('float32[max(1, batch) - 1, 2]');
  });

  it('refuses a stride of 0, and more slices than axes', () => {
    expect(() => sliced(ints([1, 2]), [0], [2], [0])).toThrow('Node "y" (StridedSlice) has a stride of 0.');
    expect(() => sliced(ints([1, 2]), [0], [1], [])).toThrow('takes 1 starts, 1 ends and 0 strides');
    expect(() => sliced(ints([1, 2]), [0, 0], [1, 1], [1, 1])).toThrow('Node "y" (StridedSlice) takes 2 slices of 1 dimensions.');
  });
});

describe('Slice', () => {
  it('takes what is left for a size of -1', () => {
    expect(ran('Slice', [square], [ints([1, 1]), ints([1, -1])])).toEqual(ints([5, 6], [1, 2]));
    expect(ran('Slice', [square], [ints([0, 2]), ints([-1, 1])])).toEqual(ints([3, 6], [2, 1]));
  });

  it('refuses what lies beyond the input, and a wrong number of sizes', () => {
    expect(() => ran('Slice', [square], [ints([1, 1]), ints([2, 1])])).toThrow('Node "y" (Slice)');
    expect(() => ran('Slice', [square], [ints([1]), ints([1])])).toThrow('takes 1 starts and 1 sizes of 2 dimensions');
  });
});

describe('parts', () => {
  const parts = (op: string, inputs: readonly string[], attributes: object, outputs: readonly string[]) =>
    answersOf(
      {
        inputs: { x: ['int32', [2, 3]] },
        weights: { axis: ints([-1], []), first: ints([0], []), sizes: ints([1, -1]) },
        nodes: { y: [op, inputs, attributes] },
        outputs,
      },
      { x: square },
    );

  it('of one size', () => {
    expect(parts('Split', ['axis', 'x'], { num_split: attr.whole(3) }, ['y', 'y:1', 'y:2'])).toEqual([
      ints([1, 4], [2, 1]),
      ints([2, 5], [2, 1]),
      ints([3, 6], [2, 1]),
    ]);
    expect(parts('Split', ['first', 'x'], { num_split: attr.whole(2) }, ['y:1'])).toEqual([ints([4, 5, 6], [1, 3])]);
    expect(() => parts('Split', ['axis', 'x'], { num_split: attr.whole(2) }, ['y'])).toThrow('cuts 3 elements into 2 equal parts');
  });

  it('of given sizes, of which one is what is left', () => {
    expect(parts('SplitV', ['x', 'sizes', 'axis'], { num_split: attr.whole(2) }, ['y', 'y:1'])).toEqual([
      ints([1, 4], [2, 1]),
      ints([2, 3, 5, 6], [2, 2]),
    ]);
  });

  it('without their axis', () => {
    expect(parts('Unpack', ['x'], { num: attr.whole(2) }, ['y', 'y:1'])).toEqual([ints([1, 2, 3]), ints([4, 5, 6])]);
    expect(parts('Unpack', ['x'], { num: attr.whole(3), axis: attr.whole(-1) }, ['y:2'])).toEqual([ints([3, 6])]);
    expect(parts('Unpack', ['x'], {}, ['y:1'])).toEqual([ints([4, 5, 6])]);
  });

  it('are opaque where their number is open, and refused where it contradicts the input', () => {
    const read = (shape: (number | null)[], attributes: object) =>
      readParts({ inputs: { x: ['int32', shape] }, nodes: { y: ['Unpack', ['x'], attributes] } });
    expect(read([null, 3], {}).inexpressible).toEqual([
      { node: 'y', op: 'Unpack', reason: 'makes as many tensors as the open size batch' },
    ]);
    expect(() => read([2, 3], { num: attr.whole(3) })).toThrow('Node "y" (Unpack) makes 3 tensors of 2.');
    expect(() => read([null, 3], { num: attr.whole(2 ** 31) })).toThrow('makes 2147483648 tensors; the limit is 100000');
  });
});

test('Pack makes a new axis, and Concat joins along one', () => {
  const other = ints([7, 8, 9, 10, 11, 12], [2, 3]);
  expect(ran('Pack', [square, other], [], { axis: attr.whole(1), N: attr.whole(2) })).toEqual(
    ints([1, 2, 3, 7, 8, 9, 4, 5, 6, 10, 11, 12], [2, 2, 3]),
  );
  expect(ran('Pack', [square, other], [], { axis: attr.whole(-1), N: attr.whole(2) })).toEqual(
    ints([1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12], [2, 3, 2]),
  );
  expect(ran('ConcatV2', [square, other], [ints([-1], [])], { N: attr.whole(2) })).toEqual(
    ints([1, 2, 3, 7, 8, 9, 4, 5, 6, 10, 11, 12], [2, 6]),
  );
  const [y] = answersOf(
    { inputs: { x: ['int32', [2, 3]] }, weights: { axis: ints([0], []) }, nodes: { y: ['Concat', ['axis', 'x', 'x']] } },
    { x: square },
  );
  expect(y).toEqual(ints([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6], [4, 3]));
  expect(() => readParts({ nodes: { y: ['Pack', []] } })).toThrow('Node "y" (Pack) lacks its input 0.');
  expect(() => readParts({ weights: { axis: ints([0], []) }, nodes: { y: ['ConcatV2', ['axis']] } })).toThrow('Node "y" (ConcatV2)');
});

describe('pads', () => {
  const paddings = ints([1, 0, 0, 2], [2, 2]);

  it('with zeros or a number', () => {
    expect(ran('Pad', [square], [paddings])).toEqual(ints([0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0], [3, 5]));
    expect(ran('PadV2', [square], [paddings, ints([9], [])])).toEqual(ints([9, 9, 9, 9, 9, 1, 2, 3, 9, 9, 4, 5, 6, 9, 9], [3, 5]));
  });

  it('with what lies beside the edge, with or without the edge itself', () => {
    const both = ints([1, 1, 2, 2], [2, 2]);
    // TensorFlow's own examples of tf.pad.
    expect(ran('MirrorPad', [square], [both], { mode: attr.text('REFLECT') })).toEqual(
      ints([6, 5, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 2, 1, 6, 5, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 2, 1], [4, 7]),
    );
    expect(ran('MirrorPad', [square], [both], { mode: attr.text('SYMMETRIC') })).toEqual(
      ints([2, 1, 1, 2, 3, 3, 2, 2, 1, 1, 2, 3, 3, 2, 5, 4, 4, 5, 6, 6, 5, 5, 4, 4, 5, 6, 6, 5], [4, 7]),
    );
  });
});

describe('shapes', () => {
  it('of as many elements, of which one size may be what is left', () => {
    expect(ran('Reshape', [square], [ints([3, -1])])).toEqual(ints([1, 2, 3, 4, 5, 6], [3, 2]));
    expect(ran('Reshape', [ints([7], [1, 1])], [ints([])])).toEqual(ints([7], []));
    expect(() => ran('Reshape', [square], [ints([4, -1])])).toThrow('cannot give 6 elements rows of 4');
  });

  it('without axes of one element', () => {
    const x = ints([1, 2], [1, 2, 1, 1]);
    expect(ran('Squeeze', [x], [])).toEqual(ints([1, 2]));
    expect(ran('Squeeze', [x], [], { squeeze_dims: attr.wholes([-1, 0]) })).toEqual(ints([1, 2], [2, 1]));
    expect(() => ran('Squeeze', [x], [], { squeeze_dims: attr.wholes([1]) })).toThrow('squeezes the axis 1, which has 2 elements');
  });

  it('whose rank depends on an open size are known to TF.js alone', () => {
    const read = (attributes: object) =>
      readParts({ inputs: { x: ['int32', [null, 1, 3]] }, nodes: { y: ['Squeeze', ['x'], attributes] } });
    expect(read({}).inexpressible).toEqual([
      { node: 'y', op: 'Squeeze', reason: 'leaves out axes of one element, of which [batch, 1, 3] may have more' },
    ]);
    expect(read({ squeeze_dims: attr.wholes([1]) }).inexpressible).toEqual([]);
  });

  it('with a new axis', () => {
    expect(ran('ExpandDims', [square], [ints([-1], [])])).toEqual(ints([1, 2, 3, 4, 5, 6], [2, 3, 1]));
    expect(ran('ExpandDims', [square], [ints([0], [])])).toEqual(ints([1, 2, 3, 4, 5, 6], [1, 2, 3]));
    expect(() => ran('ExpandDims', [square], [ints([4], [])])).toThrow('Node "y" (ExpandDims)');
  });

  it('that broadcast, and repetitions', () => {
    expect(ran('BroadcastTo', [ints([1, 2], [2, 1])], [ints([2, 2, 3])])).toEqual(ints([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2], [2, 2, 3]));
    expect(ran('Tile', [square], [ints([1, 2])])).toEqual(ints([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6], [2, 6]));
  });

  it('of other tensors, which two shapes broadcast to', () => {
    const { graph } = readParts({
      inputs: { a: ['float32', [null, 1]], b: ['float32', [5]] },
      nodes: {
        shapeA: ['Shape', ['a']],
        shapeB: ['Shape', ['b']],
        both: ['BroadcastArgs', ['shapeA', 'shapeB']],
        y: ['BroadcastTo', ['a', 'both']],
      },
    });
    expect(graph.nodes.map(nodeText)).toEqual(['y: float32[batch, 5] = expand(a, newShape=["batch",5])  # tfjs BroadcastTo "y"']);
  });
});

test('axes change their places and directions', () => {
  expect(ran('Transpose', [square], [ints([1, 0])])).toEqual(ints([1, 4, 2, 5, 3, 6], [3, 2]));
  expect(ran('ReverseV2', [square], [ints([-1])])).toEqual(ints([3, 2, 1, 6, 5, 4], [2, 3]));
  expect(ran('Reverse', [square], [bools([1, 0])])).toEqual(ints([4, 5, 6, 1, 2, 3], [2, 3]));
});

describe('blocks', () => {
  // The examples of TensorFlow's documentation.
  it('of pictures', () => {
    const x = ints(
      Array.from({ length: 12 }, (_, index) => index + 1),
      [1, 1, 1, 12],
    );
    expect(ran('DepthToSpace', [x], [], { block_size: attr.whole(2) })).toEqual(
      ints([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1, 2, 2, 3]),
    );
  });

  it('of the batch', () => {
    const x = ints([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 4, 4, 1]);
    const batch = ran('SpaceToBatchND', [x], [ints([2, 2]), ints([0, 0, 0, 0], [2, 2])]);
    expect(batch).toEqual(ints([1, 3, 9, 11, 2, 4, 10, 12, 5, 7, 13, 15, 6, 8, 14, 16], [4, 2, 2, 1]));
    expect(ran('BatchToSpaceND', [batch], [ints([2, 2]), ints([0, 1, 2, 0], [2, 2])])).toEqual(ints([3, 4, 7, 8, 11, 12], [1, 3, 2, 1]));
  });
});

describe('numbers', () => {
  it('of one value', () => {
    const [y] = answersOf(
      { inputs: { x: ['float32', []] }, weights: { sizes: ints([2, 2]) }, nodes: { y: ['Fill', ['sizes', 'x']] } },
      {
        x: floats([0.5], []),
      },
    );
    expect(y).toEqual(floats([0.5, 0.5, 0.5, 0.5], [2, 2]));
    expect(ran('ZerosLike', [bools([1, 0])], [])).toEqual(bools([0, 0]));
    expect(ran('OnesLike', [floats([0.5, Number.NaN])], [])).toEqual(floats([1, 1]));
  });

  it('that follow each other', () => {
    const range = (...bounds: readonly ReturnType<typeof ints>[]) => {
      const weights = Object.fromEntries(bounds.map((each, index) => [`x${index}`, each]));
      return answersOf({ weights, nodes: { y: ['Range', Object.keys(weights)] }, outputs: ['y'] })[0];
    };
    expect(range(ints([3], []), ints([18], []), ints([3], []))).toEqual(ints([3, 6, 9, 12, 15]));
    expect(range(ints([3], []), ints([1], []), ints([-1], []))).toEqual(ints([3, 2]));
    expect(range(ints([3], []), ints([3], []), ints([1], []))).toEqual(ints([]));
    expect(range(floats([0], []), floats([1], []), floats([0.25], []))).toEqual(floats([0, 0.25, 0.5, 0.75]));
    // 0.1 is a little more than a tenth in float32, and each sum is rounded.
    expect(range(floats([0], []), floats([0.5], []), floats([0.1], []))).toEqual(
      floats([0, 0.1, 0.2, Math.fround(0.2) + Math.fround(0.1), 0.4]),
    );
    expect(() => range(ints([0], []), ints([1], []), ints([0], []))).toThrow('Node "y" (Range) counts by no number.');
  });

  it('that lie at equal distances', () => {
    const space = (start: number, stop: number, count: number) => {
      const weights = { start: floats([start], []), stop: floats([stop], []), count: ints([count], []) };
      return answersOf({ weights, nodes: { y: ['LinSpace', Object.keys(weights)] }, outputs: ['y'] })[0];
    };
    expect(space(10, 12, 3)).toEqual(floats([10, 11, 12]));
    expect(space(1, -1, 5)).toEqual(floats([1, 0.5, 0, -0.5, -1]));
    expect(space(7, 9, 1)).toEqual(floats([7]));
    // The step, each product and each sum are rounded to float32, and the last number is the end itself: 2.3 is none of these sums.
    const [start, stop] = [0.6, 2.3].map(Math.fround) as [number, number];
    const step = Math.fround(Math.fround(stop - start) / 5);
    const sums = [0, 1, 2, 3, 4, 5].map((index) => Math.fround(start + Math.fround(step * index)));
    expect(sums.at(-1)).not.toBe(stop);
    expect(space(0.6, 2.3, 6)).toEqual(floats(sums.with(-1, stop)));
    expect(() => space(0, 1, 0)).toThrow('Node "y" (LinSpace) gives 0 numbers, of which it has 1 to 1048576.');
  });

  it('that lie between computed ends stay as they are', () => {
    const { inexpressible } = readParts({
      inputs: { start: ['float32', []] },
      weights: { stop: floats([1], []), count: ints([3], []) },
      nodes: { y: ['LinSpace', ['start', 'stop', 'count']] },
    });
    expect(inexpressible).toMatchObject([{ reason: 'counts between numbers that are computed while the model runs' }]);
  });

  it('that follow each other up to an open size', () => {
    const { graph } = readParts({
      inputs: { x: ['float32', [null]] },
      weights: { zero: ints([0], []), two: ints([2], []) },
      nodes: { size: ['Size', ['x']], y: ['Range', ['zero', 'size', 'two']] },
    });
    expect(graph.nodes.map(nodeText)).toEqual([
      'y: int32[ceil(batch/2)] = range(start=0, count="ceil(batch/2)", step=2, dataType="int32")  # tfjs Range "y"',
    ]);
  });

  it('that are axes, made of a rank', () => {
    const [y] = answersOf(
      {
        inputs: { x: ['float32', [2, 2]] },
        weights: { zero: ints([0], []), one: ints([1], []) },
        nodes: { rank: ['Rank', ['x']], axes: ['Range', ['zero', 'rank', 'one']], y: ['Sum', ['x', 'axes']] },
      },
      { x: floats([0.5, 1, 2, 4], [2, 2]) },
    );
    expect(y).toEqual(floats([7.5], []));
  });
});

describe('MatrixBandPart', () => {
  const input = floats([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [3, 4]);
  const band = (lower: number, upper: number) => [...ran('MatrixBandPart', [input], [ints([lower], []), ints([upper], [])]).data];

  it('keeps the diagonals below and above the main one', () => {
    expect(band(0, 0)).toEqual([1, 0, 0, 0, 0, 6, 0, 0, 0, 0, 11, 0]);
    expect(band(1, 0)).toEqual([1, 0, 0, 0, 5, 6, 0, 0, 0, 10, 11, 0]);
    expect(band(0, 2)).toEqual([1, 2, 3, 0, 0, 6, 7, 8, 0, 0, 11, 12]);
  });

  it('keeps all of a side for a number below 0', () => {
    expect(band(-1, 0)).toEqual([1, 0, 0, 0, 5, 6, 0, 0, 9, 10, 11, 0]);
    expect(band(1, -1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0, 10, 11, 12]);
    expect(band(-1, -1)).toEqual([...input.data]);
  });

  it('takes many matrices of open sizes', () => {
    const { graph, inexpressible } = readParts({
      inputs: { x: ['bool', [null, null, null]] },
      weights: { lower: ints([-1], []), upper: ints([0], []) },
      nodes: { y: ['MatrixBandPart', ['x', 'lower', 'upper']] },
    });
    expect(inexpressible).toEqual([]);
    expect(graph.nodes.map(({ op, attributes }) => [op, attributes])).toEqual([['triangular', { upper: false, diagonal: 0 }]]);
  });
});

/** The reader of TF.js graph models: convolutions, pools, matrix products, normalisations and resizing mean what TensorFlow says. */
import { describe, expect, it, test } from 'vitest';
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { typeText } from '../../src/graph/tensor.js';
import { answerOf, answersOf, readParts } from '../fixtures/graph-def.js';
import { floats, ints } from '../fixtures/tensors.js';

/** 1, 2, 3, … in a shape. */
const counted = (...shape: number[]): Tensor =>
  floats(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index + 1),
    shape,
  );

const ones = (...shape: number[]): Tensor => floats(Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

interface Settings {
  readonly padding?: 'SAME' | 'VALID' | 'EXPLICIT';
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly ksize?: readonly number[];
  readonly paddings?: readonly number[];
  readonly format?: 'NHWC' | 'NCHW';
}

/** The attributes of a node with a window. */
const window = ({ padding = 'VALID', strides = [1, 1, 1, 1], dilations, ksize, paddings, format }: Settings = {}) => ({
  padding: attr.text(padding),
  strides: attr.wholes(strides),
  ...(dilations && { dilations: attr.wholes(dilations) }),
  ...(ksize && { ksize: attr.wholes(ksize) }),
  ...(paddings && { explicit_paddings: attr.wholes(paddings) }),
  ...(format && { data_format: attr.text(format) }),
});

/** The shape and the values of an answer. */
const shown = ({ shape, data }: Tensor): readonly [shape: readonly number[], values: readonly number[]] => [shape, [...data]];

describe('Conv2D', () => {
  it('pads the odd element at the end where it is SAME', () => {
    const y = answerOf(
      'Conv2D',
      [counted(1, 1, 4, 1), floats([1, 10, 100], [1, 3, 1, 1])],
      window({ padding: 'SAME', strides: [1, 2, 2, 1] }),
    );
    // 1 + 20 + 300, and 3 + 40 + nothing.
    expect(shown(y)).toEqual([
      [1, 1, 2, 1],
      [321, 43],
    ]);
  });

  it('takes padding of each side, strides and dilations for height and width', () => {
    const settings = { padding: 'EXPLICIT', paddings: [0, 0, 1, 0, 0, 2, 0, 0], dilations: [1, 1, 2, 1] } as const;
    const y = answerOf('Conv2D', [counted(1, 2, 3, 1), floats([1, 10, 100, 1000], [2, 2, 1, 1])], window(settings));
    // A row of zeros above, two columns of zeros at the right, and the filter's columns two elements apart.
    expect(shown(y)).toEqual([
      [1, 2, 3, 1],
      [3100, 200, 300, 6431, 502, 603],
    ]);
  });

  it('with channels in front takes every other row and column: issue 12', () => {
    const y = answerOf('Conv2D', [counted(1, 1, 4, 4), ones(1, 1, 1, 1)], window({ strides: [1, 1, 2, 2], format: 'NCHW' }));
    expect(shown(y)).toEqual([
      [1, 1, 2, 2],
      [1, 3, 9, 11],
    ]);
  });

  it('with channels in front takes padding in their order', () => {
    const settings = { padding: 'EXPLICIT', paddings: [0, 0, 0, 0, 0, 0, 1, 0], format: 'NCHW' } as const;
    const y = answerOf('Conv2D', [counted(1, 2, 1, 2), floats([1, 10, 2, 20], [1, 2, 2, 1])], window(settings));
    // Channels [1, 2] and [3, 4] with a zero before each: 2·1 + 20·3, then 1·1 + 10·3 + 2·2 + 20·4.
    expect(shown(y)).toEqual([
      [1, 1, 1, 2],
      [62, 115],
    ]);
  });

  it('has as many groups as the filter goes into the channels: issue 12', () => {
    const y = answerOf('Conv2D', [counted(1, 1, 1, 4), counted(1, 1, 2, 4)], window());
    expect(shown(y)).toEqual([
      [1, 1, 1, 4],
      [11, 14, 37, 44],
    ]);
  });

  it('with a filter for another number of channels is an error', () => {
    expect(() => answerOf('Conv2D', [counted(1, 1, 1, 3), counted(1, 1, 2, 4)], window())).toThrow('"y" (Conv2D) takes 3 channels');
  });
});

describe('DepthwiseConv2dNative', () => {
  it('of 1×3, SAME, stride 2, is not zeros: issue 12', () => {
    const y = answerOf(
      'DepthwiseConv2dNative',
      [counted(1, 2, 4, 1), floats([1, 10, 100], [1, 3, 1, 1])],
      window({ padding: 'SAME', strides: [1, 2, 2, 1] }),
    );
    expect(shown(y)).toEqual([
      [1, 1, 2, 1],
      [321, 43],
    ]);
  });

  it('makes several channels of each one, side by side', () => {
    const y = answerOf('DepthwiseConv2dNative', [counted(1, 1, 1, 2), floats([1, 10, 100, 1000], [1, 1, 2, 2])], window());
    expect(shown(y)).toEqual([
      [1, 1, 1, 4],
      [1, 10, 200, 2000],
    ]);
  });

  it('keeps a constant filter in another shape, without a node', () => {
    const { graph } = readParts({
      inputs: { x: ['float32', [null, 4, 4, 2]] },
      weights: { w: ones(3, 3, 2, 2) },
      nodes: { y: ['DepthwiseConv2dNative', ['x', 'w'], window({ padding: 'SAME' })] },
    });
    expect(graph.nodes.map(({ op }) => op)).toEqual(['conv2d']);
    expect(graph.constants.map(({ value }) => typeText(value.type))).toEqual(['float32[3, 3, 1, 4]']);
    expect(typeText(graph.outputs[0]!.type)).toBe('float32[batch, 4, 4, 4]');
  });
});

describe('what is fused into a convolution', () => {
  const x = floats([-2, -1, 1, 8], [1, 2, 2, 1]);
  const fused = (ops: readonly string[], extra: readonly Tensor[], more: object = {}) =>
    answerOf('_FusedConv2D', [x, ones(1, 1, 1, 1), ...extra], { ...window(), fused_ops: attr.texts(ops), ...more });
  const bias = floats([1]);

  it.each([
    ['Relu', [0, 0, 2, 9]],
    ['Relu6', [0, 0, 2, 6]],
    ['Elu', [Math.fround(Math.expm1(-1)), 0, 2, 9]],
  ])('%s comes behind the bias', (activation, values) => {
    expect([...fused(['BiasAdd', activation], [bias]).data]).toEqual(values);
  });

  it('the factor of LeakyRelu is an attribute, by default 0.2', () => {
    expect([...fused(['BiasAdd', 'LeakyRelu'], [bias], { leakyrelu_alpha: attr.number(0.5) }).data]).toEqual([-0.5, 0, 2, 9]);
    expect(fused(['BiasAdd', 'LeakyRelu'], [bias]).data[0]).toBe(Math.fround(-0.2));
  });

  it('the factors of Prelu are the last input', () => {
    expect([...fused(['BiasAdd', 'Prelu'], [bias, floats([0.25])]).data]).toEqual([-0.25, 0, 2, 9]);
    expect([...fused(['Prelu'], [floats([0.25])]).data]).toEqual([-0.5, -0.25, 1, 8]);
  });

  it('a bias may have axes of one element in front', () => {
    expect([...fused(['BiasAdd'], [floats([1], [1, 1, 1, 1])]).data]).toEqual([-1, 0, 2, 9]);
  });

  it('bias and factors are along the channels where these are in front', () => {
    const y = answerOf(
      '_FusedConv2D',
      [floats([-1, 2, -3, 4], [1, 2, 1, 2]), floats([1, 0, 0, 1], [1, 1, 2, 2]), floats([0, 10]), floats([0.5, 2])],
      { ...window({ format: 'NCHW' }), fused_ops: attr.texts(['BiasAdd', 'Prelu']) },
    );
    expect(shown(y)).toEqual([
      [1, 2, 1, 2],
      [-0.5, 2, 7, 14],
    ]);
  });

  it('a depthwise convolution has the same', () => {
    const y = answerOf('FusedDepthwiseConv2dNative', [floats([-3, 4], [1, 1, 1, 2]), ones(1, 1, 2, 1), floats([1, 9])], {
      ...window(),
      fused_ops: attr.texts(['BiasAdd', 'Relu6']),
    });
    expect(shown(y)).toEqual([
      [1, 1, 1, 2],
      [0, 6],
    ]);
  });

  it('an op that the graph cannot say leaves the node as it is', () => {
    const { inexpressible } = readParts({
      weights: { x, w: ones(1, 1, 1, 1), b: bias },
      nodes: { y: ['_FusedConv2D', ['x', 'w', 'b', 'b', 'b', 'b'], { ...window(), fused_ops: attr.texts(['FusedBatchNorm']) }] },
    });
    expect(inexpressible).toEqual([{ node: 'y', op: '_FusedConv2D', reason: 'has fused FusedBatchNorm into it' }]);
  });
});

describe('Conv2DBackpropInput', () => {
  const back = (sizes: readonly number[], settings: Settings, filter = ones(3, 3, 1, 1), x = counted(1, 2, 2, 1)) =>
    answerOf('Conv2DBackpropInput', [ints(sizes), filter, x], window({ strides: [1, 2, 2, 1], ...settings }));

  it('cuts as much as a SAME convolution of the output would pad', () => {
    const y = back([1, 4, 4, 1], { padding: 'SAME' });
    expect(shown(y)).toEqual([
      [1, 4, 4, 1],
      [1, 1, 3, 2, 1, 1, 3, 2, 4, 4, 10, 6, 3, 3, 7, 4],
    ]);
  });

  it('may make more than it reaches, which is zeros', () => {
    const y = back([1, 3, 4, 1], {}, ones(1, 2, 1, 1));
    expect(shown(y)).toEqual([
      [1, 3, 4, 1],
      [1, 1, 2, 2, 0, 0, 0, 0, 3, 3, 4, 4],
    ]);
  });

  it('takes explicit padding', () => {
    const y = back([1, 3, 3, 1], { padding: 'EXPLICIT', paddings: [0, 0, 1, 1, 1, 1, 0, 0] });
    expect(shown(y)).toEqual([
      [1, 3, 3, 1],
      [1, 3, 2, 4, 10, 6, 3, 7, 4],
    ]);
  });

  it('takes channels in front, and a filter [height, width, out, in]', () => {
    const x = floats([1, 2], [1, 2, 1, 1]);
    const y = back([1, 1, 1, 2], { strides: [1, 1, 2, 2], format: 'NCHW' }, floats([1, 10, 100, 1000], [1, 2, 1, 2]), x);
    expect(shown(y)).toEqual([
      [1, 1, 1, 2],
      [21, 2100],
    ]);
  });

  it('has a size that follows from open ones', () => {
    const { graph } = readParts({
      inputs: { x: ['float32', [null, null, 2, 1]] },
      weights: {
        w: ones(3, 3, 1, 1),
        at: ints([0]),
        end: ints([2]),
        step: ints([1]),
        by: ints([1, 2]),
        rest: ints([4, 1]),
        axis: ints([0], []),
      },
      nodes: {
        shape: ['Shape', ['x']],
        two: ['StridedSlice', ['shape', 'at', 'end', 'step']],
        doubled: ['Mul', ['two', 'by']],
        sizes: ['ConcatV2', ['doubled', 'rest', 'axis']],
        y: ['Conv2DBackpropInput', ['sizes', 'w', 'x'], window({ padding: 'SAME', strides: [1, 2, 2, 1] })],
      },
    });
    expect(typeText(graph.outputs[0]!.type)).toBe('float32[batch, 2*height, 4, 1]');
  });

  it('with an output that its input does not make is an error', () => {
    expect(() => back([1, 2, 4, 1], { padding: 'VALID' })).toThrow('Node "y" (Conv2DBackpropInput)');
  });
});

describe('pools', () => {
  const negative = floats([-5, -1, -3, -2], [1, 1, 4, 1]);

  it('MaxPool: padding never wins', () => {
    const y = answerOf('MaxPool', [negative], window({ padding: 'SAME', ksize: [1, 1, 3, 1], strides: [1, 1, 2, 1] }));
    expect(shown(y)).toEqual([
      [1, 1, 2, 1],
      [-1, -2],
    ]);
  });

  it('AvgPool: padding does not count', () => {
    const y = answerOf('AvgPool', [negative], window({ padding: 'SAME', ksize: [1, 1, 3, 1], strides: [1, 1, 2, 1] }));
    expect(shown(y)).toEqual([
      [1, 1, 2, 1],
      [-3, -2.5],
    ]);
  });

  it('take channels in front', () => {
    const settings = { ksize: [1, 1, 1, 2], strides: [1, 1, 1, 2], format: 'NCHW' } as const;
    expect(shown(answerOf('MaxPool', [counted(1, 2, 1, 4)], window(settings)))).toEqual([
      [1, 2, 1, 2],
      [2, 4, 6, 8],
    ]);
    expect(shown(answerOf('AvgPool', [counted(1, 2, 1, 4)], window(settings)))).toEqual([
      [1, 2, 1, 2],
      [1.5, 3.5, 5.5, 7.5],
    ]);
  });

  it('MaxPool takes explicit padding', () => {
    const settings = { padding: 'EXPLICIT', paddings: [0, 0, 0, 0, 1, 0, 0, 0], ksize: [1, 1, 2, 1], strides: [1, 1, 2, 1] } as const;
    expect(shown(answerOf('MaxPool', [negative], window(settings)))).toEqual([
      [1, 1, 2, 1],
      [-5, -1],
    ]);
  });

  it('MaxPoolWithArgmax is a MaxPool unless something takes the places', () => {
    const nodes = {
      pool: ['MaxPoolWithArgmax', ['x'], window({ ksize: [1, 1, 2, 1], strides: [1, 1, 2, 1] })],
      y: ['Neg', ['pool']],
    } as const;
    const [y] = answersOf({ weights: { x: negative }, nodes, outputs: ['y'] });
    expect(y && shown(y)).toEqual([
      [1, 1, 2, 1],
      [1, 2],
    ]);
    const reason = 'gives the places of the greatest elements';
    expect(readParts({ weights: { x: negative }, nodes, outputs: ['y', 'pool:1'] }).inexpressible).toMatchObject([{ reason }]);
    const places = { ...nodes, z: ['Abs', ['pool:1']] } as const;
    expect(readParts({ weights: { x: negative }, nodes: places, outputs: ['y', 'z'] }).inexpressible).toMatchObject([{ reason }]);
  });

  it('along the channels stay as they are', () => {
    const { inexpressible } = readParts({
      weights: { x: counted(1, 2, 2, 4) },
      nodes: { y: ['MaxPool', ['x'], window({ ksize: [1, 1, 1, 2] })] },
    });
    expect(inexpressible[0]?.reason).toBe('has window sizes along the batch or the channels');
  });
});

describe.each(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'])('%s', (op) => {
  const numbers = { scale: floats([2, 3]), offset: floats([10, 20]), mean: floats([1, 2]), variance: floats([4, 9]) };
  const inference = { is_training: attr.flag(false), epsilon: attr.number(0) };

  it.each([
    ['NHWC', [1, 1, 2, 2], [10, 20, 12, 22]],
    ['NCHW', [1, 2, 1, 2], [10, 11, 21, 22]],
  ] as const)('normalises each channel of %s', (format, shape, values) => {
    const y = answersOf(
      {
        weights: { x: counted(...shape), ...numbers },
        nodes: { y: [op, ['x', ...Object.keys(numbers)], { ...inference, data_format: attr.text(format) }] },
      },
      {},
    )[0]!;
    expect(shown(y)).toEqual([shape, values]);
  });

  it('stays as it is in training, which it is unless told otherwise', () => {
    const { inexpressible } = readParts({
      weights: { x: counted(1, 1, 2, 2), ...numbers },
      nodes: { y: [op, ['x', ...Object.keys(numbers)]] },
    });
    expect(inexpressible[0]?.reason).toBe('is in training');
  });
});

test('LRN divides by the squares of the neighbours', () => {
  const settings = { depth_radius: attr.whole(1), bias: attr.number(2), alpha: attr.number(1), beta: attr.number(1) };
  // 1 / (2 + 1 + 4), 2 / (2 + 1 + 4 + 9), 3 / (2 + 4 + 9)
  expect([...answerOf('LRN', [counted(1, 1, 1, 3)], settings).data]).toEqual([1 / 7, 2 / 16, 3 / 15].map(Math.fround));
  expect(answerOf('LRN', [floats([2], [1, 1, 1, 1])]).data[0]).toBe(Math.fround(2 / Math.sqrt(5)));
});

describe('resizing', () => {
  const row = (op: string, attributes: object, x = counted(1, 1, 2, 1), width = 4) => [
    ...answerOf(op, [x, ints([1, width])], attributes).data,
  ];
  const half = { half_pixel_centers: attr.flag(true) };
  const corners = { align_corners: attr.flag(true) };

  it('ResizeBilinear weighs by half pixels as UpSampling2D does: issue 12', () => {
    const y = answerOf('ResizeBilinear', [counted(1, 2, 2, 1), ints([4, 4])], half);
    expect(shown(y)[0]).toEqual([1, 4, 4, 1]);
    expect([...y.data].slice(0, 8)).toEqual([1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5]);
  });

  it('ResizeBilinear knows TensorFlow 1 and aligned corners', () => {
    expect(row('ResizeBilinear', {})).toEqual([1, 1.5, 2, 2]);
    expect(row('ResizeBilinear', corners)).toEqual([1, 4 / 3, 5 / 3, 2].map(Math.fround));
  });

  it('ResizeBilinear gives floats for whole numbers', () => {
    const y = answerOf('ResizeBilinear', [ints([1, 2], [1, 1, 2, 1]), ints([1, 4])]);
    expect([y.dataType, ...y.data]).toEqual(['float32', 1, 1.5, 2, 2]);
  });

  it('ResizeNearestNeighbor rounds down, and aligned corners by half up', () => {
    const x = counted(1, 1, 5, 1);
    // Places 0, 5/3, 10/3; with half pixels 5/6, 15/6, 25/6; between the corners 0, 2, 4.
    expect(row('ResizeNearestNeighbor', {}, x, 3)).toEqual([1, 2, 4]);
    expect(row('ResizeNearestNeighbor', half, x, 3)).toEqual([1, 3, 5]);
    expect(row('ResizeNearestNeighbor', corners, x, 3)).toEqual([1, 3, 5]);
    // Places 0, 0.5, 1.
    expect(row('ResizeNearestNeighbor', corners, counted(1, 1, 2, 1), 3)).toEqual([1, 2, 2]);
  });

  it('ResizeNearestNeighbor keeps whole numbers', () => {
    expect(answerOf('ResizeNearestNeighbor', [ints([7, 8], [1, 1, 2, 1]), ints([1, 4])])).toMatchObject({
      dataType: 'int32',
      data: ints([7, 7, 8, 8]).data,
    });
  });
});

describe('matrix products', () => {
  const transposed = { transpose_a: attr.flag(true), transpose_b: attr.flag(true) };

  it('MatMul transposes its inputs where it should', () => {
    const [a, b] = [counted(2, 3), counted(3, 2)];
    expect(shown(answerOf('MatMul', [a, b]))).toEqual([
      [2, 2],
      [22, 28, 49, 64],
    ]);
    expect(shown(answerOf('MatMul', [a, b], transposed))).toEqual([
      [3, 3],
      [9, 19, 29, 12, 26, 40, 15, 33, 51],
    ]);
  });

  it.each(['BatchMatMul', 'BatchMatMulV2'])('%s has flags of its own', (op) => {
    const y = answerOf(op, [counted(2, 1, 2), counted(2, 1, 2)], { adj_y: attr.flag(true) });
    expect(shown(y)).toEqual([
      [2, 1, 1],
      [5, 25],
    ]);
    const x = answerOf(op, [counted(1, 2, 1), counted(1, 2, 1)], { adj_x: attr.flag(true) });
    expect(shown(x)).toEqual([[1, 1, 1], [5]]);
  });

  it('BatchMatMulV2 broadcasts the axes before the matrices', () => {
    expect(shown(answerOf('BatchMatMulV2', [counted(2, 1, 2), counted(2, 1)]))).toEqual([
      [2, 1, 1],
      [5, 11],
    ]);
  });

  it('_FusedMatMul adds the bias, then applies the activation', () => {
    const fused = (ops: readonly string[], extra: readonly Tensor[]) => [
      ...answerOf('_FusedMatMul', [floats([1, -1], [1, 2]), counted(2, 2), ...extra], { fused_ops: attr.texts(ops) }).data,
    ];
    // The product is [1 - 3, 2 - 4].
    expect(fused(['BiasAdd'], [floats([1, 5])])).toEqual([-1, 3]);
    expect(fused(['BiasAdd', 'Relu'], [floats([1, 5])])).toEqual([0, 3]);
    expect(fused(['BiasAdd', 'Prelu'], [floats([1, 5]), floats([0.5, 0.25])])).toEqual([-0.5, 3]);
  });
});

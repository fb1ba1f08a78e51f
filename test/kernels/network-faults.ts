/** Known faults of convolutions, pools and matrix products, and of the choice of boxes. */
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import { ALL, counted, type KnownFault, LARGE, WRITER } from './known-fault.js';
import { floats, wholes } from './raw.js';

const convolution = (strides: readonly number[], padding: string, dilations = [1, 1, 1, 1]) => ({
  strides: attr.wholes(strides),
  padding: attr.text(padding),
  data_format: attr.text('NHWC'),
  dilations: attr.wholes(dilations),
});

export const NETWORK_FAULTS: readonly KnownFault[] = [
  {
    op: 'BatchMatMulV2',
    on: ALL,
    fault: 'takes wrong matrices where both inputs repeat some',
    cure: 'Tile, and matrices in step',
    file: `${WRITER}/matmul.ts`,
    call: (graph) => graph.add('BatchMatMulV2', [graph.input(floats([2, 1, 1, 1], [1, 2])), graph.input(floats([1, 2, 1, 1], [3, 5]))]),
    right: floats([2, 2, 1, 1], [3, 5, 6, 10]),
  },
  {
    op: 'DepthwiseConv2dNative',
    on: ['wasm'],
    fault: 'with the padding SAME gives zeros where a window is shorter than its stride',
    cure: 'PadV2 and the padding VALID',
    file: `${WRITER}/convolution.ts`,
    call: (graph) =>
      graph.add(
        'DepthwiseConv2dNative',
        [graph.input(floats([1, 4, 4, 1], counted(16))), graph.input(floats([1, 3, 1, 1], [0, 1, 0]))],
        convolution([1, 2, 2, 1], 'SAME'),
      ),
    right: floats([1, 2, 2, 1], [1, 3, 9, 11]),
  },
  {
    op: 'Conv2D',
    on: ALL,
    fault: 'fails where strides and dilations are both above 1',
    cure: 'strides of 1, and StridedSlice',
    file: `${WRITER}/convolution.ts`,
    call: (graph) =>
      graph.add(
        'Conv2D',
        [graph.input(floats([1, 5, 5, 1], counted(25))), graph.input(floats([2, 2, 1, 1], [1, 0, 0, 1]))],
        convolution([1, 2, 2, 1], 'VALID', [1, 2, 2, 1]),
      ),
    right: floats([1, 2, 2, 1], [12, 16, 32, 36]),
  },
  {
    op: 'Conv2DBackpropInput',
    on: ALL,
    fault: 'does not read its dilations',
    cure: 'a filter with zeros between its elements',
    file: `${WRITER}/convolution.ts`,
    call: (graph) =>
      graph.add(
        'Conv2DBackpropInput',
        [graph.numbers([1, 1, 3, 1]), graph.input(floats([1, 2, 1, 1], [5, 7])), graph.input(floats([1, 1, 1, 1], [1]))],
        convolution([1, 1, 1, 1], 'VALID', [1, 1, 2, 1]),
      ),
    right: floats([1, 1, 3, 1], [5, 0, 7]),
  },
  {
    op: 'FusedDepthwiseConv2dNative',
    on: ALL,
    fault: 'does not read the factor of a LeakyRelu',
    cure: 'LeakyRelu behind it',
    file: `${WRITER}/fuse.ts`,
    call: (graph) => {
      const inputs = [floats([1, 1, 1, 1], [-1]), floats([1, 1, 1, 1], [1]), floats([1], [0])].map((tensor) => graph.input(tensor));
      return graph.add('FusedDepthwiseConv2dNative', inputs, {
        ...convolution([1, 1, 1, 1], 'VALID'),
        ...{ fused_ops: attr.texts(['BiasAdd', 'LeakyRelu']), num_args: attr.whole(1), leakyrelu_alpha: attr.number(0.5) },
      });
    },
    right: floats([1, 1, 1, 1], [-0.5]),
  },
  {
    op: '_FusedMatMul',
    on: ['wasm'],
    fault: 'fails for a bias of more than one axis',
    cure: 'the bias as a list, or AddV2',
    file: `${WRITER}/fuse.ts`,
    call: (graph) => {
      const inputs = [floats([1, 1], [2]), floats([1, 2], [3, 5]), floats([1, 2], [1, 2])].map((tensor) => graph.input(tensor));
      return graph.add('_FusedMatMul', inputs, { fused_ops: attr.texts(['BiasAdd']), num_args: attr.whole(1) });
    },
    right: floats([1, 2], [7, 12]),
  },
  {
    op: 'MatMul',
    on: ['wasm', 'webgpu'],
    fault: 'takes whole numbers through float32, and none on wasm',
    cure: 'Mul and Sum',
    file: `${WRITER}/matmul.ts`,
    call: (graph) => graph.add('MatMul', [graph.input(wholes([1, 2], [LARGE, 0])), graph.input(wholes([2, 1], [1, 0]))]),
    right: wholes([1, 1], [LARGE]),
  },
  {
    op: 'MaxPool',
    on: ALL,
    fault: 'fails with the padding EXPLICIT',
    cure: 'PadV2 and the padding VALID',
    file: `${WRITER}/pooling.ts`,
    call: (graph) =>
      graph.add('MaxPool', [graph.input(floats([1, 1, 2, 1], [-3, -2]))], {
        ...{ ksize: attr.wholes([1, 1, 2, 1]), strides: attr.wholes([1, 1, 1, 1]), data_format: attr.text('NHWC') },
        ...{ padding: attr.text('EXPLICIT'), explicit_paddings: attr.wholes([0, 0, 0, 0, 1, 0, 0, 0]) },
      }),
    right: floats([1, 1, 2, 1], [-3, -2]),
  },
  {
    op: 'MaxPool',
    on: ['webgpu'],
    fault: 'of infinities below 0, which are its padding, gives -1e20',
    cure: 'GatherV2 and Max where a window has nothing but padding',
    file: `${WRITER}/pooling.ts`,
    call: (graph) =>
      graph.add('MaxPool', [graph.input(floats([1, 1, 3, 1], [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 1]))], {
        ...{ ksize: attr.wholes([1, 1, 2, 1]), strides: attr.wholes([1, 1, 1, 1]) },
        ...{ padding: attr.text('VALID'), data_format: attr.text('NHWC') },
      }),
    right: floats([1, 1, 2, 1], [Number.NEGATIVE_INFINITY, 1]),
  },
  {
    op: 'NonMaxSuppressionV5',
    on: ALL,
    fault: 'leaves out a box that overlaps by the threshold itself',
    cure: 'the next float32 as the threshold',
    file: `${WRITER}/selection.ts`,
    call: (graph) =>
      graph.add('NonMaxSuppressionV5', [
        graph.input(floats([2, 4], [0, 0, 1, 2, 0, 0, 1, 1])),
        graph.input(floats([2], [2, 1])),
        graph.number(2),
        ...[0.5, 0, 0].map((value) => graph.number(value, 'float32')),
      ]),
    right: wholes([2], [0, 1]),
  },
];

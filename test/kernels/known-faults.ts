/**
 * Kernels of TF.js that are known to be wrong, each with a call that shows it. Tests hold that the call is still answered wrong on the
 * backends that are named, and right on the others: a version of TF.js that mends a kernel turns them red, and the code that avoids the
 * fault can go. `docs/kernels.md` is made from this table.
 */
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import { ALL, counted, type KnownFault, LARGE, WRITER } from './known-fault.js';
import { NETWORK_FAULTS } from './network-faults.js';
import { flags, floats, wholes } from './raw.js';

export const KNOWN_FAULTS: readonly KnownFault[] = [
  {
    op: 'Cast',
    on: ['wasm'],
    fault: 'to bool keeps the lowest 8 bits: 256 and 0.5 become false',
    cure: 'NotEqual 0, and a mended kernel for parts that only TF.js knows',
    file: `${WRITER}/elementwise.ts`,
    call: (graph) => graph.add('Cast', [graph.input(wholes([4], [0, 1, 256, 512]))], { DstT: attr.type('bool') }),
    right: flags([4], [0, 1, 1, 1]),
  },
  {
    op: 'Cast',
    on: ['cpu', 'webgpu'],
    fault: 'of int32 to float32 keeps the array or buffer of whole numbers',
    cure: 'mended',
    file: 'engines/tfjs/mended-kernels.ts',
    call: (graph) => graph.add('Cast', [graph.input(wholes([2], [1, 2]))], { DstT: attr.type('float32') }),
    right: floats([2], [1, 2]),
  },
  {
    op: 'SelectV2',
    on: ALL,
    fault: 'between a number and an empty tensor makes one element',
    cure: 'mended',
    file: 'engines/tfjs/mended-kernels.ts',
    call: (graph) => {
      const empty = graph.input(floats([0], []));
      return graph.add('SelectV2', [graph.add('Greater', [empty, graph.number(0, 'float32')]), graph.number(1, 'float32'), empty]);
    },
    right: floats([0], []),
  },
  {
    op: 'Neg',
    on: ['wasm', 'webgpu'],
    fault: 'takes whole numbers through float32',
    cure: '0 - x',
    file: `${WRITER}/elementwise.ts`,
    call: (graph) => graph.add('Neg', [graph.input(wholes([1001], [...Array(1001).fill(LARGE)]))]),
    right: wholes([1001], Array(1001).fill(-LARGE)),
  },
  {
    op: 'Maximum',
    on: ['wasm'],
    fault: 'takes the first of two numbers if one of them is NaN',
    cure: 'the tensor stands first, the number second',
    file: `${WRITER}/elementwise.ts`,
    call: (graph) => graph.add('Maximum', [graph.number(0, 'float32'), graph.input(floats([2], [Number.NaN, 1]))]),
    right: floats([2], [Number.NaN, 1]),
  },
  {
    op: 'Sign',
    on: ['wasm'],
    fault: 'of a number near 0 is 0',
    cure: 'Greater, Less and SelectV2',
    file: `${WRITER}/elementwise.ts`,
    call: (graph) => graph.add('Sign', [graph.input(floats([2], [1e-20, -0.25]))]),
    right: floats([2], [1, -1]),
  },
  {
    op: 'Select',
    on: ['wasm'],
    fault: 'of booleans reads and writes 4 bytes for each',
    cure: 'LogicalAnd and LogicalOr',
    file: `${WRITER}/elementwise.ts`,
    call: (graph) =>
      graph.add('SelectV2', [
        graph.input(
          flags(
            [40],
            counted(40).map((index) => index % 2),
          ),
        ),
        graph.input(flags([40], Array(40).fill(1))),
        graph.input(flags([40], Array(40).fill(0))),
      ]),
    right: flags(
      [40],
      counted(40).map((index) => index % 2),
    ),
  },
  {
    op: 'Prelu',
    on: ['wasm'],
    fault: 'takes wrong slopes where they run along inner axes but not all of them',
    cure: 'Minimum, Mul, Relu and AddV2',
    file: `${WRITER}/elementwise.ts`,
    call: (graph) => graph.add('Prelu', [graph.input(floats([2, 2, 2], Array(8).fill(-1))), graph.input(floats([2, 1], [1, 3]))]),
    right: floats([2, 2, 2], [-1, -1, -3, -3, -1, -1, -3, -3]),
  },
  {
    op: 'FloorDiv',
    on: ['wasm', 'webgpu'],
    fault: 'divides whole numbers as float32',
    cure: 'mended',
    file: 'engines/tfjs/mended-kernels.ts',
    call: (graph) => graph.add('FloorDiv', [graph.input(wholes([1], [LARGE])), graph.input(wholes([1], [1]))]),
    right: wholes([1], [LARGE]),
  },
  {
    op: 'BitwiseAnd',
    on: ALL,
    fault: 'fails: the executor reads its operands under other names than its own table gives them',
    cure: 'FloorDiv, FloorMod, Mul and Sum, bit by bit along a new axis of 32',
    file: `${WRITER}/bitwise.ts`,
    call: (graph) => graph.add('BitwiseAnd', [graph.input(wholes([1], [6])), graph.input(wholes([1], [3]))]),
    right: wholes([1], [2]),
  },
  {
    op: 'StridedSlice',
    on: ['wasm'],
    fault: 'gives float32 whatever it takes',
    cure: 'Slice and GatherV2',
    file: `${WRITER}/slice.ts`,
    call: (graph) =>
      graph.add('StridedSlice', [graph.input(wholes([6], [5, 6, 7, 8, 9, 10])), ...[[0], [6], [2]].map((values) => graph.numbers(values))]),
    right: wholes([3], [5, 7, 9]),
  },
  {
    op: 'ReverseV2',
    on: ['wasm'],
    fault: 'writes 4 bytes for each boolean, beyond its memory',
    cure: 'cast to int32 and back',
    file: `${WRITER}/movement.ts`,
    call: (graph) => graph.add('ReverseV2', [graph.input(flags([40], [1, ...Array(39).fill(0)])), graph.numbers([0])]),
    right: flags([40], [...Array(39).fill(0), 1]),
  },
  {
    op: 'GatherV2',
    on: ['wasm'],
    fault: 'with batch dimensions takes wrong indices',
    cure: 'Reshape, AddV2 and GatherV2 from the rows of all batches',
    file: `${WRITER}/gathering.ts`,
    call: (graph) =>
      graph.add('GatherV2', [graph.input(floats([2, 3], [0, 1, 2, 3, 4, 5])), graph.input(wholes([2, 1], [2, 0])), graph.number(1)], {
        batch_dims: attr.whole(1),
      }),
    right: floats([2, 1], [2, 3]),
  },
  {
    op: 'OneHot',
    on: ALL,
    fault: 'gives int32 for booleans, and on wasm writes 4 bytes for each, beyond its memory',
    cure: 'Equal and SelectV2',
    file: `${WRITER}/gathering.ts`,
    call: (graph) =>
      graph.add('OneHot', [graph.input(wholes([10], Array(10).fill(1))), graph.number(2), graph.number(1), graph.number(0)], {
        axis: attr.whole(-1),
        dtype: attr.type('bool'),
      }),
    right: flags(
      [10, 2],
      counted(20).map((index) => index % 2),
    ),
  },
  {
    op: 'TensorScatterUpdate',
    on: ['cpu'],
    fault: 'puts elements into its input, which changes, too',
    cure: 'a copy is put into, which Tile makes',
    file: `${WRITER}/scattering.ts`,
    call: (graph) => {
      const input = graph.input(floats([3], [1, 2, 3]));
      const put = graph.add('TensorScatterUpdate', [input, graph.numbers([0], [1, 1]), graph.input(floats([1], [9]))]);
      return graph.add('Sub', [put, input]);
    },
    right: floats([3], [8, 0, 0]),
  },
  {
    op: 'TopKV2',
    on: ['cpu', 'webgpu'],
    fault: 'compares by differences, which are NaN between infinities, on the processor',
    cure: 'infinities are clipped for the order, and the elements gathered',
    file: `${WRITER}/selection.ts`,
    call: (graph) => {
      const values = [Number.NEGATIVE_INFINITY, 7, Number.POSITIVE_INFINITY];
      return graph.add('TopKV2', [graph.input(floats([3], values)), graph.number(2)], { sorted: attr.flag(true) });
    },
    right: floats([2], [Number.POSITIVE_INFINITY, 7]),
  },
  {
    op: 'CropAndResize',
    on: ['webgpu'],
    fault: 'leaves out a picture whose index is not below the number of boxes',
    cure: 'as many boxes as pictures are added',
    file: `${WRITER}/selection.ts`,
    call: (graph) =>
      graph.add(
        'CropAndResize',
        [
          graph.input(floats([2, 1, 1, 1], [3, 7])),
          graph.input(floats([1, 4], [0, 0, 1, 1])),
          graph.input(wholes([1], [1])),
          graph.numbers([1, 1]),
        ],
        { method: attr.text('bilinear'), extrapolation_value: attr.number(0) },
      ),
    right: floats([1, 1, 1, 1], [7]),
  },
  {
    op: 'Prod',
    on: ['webgpu'],
    fault: 'forgets the axes that it keeps, where it computes on the processor',
    cure: 'Reshape',
    file: `${WRITER}/reduction.ts`,
    call: (graph) => graph.add('Prod', [graph.input(floats([2], [2, 3])), graph.numbers([0])], { keep_dims: attr.flag(true) }),
    right: floats([1], [6]),
  },
  {
    op: 'ArgMax',
    on: ['webgpu'],
    fault: 'of one axis keeps it',
    cure: 'Reshape',
    file: `${WRITER}/reduction.ts`,
    call: (graph) => graph.add('ArgMax', [graph.input(floats([3], [1, 5, 2])), graph.number(0)]),
    right: wholes([], [1]),
  },
  {
    op: 'ArgMax',
    on: ['webgpu'],
    fault: 'takes any of equal elements on an axis of 32 and more',
    cure: 'mended',
    file: 'engines/tfjs/mended-programs.ts',
    call: (graph) =>
      graph.add('ArgMax', [
        graph.input(
          floats(
            [1, 40],
            counted(40).map((index) => Number(index === 3 || index === 25)),
          ),
        ),
        graph.number(1),
      ]),
    right: wholes([1], [3]),
  },
  {
    op: 'AddV2',
    on: ['webgpu'],
    fault: 'takes whole numbers through float32, as all programs do',
    cure: 'mended',
    file: 'engines/tfjs/mended-programs.ts',
    call: (graph) => graph.add('AddV2', [graph.input(wholes([1001], Array(1001).fill(LARGE))), graph.number(2)]),
    right: wholes([1001], Array(1001).fill(LARGE + 2)),
  },
  {
    op: 'Transpose',
    on: ['webgpu'],
    fault: 'of whole numbers and booleans is no WGSL, except for matrices',
    cure: 'mended',
    file: 'engines/tfjs/mended-programs.ts',
    call: (graph) => graph.add('Transpose', [graph.input(wholes([2, 2, 1], [1, 2, 3, 4])), graph.numbers([1, 0, 2])]),
    right: wholes([2, 2, 1], [1, 3, 2, 4]),
  },
  {
    op: 'PadV2',
    on: ['webgpu'],
    fault: 'of five axes and more is no WGSL',
    cure: 'one axis after another',
    file: `${WRITER}/shape.ts`,
    call: (graph) =>
      graph.add('PadV2', [
        graph.input(floats([1, 1, 1, 1, 2], [1, 2])),
        graph.numbers([0, 0, 0, 0, 0, 0, 0, 0, 1, 0], [5, 2]),
        graph.number(0, 'float32'),
      ]),
    right: floats([1, 1, 1, 1, 3], [0, 1, 2]),
  },
  {
    op: 'Cumsum',
    on: ['webgpu'],
    fault: 'of five axes and more fails',
    cure: 'on three axes, the others joined',
    file: `${WRITER}/shape.ts`,
    call: (graph) => graph.add('Cumsum', [graph.input(floats([1, 1, 1, 1, 3], [1, 2, 3])), graph.number(4)]),
    right: floats([1, 1, 1, 1, 3], [1, 3, 6]),
  },
  {
    op: 'MatrixBandPart',
    on: ALL,
    fault: 'takes the number of diagonals below the main one for that of those above, too',
    cure: 'comparisons of rows and columns, and SelectV2',
    file: 'formats/tfjs/read/movement.ts',
    call: (graph) => graph.add('MatrixBandPart', [graph.input(floats([2, 2], [1, 2, 3, 4])), graph.number(-1), graph.number(0)]),
    right: floats([2, 2], [1, 0, 3, 4]),
  },
  ...NETWORK_FAULTS,
];

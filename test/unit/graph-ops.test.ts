/** What the elementwise ops, reductions and movements of the graph refuse, and what shapes they infer from open sizes. */
import { describe, expect, it } from 'vitest';
import type { DataType } from '../../src/graph/element-type.js';
import type { Value } from '../../src/graph/graph.js';
import { inferTypes } from '../../src/graph/infer.js';
import type { OpAttributes, OpName } from '../../src/graph/ops/index.js';
import { parseSize } from '../../src/graph/parse-size.js';
import { typeText } from '../../src/graph/tensor.js';
import { refusalOf } from '../fixtures/refusal.js';

type Given = readonly [DataType, ...(number | string)[]];

/** A value of a type such as `['float32', 'batch', 3]`. */
const value = ([dataType, ...shape]: Given): Value => ({
  name: 'x',
  type: { dataType, shape: shape.map((size) => (typeof size === 'string' ? parseSize(size) : size)) },
});

const infer = <Name extends OpName>(op: Name, inputs: readonly Given[], attributes: OpAttributes[Name]) =>
  inferTypes({ op, inputs: inputs.map(value), attributes: attributes as never, origin: { format: 'pannier', op, name: 'n' } });

/** One case with its op's attributes typed. */
const inferred = <Name extends OpName>(op: Name, inputs: readonly Given[], attributes: OpAttributes[Name], wanted: string) =>
  [op, wanted, () => infer(op, inputs, attributes).map(typeText).join(', ')] as const;
const refused = <Name extends OpName>(op: Name, inputs: readonly Given[], attributes: OpAttributes[Name], wanted: string) =>
  [op, wanted, () => refusalOf(() => infer(op, inputs, attributes)).message] as const;

const size = parseSize;
const reduce = { axes: [0], keepDimensions: false };
const place = { axis: 0, keepDimensions: false, outputDataType: 'int64' } as const;
const pads = { beginning: [0, 1], ending: [2, 0], mode: 'constant', value: 0 } as const;

describe('shapes', () => {
  it.each([
    inferred(
      'add',
      [
        ['float32', 'batch', 1, 3],
        ['float32', 'width', 1],
      ],
      {},
      'float32[batch, width, 3]',
    ),
    inferred(
      'add',
      [
        ['float32', 'batch'],
        ['float32', 'width'],
      ],
      {},
      'float32[max(batch, width)]',
    ),
    inferred(
      'add',
      [
        ['float32', 'batch'],
        ['float32', 4],
      ],
      {},
      'float32[4]',
    ),
    inferred(
      'add',
      [
        ['float32', 1],
        ['float32', 'batch'],
      ],
      {},
      'float32[batch]',
    ),
    inferred(
      'equal',
      [
        ['bool', 2],
        ['bool', 1, 1],
      ],
      {},
      'bool[1, 2]',
    ),
    inferred('where', [['bool', 'batch', 1], ['int8', 3], ['int8']], {}, 'int8[batch, 3]'),
    inferred('cast', [['bool', 'batch']], { to: 'float16' }, 'float16[batch]'),
    inferred('reduceSum', [['int32', 'batch', 2]], { axes: [1, 0], keepDimensions: true }, 'int32[1, 1]'),
    inferred('reduceMax', [['int32', 'batch', 2]], { axes: [1], keepDimensions: false }, 'int32[batch]'),
    inferred('argMax', [['float32', 'batch', 2]], { ...place, axis: 1 }, 'int64[batch]'),
    inferred('reshape', [['float32', 'batch', 4]], { newShape: [size('2*batch'), 2] }, 'float32[2*batch, 2]'),
    inferred('transpose', [['float32', 'batch', 4, 1]], { permutation: [2, 0, 1] }, 'float32[1, batch, 4]'),
    inferred('expand', [['float32', 1, 4]], { newShape: [size('batch'), 3, 4] }, 'float32[batch, 3, 4]'),
    inferred('slice', [['float32', 'width']], { starts: [1], sizes: [size('width - 1')], strides: [2] }, 'float32[floor(width/2)]'),
    inferred('slice', [['float32', 'width']], { starts: [size('width - 1')], sizes: [size('width')], strides: [-1] }, 'float32[width]'),
    inferred(
      'concat',
      [
        ['float32', 'a', 2],
        ['float32', 3, 2],
        ['float32', 'a', 'b'],
      ],
      { axis: 0 },
      'float32[2*a + 3, 2]',
    ),
    inferred('split', [['float32', 'a']], { axis: 0, splits: [1, size('a - 1')] }, 'float32[1], float32[a - 1]'),
    inferred('pad', [['float32', 'a', 'b']], pads, 'float32[a + 2, b + 1]'),
    inferred('tile', [['float32', 'a', 2]], { repetitions: [3, size('b')] }, 'float32[3*a, 2*b]'),
    inferred('spaceToDepth', [['float32', 1, 4, 'w', 3]], { blockSize: 2 }, 'float32[1, 2, floor(w/2), 12]'),
    inferred('depthToSpace', [['float32', 1, 'h', 2, 8]], { blockSize: 2, order: 'blocksFirst' }, 'float32[1, 2*h, 4, 2]'),
    inferred('spaceToBatch', [['float32', 'b', 3, 5]], { blockSizes: [2], paddings: [0, 1] }, 'float32[2*b, 2, 5]'),
    inferred('batchToSpace', [['float32', 'b', 3, 5]], { blockSizes: [2], crops: [1, 0] }, 'float32[floor(b/2), 5, 5]'),
    inferred('range', [], { start: 0, count: size('a + 1'), step: -1, dataType: 'float32' }, 'float32[a + 1]'),
    inferred('sizes', [], { values: [size('a'), 2], dataType: 'int64' }, 'int64[2]'),
  ])('%s gives %s', (_, wanted, got) => expect(got()).toBe(wanted));
});

describe('refusals', () => {
  it.each([
    refused('abs', [['bool', 2]], {}, 'takes numbers as input, but got bool[2]'),
    refused('exp', [['int32', 2]], {}, 'takes floats as input, but got int32[2]'),
    refused('isNaN', [['int32', 2]], {}, 'takes floats as input, but got int32[2]'),
    refused('elu', [['int32', 2]], { alpha: 1 }, 'takes floats as input, but got int32[2]'),
    refused('gelu', [['int32', 2]], { approximation: 'none' }, 'takes floats as input, but got int32[2]'),
    refused('logicalNot', [['int32', 2]], {}, 'takes booleans as input, but got int32[2]'),
    refused(
      'add',
      [
        ['bool', 2],
        ['bool', 2],
      ],
      {},
      'takes numbers as a, but got bool[2]',
    ),
    refused(
      'add',
      [
        ['float32', 2],
        ['float16', 2],
      ],
      {},
      'takes inputs of one element type, but got float32[2] and float16[2]',
    ),
    refused(
      'add',
      [
        ['float32', 2, 3],
        ['float32', 2],
      ],
      {},
      'cannot broadcast [2, 3] and [2]',
    ),
    refused(
      'bitwiseAnd',
      [
        ['float32', 2],
        ['float32', 2],
      ],
      {},
      'takes whole numbers as a, but got float32[2]',
    ),
    refused('atan2', [['int32'], ['int32']], {}, 'takes floats as a, but got int32[]'),
    refused('clamp', [['float32']], { min: 1, max: 0 }, 'has the bounds 1 and 0, of which the first is greater'),
    refused(
      'prelu',
      [
        ['float32', 2],
        ['float32', 3, 2],
      ],
      {},
      'takes a slope that broadcasts to [2], but got [3, 2]',
    ),
    refused(
      'prelu',
      [
        ['int32', 2],
        ['int32', 2],
      ],
      {},
      'takes floats as input, but got int32[2]',
    ),
    refused(
      'where',
      [
        ['int32', 2],
        ['int32', 2],
        ['int32', 2],
      ],
      {},
      'takes booleans as condition, but got int32[2]',
    ),
    refused('where', [['bool'], ['int32', 2], ['int8', 2]], {}, 'takes inputs of one element type, but got int32[2] and int8[2]'),
    refused(
      'where',
      [
        ['bool', 3],
        ['int32', 2],
        ['int32', 2],
      ],
      {},
      'cannot broadcast [3] and [2]',
    ),
    refused('reduceSum', [['bool', 2]], reduce, 'takes numbers as input, but got bool[2]'),
    refused('reduceL2', [['int32', 2]], reduce, 'takes floats as input, but got int32[2]'),
    refused('reduceAll', [['int32', 2]], reduce, 'takes booleans as input, but got int32[2]'),
    refused('reduceSum', [['int32', 2]], { axes: [1], keepDimensions: false }, 'has axes [1], which do not fit the shape [2]'),
    refused('reduceSum', [['int32', 2]], { axes: [-1], keepDimensions: false }, 'has axes [-1], which do not fit the shape [2]'),
    refused('reduceSum', [['int32', 2]], { axes: [0, 0], keepDimensions: false }, 'has axes [0, 0], which do not fit the shape [2]'),
    refused('argMin', [['bool', 2]], place, 'takes numbers as input, but got bool[2]'),
    refused('argMin', [['int32']], place, 'has axes [0], which do not fit the shape []'),
    refused('cumulativeSum', [['bool', 2]], { axis: 0, exclusive: true, reversed: false }, 'takes numbers as input, but got bool[2]'),
    refused('softmax', [['int32', 2]], { axis: 0 }, 'takes floats as input, but got int32[2]'),
    refused('logSoftmax', [['float32', 2]], { axis: 1 }, 'has axes [1], which do not fit the shape [2]'),
    refused('reshape', [['int32', 2, 3]], { newShape: [4] }, 'cannot give 6 elements of [2, 3] the shape [4]'),
    refused('reshape', [['int32', 6]], { newShape: [-2, -3] }, 'has sizes below 0: [-2, -3]'),
    refused('reshape', [['int32', 2 ** 30, 2 ** 30]], { newShape: [1] }, 'has the size 1152921504606847000, which is too large'),
    refused('transpose', [['int32', 2, 3]], { permutation: [0] }, 'has 1 axes for the shape [2, 3]'),
    refused('transpose', [['int32', 2, 3]], { permutation: [1, 1] }, 'has axes [1, 1], which do not fit the shape [2, 3]'),
    refused('expand', [['int32', 3]], { newShape: [1] }, 'cannot repeat [3] to [1]'),
    refused('expand', [['int32', 2, 3]], { newShape: [3] }, 'cannot repeat [2, 3] to [3]'),
    refused('expand', [['int32', 3]], { newShape: [4] }, 'cannot broadcast [3] and [4]'),
    refused('expand', [['int32', 1]], { newShape: [-4] }, 'has sizes below 0: [-4]'),
    refused('slice', [['int32', 5]], { starts: [0], sizes: [2], strides: [0] }, 'has a stride of 0'),
    refused('slice', [['int32', 5]], { starts: [-1], sizes: [2], strides: [1] }, 'has starts below 0: [-1]'),
    refused('slice', [['int32', 5]], { starts: [0], sizes: [-2], strides: [1] }, 'has sizes below 0: [-2]'),
    refused('slice', [['int32', 5]], { starts: [0, 0], sizes: [2], strides: [1] }, 'has 2 entries for the shape [5]'),
    refused('slice', [['int32', 5]], { starts: [4], sizes: [2], strides: [1] }, 'takes a window of 2 at 4 from [5]'),
    refused('slice', [['int32', 5]], { starts: [5], sizes: [2], strides: [-1] }, 'takes a window of 2 at 5 from [5]'),
    refused(
      'concat',
      [
        ['int32', 2],
        ['int8', 2],
      ],
      { axis: 0 },
      'takes inputs of one element type, but got int32[2] and int8[2]',
    ),
    refused(
      'concat',
      [
        ['int32', 2, 1],
        ['int32', 2],
      ],
      { axis: 0 },
      'takes input of 2 dimensions, but got [2]',
    ),
    refused(
      'concat',
      [
        ['int32', 2, 1],
        ['int32', 2, 3],
      ],
      { axis: 0 },
      'takes equal sizes along axis 1, but got 3 and 1',
    ),
    refused('split', [['int32', 5]], { axis: 0, splits: [2, 2] }, 'takes equal sizes of the parts and of the axis, but got 5 and 4'),
    refused('split', [['int32', 5]], { axis: 0, splits: [6, -1] }, 'has parts below 0: [6, -1]'),
    refused('pad', [['int32', 5]], pads, 'has 2 paddings for the shape [5]'),
    refused('pad', [['int32', 5, 2]], { ...pads, beginning: [-1, 0] }, 'has paddings below 0: [-1, 0]'),
    refused('pad', [['int32', 2, 2]], { ...pads, mode: 'reflection' }, 'pads axis 0 of [2, 2] with 2 elements by the mode reflection'),
    refused('pad', [['int32', 0, 2]], { ...pads, mode: 'edge' }, 'pads axis 0 of [0, 2] with 2 elements by the mode edge'),
    refused('pad', [['bool', 5, 2]], { ...pads, value: 2 }, 'has the value 2, which is none of bool'),
    refused('tile', [['int32', 5]], { repetitions: [-1] }, 'has repetitions below 0: [-1]'),
    refused('tile', [['int32', 5]], { repetitions: [] }, 'has 0 repetitions for the shape [5]'),
    refused('reverse', [['int32', 5]], { axes: [1] }, 'has axes [1], which do not fit the shape [5]'),
    refused('spaceToDepth', [['int32', 1, 3, 4, 1]], { blockSize: 2 }, 'cannot divide 3 into blocks of 2'),
    refused('spaceToDepth', [['int32', 1, 4, 4]], { blockSize: 2 }, 'takes input of 4 dimensions, but got [1, 4, 4]'),
    refused('spaceToDepth', [['int32', 1, 4, 4, 1]], { blockSize: 0 }, 'has blocks of 0'),
    refused('depthToSpace', [['int32', 1, 1, 1, 4]], { blockSize: -2, order: 'blocksFirst' }, 'has blocks of -2'),
    refused('depthToSpace', [['int32', 1, 1, 1, 6]], { blockSize: 2, order: 'blocksFirst' }, 'cannot divide 6 into blocks of 4'),
    refused('spaceToBatch', [['int32', 1, 3]], { blockSizes: [2], paddings: [0, 0] }, 'cannot divide 3 into blocks of 2'),
    refused(
      'spaceToBatch',
      [['int32', 1, 3]],
      { blockSizes: [0], paddings: [0, 0] },
      'has the blocks [0] and 2 sides for the shape [1, 3]',
    ),
    refused('spaceToBatch', [['int32', 1, 3]], { blockSizes: [3], paddings: [0] }, 'has the blocks [3] and 1 sides for the shape [1, 3]'),
    refused('spaceToBatch', [['int32', 1, 3]], { blockSizes: [2], paddings: [2, -1] }, 'has paddings below 0: [2, -1]'),
    refused('batchToSpace', [['int32', 3, 1]], { blockSizes: [2], crops: [0, 0] }, 'cannot divide 3 into blocks of 2'),
    refused('batchToSpace', [['int32', 2, 1]], { blockSizes: [2], crops: [2, 1] }, 'has sizes below 0: [-1]'),
    refused('batchToSpace', [['int32', 2, 1]], { blockSizes: [2], crops: [-1, 0] }, 'has crops below 0: [-1, 0]'),
    refused('triangular', [['int32', 2]], { upper: true, diagonal: 0 }, 'takes at least 2 dimensions, but got [2]'),
    refused('range', [], { start: 0, count: -1, step: 1, dataType: 'int32' }, 'has a count below 0: [-1]'),
    refused(
      'tfjsGraph',
      [['int32', 2]],
      { nodes: [], library: null, inputNames: ['x'], outputNames: [] },
      'has outputs whose types only TF.js knows',
    ),
  ])('%s %s', (op, wanted, got) => expect(got()).toBe(`Node "n" (${op}) ${wanted}.`));
});

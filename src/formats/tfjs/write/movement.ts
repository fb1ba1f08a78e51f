/** Writes ops that move elements, and ops that make tensors out of sizes. */
import { DATA_TYPES, isFloat } from '../../../graph/element-type.js';
import type { MOVEMENT_OPS } from '../../../graph/ops/movement.js';
import { add, isOpen, multiply, type Size } from '../../../graph/size.js';
import { attr, dtypeOf } from './attributes.js';
import { batchToSpace, spaceToBatch } from './blocks.js';
import type { Call, NodeWriter, WriteOps } from './call.js';
import { converted, wrapped } from './elementwise.js';
import type { WrittenTensor } from './graph-def.js';
import { pad } from './pad.js';
import { MAX_CONSTANT_RANGE } from './places.js';
import { alongMiddle, chosen, MAX_WEBGPU_RANK, repeated, reshaped, type Shaped, tiled, transposed } from './shape.js';
import { slice } from './slice.js';

const concatenated = (call: NodeWriter, tensors: readonly WrittenTensor[], axis: number): WrittenTensor =>
  tensors.length === 1
    ? (tensors[0] as WrittenTensor)
    : call.add('ConcatV2', [...tensors, call.parameter(axis)], { N: attr.whole(tensors.length) });

function split(call: Call<'split'>): readonly WrittenTensor[] {
  const { axis, splits } = call.attributes;
  if (splits.length === 1) return [call.input()];
  const sizes = splits.filter(isOpen).length === 1 ? splits.map((size) => (isOpen(size) ? -1 : size)) : splits;
  return call.addMany('SplitV', [call.input(), call.sizes(sizes), call.parameter(axis)], {}, splits.length);
}

/** On wasm, Reverse writes 4 bytes for each boolean, beyond its memory (TF.js 4.22). */
function reverse(call: Call<'reverse'>): WrittenTensor {
  const { dataType, shape } = call.type();
  const { axes } = call.attributes;
  if (axes.length === 0) return call.input();
  const along = (tensor: WrittenTensor, places = axes) => call.add('ReverseV2', [tensor, call.parameters(places)]);
  const oneByOne = (input: WrittenTensor) =>
    axes.reduce((given, axis) => alongMiddle(call, given, axis, shape[axis] as Size, (tensor) => along(tensor, [1])), {
      tensor: input,
      shape,
    }).tensor;
  const reversed = (tensor: WrittenTensor) => (shape.length > MAX_WEBGPU_RANK ? oneByOne(tensor) : along(tensor));
  if (dataType !== 'bool') return reversed(call.input());
  return call.add('NotEqual', [reversed(converted(call, call.input(), 'int32')), call.number(0, 'int32')]);
}

/** A picture as blocks: [batch, rows, block, columns, block, channels]. */
function spaceToDepth(call: Call<'spaceToDepth'>): WrittenTensor {
  const { blockSize } = call.attributes;
  const [, height, width] = call.outputType().shape as unknown as [Size, Size, Size];
  const [batch, , , channels] = call.type().shape as unknown as [Size, Size, Size, Size];
  const blocks = reshaped(call, call.input(), [batch, height, blockSize, width, blockSize, channels]);
  return reshaped(call, transposed(call, blocks, [0, 1, 3, 2, 4, 5]), call.outputType().shape);
}

function depthToSpace(call: Call<'depthToSpace'>): WrittenTensor {
  const { blockSize, order } = call.attributes;
  if (blockSize === 1) return call.input();
  // TF.js takes floats alone.
  if (order === 'blocksFirst' && isFloat(call.type().dataType))
    return call.add('DepthToSpace', [call.input()], { block_size: attr.whole(blockSize), data_format: attr.text('NHWC') });
  const [batch, height, width] = call.type().shape as unknown as [Size, Size, Size];
  const made = call.outputType().shape[3] as Size;
  const [block, permutation] =
    order === 'blocksFirst'
      ? [
          [blockSize, blockSize, made],
          [0, 1, 3, 2, 4, 5],
        ]
      : [
          [made, blockSize, blockSize],
          [0, 1, 4, 2, 5, 3],
        ];
  const blocks = reshaped(call, call.input(), [batch, height, width, ...block]);
  return reshaped(call, transposed(call, blocks, permutation), call.outputType().shape);
}

/** Whole numbers from `start` on. */
const ranged = (call: NodeWriter, start: Size, count: Size, step: Size, dtype: 'int32' | 'float32'): WrittenTensor =>
  call.add('Range', [call.size(start), call.size(add(start, multiply(count, step))), call.size(step)], { Tidx: attr.type(dtype) });

function range(call: Call<'range'>): WrittenTensor {
  const { start, count, step, dataType } = call.attributes;
  const dtype = dataType === 'float32' ? dataType : 'int32';
  if (isOpen(start) || isOpen(count) || isOpen(step) || count > MAX_CONSTANT_RANGE) {
    if (isOpen(step)) throw call.refused('counts by an open size, which may be 0');
    return step === 0
      ? call.add('Fill', [call.sizes([count]), call.size(start)], { T: attr.type(dtype) })
      : ranged(call, start, count, step, dtype);
  }
  return call.numbers(
    dtype,
    Array.from({ length: count }, (_, index) => start + index * step),
  );
}

function sizes(call: Call<'sizes'>): WrittenTensor {
  const { values, dataType } = call.attributes;
  if (!values.some(isOpen)) {
    const numbers = values as readonly number[];
    return call.numbers(dtypeOf(dataType), [
      ...DATA_TYPES[dataType].from(dataType === 'bool' ? numbers.map((each) => Number(each !== 0)) : numbers),
    ]);
  }
  const list = call.sizes(values);
  // On wasm, Cast to bool keeps the lowest 8 bits (TF.js 4.22).
  if (dataType === 'bool') return call.add('NotEqual', [list, call.number(0, 'int32')]);
  return isFloat(dataType) ? converted(call, list, dataType) : wrapped(call, list, dataType);
}

/** Keeps what the comparison of each place's row and column lets pass. A product with 0 would make NaN of infinities. */
function triangular(call: Call<'triangular'>): WrittenTensor {
  const { dataType, shape } = call.type();
  const mask = maskOf(call);
  // On wasm, Select reads 4 bytes for each boolean (TF.js 4.22).
  if (dataType === 'bool') return call.add('LogicalAnd', [call.input(), mask.tensor]);
  const zero = { tensor: call.number(0, dtypeOf(dataType)), shape: [] };
  return chosen(call, mask, { tensor: call.input(), shape }, zero, shape);
}

/** Whether each place of the last two axes is in the triangle. */
function maskOf(call: Call<'triangular'>): Shaped {
  const { upper, diagonal } = call.attributes;
  const [rows, columns] = call.type().shape.slice(-2) as [Size, Size];
  const shape = [rows, columns];
  if (isOpen(rows) || isOpen(columns)) {
    const row = reshaped(call, ranged(call, diagonal, rows, 1, 'int32'), [rows, 1]);
    const column = ranged(call, 0, columns, 1, 'int32');
    return { tensor: call.add(upper ? 'GreaterEqual' : 'LessEqual', [column, row]), shape };
  }
  const isKept = (row: number, column: number) => (upper ? column - row >= diagonal : column - row <= diagonal);
  const mask = Array.from({ length: rows * columns }, (_, place) => Number(isKept(Math.floor(place / columns), place % columns)));
  return { tensor: call.numbers('bool', mask, [rows, columns]), shape };
}

export const MOVEMENT_WRITERS: WriteOps<keyof typeof MOVEMENT_OPS> = {
  reshape: (call) => reshaped(call, call.input(), call.attributes.newShape),
  transpose: (call) => transposed(call, call.input(), call.attributes.permutation),
  expand: (call) => repeated(call, call.input(), call.type().shape, call.attributes.newShape),
  slice,
  concat: (call) => concatenated(call, call.inputs, call.attributes.axis),
  split,
  pad,
  tile: (call) => tiled(call, call.input(), call.type().shape, call.attributes.repetitions),
  reverse,
  spaceToDepth,
  depthToSpace,
  spaceToBatch,
  batchToSpace,
  triangular,
  range,
  sizes,
};

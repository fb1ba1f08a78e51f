/** The reference of the ops that move elements, and of those that make tensors out of sizes. */
import { sizeOf } from '../../base/dtype.js';
import { broadcastStrides, stridesOf } from '../../base/strided.js';
import { DATA_TYPES } from '../../graph/element-type.js';
import type { MOVEMENT_OPS } from '../../graph/ops/movement.js';
import type { Tensor } from '../../graph/tensor.js';
import { batchToSpace, depthToSpace, spaceToBatch, spaceToDepth } from './blocks.js';
import type { Kernels } from './kernel.js';
import { pad } from './pad.js';
import { copy, type Offsets, pick, places, placesOf } from './places.js';
import { narrow, wide, wideArray } from './wide.js';

export const MOVEMENT_KERNELS: Kernels<keyof typeof MOVEMENT_OPS> = {
  reshape: ({ inputs: [input], attributes: { newShape } }) => [{ ...(input as Tensor), shape: newShape }],
  transpose: ({ inputs: [given], attributes: { permutation } }) => {
    const input = given as Tensor;
    const own = placesOf(input.shape);
    const from = permutation.map((axis) => own[axis] as Offsets);
    return [pick(input, from)];
  },
  expand: ({ inputs: [given], attributes: { newShape } }) => {
    const input = given as Tensor;
    const strides = broadcastStrides(input.shape, newShape);
    const from = newShape.map((size, axis) => places(size, (index) => index * (strides[axis] as number)));
    return [pick(input, from)];
  },
  slice: ({ inputs: [given], attributes: { starts, strides: along }, shapes: [shape] }) => {
    const input = given as Tensor;
    const strides = stridesOf(input.shape);
    const from = (shape as readonly number[]).map((size, axis) =>
      places(size, (index) => ((starts[axis] as number) + index * (along[axis] as number)) * (strides[axis] as number)),
    );
    return [pick(input, from)];
  },
  concat: ({ inputs: given, attributes: { axis }, shapes: [shape] }) => {
    const inputs = given as readonly Tensor[];
    const { dataType } = inputs[0] as Tensor;
    const results = wideArray(dataType, sizeOf(shape as readonly number[]));
    const to = placesOf(shape as readonly number[]);
    let start = 0;
    for (const input of inputs) {
      const size = input.shape[axis] as number;
      const part = (to[axis] as Offsets).slice(start, start + size);
      copy(wide(input.data), placesOf(input.shape), results, to.with(axis, part));
      start += size;
    }
    return [{ dataType, shape: shape as readonly number[], data: narrow(dataType, results) }];
  },
  split: ({ inputs: [given], attributes: { axis, splits } }) => {
    const input = given as Tensor;
    const from = placesOf(input.shape);
    let start = 0;
    return splits.map((size) => {
      const part = (from[axis] as Offsets).slice(start, start + size);
      start += size;
      return pick(input, from.with(axis, part));
    });
  },
  pad: ({ inputs: [input], attributes, shapes: [shape] }) => [pad(input as Tensor, attributes, shape as readonly number[])],
  tile: ({ inputs: [given], attributes: { repetitions } }) => {
    const input = given as Tensor;
    const from = placesOf(input.shape).map((each, axis) =>
      places(each.length * (repetitions[axis] as number), (index) => each[index % each.length] as number),
    );
    return [pick(input, from)];
  },
  reverse: ({ inputs: [given], attributes: { axes } }) => {
    const input = given as Tensor;
    const from = placesOf(input.shape).map((each, axis) => (axes.includes(axis) ? each.toReversed() : each));
    return [pick(input, from)];
  },
  spaceToDepth: ({ inputs: [input], attributes: { blockSize } }) => [spaceToDepth(input as Tensor, blockSize)],
  depthToSpace: ({ inputs: [input], attributes: { blockSize, order } }) => [depthToSpace(input as Tensor, blockSize, order)],
  spaceToBatch: ({ inputs: [input], attributes: { blockSizes, paddings } }) => [spaceToBatch(input as Tensor, blockSizes, paddings)],
  batchToSpace: ({ inputs: [input], attributes: { blockSizes, crops }, shapes: [shape] }) => [
    batchToSpace(input as Tensor, blockSizes, crops, shape as readonly number[]),
  ],
  triangular: ({ inputs: [given], attributes: { upper, diagonal } }) => {
    const { dataType, shape, data } = given as Tensor;
    const [height, width] = shape.slice(-2) as [number, number];
    const result = data.slice();
    for (let index = 0; index < data.length; index++) {
      const distance = (index % width) - (Math.floor(index / width) % height) - diagonal;
      if (upper ? distance < 0 : distance > 0) result[index] = 0;
    }
    return [{ dataType, shape, data: result }];
  },
  range: ({ attributes: { start, count, step, dataType } }) => {
    const data = new DATA_TYPES[dataType](count);
    for (let index = 0; index < count; index++) data[index] = start + index * step;
    return [{ dataType, shape: [count], data }];
  },
  sizes: ({ attributes: { values, dataType } }) => {
    const numbers = dataType === 'bool' ? values.map((value) => Number(value !== 0)) : values;
    return [{ dataType, shape: [values.length], data: new DATA_TYPES[dataType](numbers) }];
  },
};

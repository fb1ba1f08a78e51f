/** Works out what TensorFlow's ops make of sizes: the chains from `Shape` to `Reshape` leave no nodes. */

import { sizeOf } from '../../../base/dtype.js';
import { broadcast } from '../../../graph/op.js';
import * as size from '../../../graph/size.js';
import { isOpen, type Size } from '../../../graph/size.js';
import {
  both,
  byOne,
  concatenated,
  counted,
  each,
  type Fold,
  foldSizes,
  gathered,
  quotient,
  reshapedSizes,
  type SizeOps,
  shapeOf,
  takenAt,
  unchanged,
} from '../../reading/folding.js';
import { filledShape, MAX_SIZE_ELEMENTS, type SizeTensor, sizeList, sizeScalar } from '../../reading/size-tensor.js';
import type { Call } from './call.js';
import { sliceOf, stridedSliceOf } from './slices.js';

/** The outputs of a node that asks for shapes, or whose inputs are all sizes; undefined if there must be a node for it. */
export const foldedSizes = (call: Call): readonly SizeTensor[] | undefined => foldSizes(call, SIZE_OPS);

const QUESTIONS: SizeOps<Call>['questions'] = {
  Shape: (call) => [sizeList(shapeOf(call, 0))],
  ShapeN: (call) => Array.from({ length: call.count }, (_, index) => sizeList(shapeOf(call, index))),
  Size: (call) => [sizeScalar(size.product(shapeOf(call, 0)))],
  Rank: (call) => [sizeScalar(shapeOf(call, 0).length)],
};

const combined =
  (compute: (sizes: readonly Size[]) => Size): Fold<Call> =>
  (call, [input, axes]) => {
    if (input === undefined || input.sizes.length === 0 || input.shape.length > 1 || axes?.sizes.length !== 1) return undefined;
    const value = compute(input.sizes);
    return call.attributes.flag('keep_dims') ? sizeList([value], input.dataType) : sizeScalar(value, input.dataType);
  };

const FOLDS: SizeOps<Call>['folds'] = {
  Cast: (call, [input]) => {
    const to = call.attributes.dataType('DstT');
    return input && (to === 'int32' || to === 'float32') ? { ...input, dataType: to } : undefined;
  },
  ...{ Add: both(size.add), AddV2: both(size.add), Sub: both(size.subtract), Mul: both(size.multiply) },
  ...{ Maximum: both(size.max), Minimum: both(size.min) },
  FloorDiv: both(byOne(size.floorDivide)),
  FloorMod: both(byOne(size.modulo)),
  ...{ RealDiv: both(quotient), Div: both(quotient) },
  Neg: each((value) => size.multiply(value, -1)),
  ...{ Floor: unchanged, Ceil: unchanged, Round: unchanged },
  Prod: combined(size.product),
  Sum: combined(size.sum),
  Max: combined((sizes) => sizes.reduce(size.max)),
  Min: combined((sizes) => sizes.reduce(size.min)),
  Pack: (call, inputs) =>
    inputs.every(({ shape }) => shape.length === 0) && call.axisOf(call.attributes.whole('axis', 0), 1) === 0
      ? concatenated(inputs.map((input) => ({ ...input, shape: [1] })))
      : undefined,
  Unpack: (_, [input]) => (input?.shape.length === 1 ? input.sizes.map((value) => sizeScalar(value, input.dataType)) : undefined),
  ConcatV2: (_, inputs) => concatenated(inputs.slice(0, -1)),
  Concat: (_, inputs) => concatenated(inputs.slice(1)),
  GatherV2: (_, [input, indices]) => gathered(input, indices),
  Gather: (_, [input, indices]) => gathered(input, indices),
  Split: (call, [, input]) => {
    const parts = call.attributes.whole('num_split', 1);
    if (input?.shape.length !== 1 || input.sizes.length === 0 || input.sizes.length % parts !== 0) return undefined;
    const length = input.sizes.length / parts;
    return Array.from({ length: parts }, (_, index) => sizeList(input.sizes.slice(index * length, (index + 1) * length), input.dataType));
  },
  Reshape: (_, [input, shape]) =>
    input &&
    shape &&
    reshapedSizes(
      input,
      filledShape(shape.sizes, input.sizes.length, (a, b) => quotient(a, b) ?? -1),
    ),
  BroadcastArgs: (_, [a, b]) => a && b && sizeList(broadcast(a.sizes, b.sizes), a.dataType),
  Range: (_, inputs) => counted(inputs),
  Squeeze: (_, [input]) => (input && input.sizes.length === 1 && input.shape.length === 1 ? { ...input, shape: [] } : undefined),
  ExpandDims: (_, [input]) => (input?.shape.length === 0 ? { ...input, shape: [1] } : undefined),
  Fill: (_, [shape, value]) =>
    value && shape && shape.sizes.length <= 1 && shape.sizes.every((length) => !isOpen(length) && length <= MAX_SIZE_ELEMENTS)
      ? {
          dataType: value.dataType,
          shape: shape.sizes as readonly number[],
          sizes: Array(sizeOf(shape.sizes as readonly number[])).fill(value.sizes[0]),
        }
      : undefined,
  SparseToDense: (_, [indices, shape, values, fill]) => {
    const [length] = shape?.sizes ?? [];
    if (indices === undefined || values === undefined || fill === undefined || shape?.sizes.length !== 1 || length === undefined)
      return undefined;
    if (isOpen(length) || length > MAX_SIZE_ELEMENTS) return undefined;
    const sizes = Array<Size>(length).fill(fill.sizes[0] as Size);
    for (const [place, index] of indices.sizes.entries())
      sizes[index as number] = values.sizes[values.sizes.length === 1 ? 0 : place] as Size;
    return sizes.length === length ? sizeList(sizes, values.dataType) : undefined;
  },
  Slice: (call, [input]) => {
    if (input === undefined) return undefined;
    const ranges = sliceOf(call, input.shape);
    return takenAt(
      input,
      ranges,
      ranges.map(({ count }) => count),
    );
  },
  StridedSlice: (call, [input]) => {
    if (input === undefined) return undefined;
    const { ranges, shape } = stridedSliceOf(call, input.shape);
    return takenAt(input, ranges, shape);
  },
};

/** TensorFlow's ops that become sizes. */
export const SIZE_OPS: SizeOps<Call> = { questions: QUESTIONS, folds: FOLDS };

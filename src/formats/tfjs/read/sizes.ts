/** Works out what TensorFlow's ops make of sizes: the chains from `Shape` to `Reshape` leave no nodes. */

import { sizeOf } from '../../../base/dtype.js';
import { broadcast } from '../../../graph/op.js';
import * as size from '../../../graph/size.js';
import { isOpen, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import type { Call } from './call.js';
import { elementsAt, filledShape, MAX_SIZE_ELEMENTS, type SizeTensor, sizeList, sizeScalar } from './size-tensor.js';
import { type Range, sliceOf, stridedSliceOf } from './slices.js';

/** Works out a node's outputs from its inputs, which are known; undefined where the result is none that sizes can say. */
type Fold = (call: Call, inputs: readonly SizeTensor[]) => SizeTensor | readonly SizeTensor[] | undefined;

/** The outputs of a node that asks for shapes, or whose inputs are all sizes; undefined if there must be a node for it. */
export function foldedSizes(call: Call): readonly SizeTensor[] | undefined {
  const asked = Object.hasOwn(QUESTIONS, call.op) ? QUESTIONS[call.op]?.(call) : undefined;
  if (asked !== undefined) return asked;
  const fold = Object.hasOwn(FOLDS, call.op) ? FOLDS[call.op] : undefined;
  if (fold === undefined || call.count === 0) return undefined;
  const inputs = Array.from({ length: call.count }, (_, index) => call.knownSizes(index));
  if (!inputs.every((each) => each !== undefined)) return undefined;
  try {
    const folded = fold(call, inputs);
    const outputs = folded === undefined || 'sizes' in folded ? [folded] : folded;
    return outputs.every((each) => each !== undefined && isHeld(each)) ? (outputs as readonly SizeTensor[]) : undefined;
  } catch (thrown) {
    // The arithmetic of sizes refuses numbers that are too large, and expressions that are too long.
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** Ops that ask for shapes, whatever the values are. */
const QUESTIONS: Readonly<Record<string, (call: Call) => readonly SizeTensor[]>> = {
  Shape: (call) => [sizeList(shapeOf(call, 0))],
  ShapeN: (call) => Array.from({ length: call.count }, (_, index) => sizeList(shapeOf(call, index))),
  Size: (call) => [sizeScalar(size.product(shapeOf(call, 0)))],
  Rank: (call) => [sizeScalar(shapeOf(call, 0).length)],
};

/** The shape of an input. Asking a list of sizes for its shape makes no value of it. */
const shapeOf = (call: Call, index: number): Shape => call.knownSizes(index)?.shape ?? call.type(index).shape;

/** The greatest whole number up to which an element type holds each. */
const MAX_EXACT = { int32: 2 ** 31 - 1, float32: 2 ** 24 } as const;

/** Whether the element type holds the numbers, which then are what the op computes, too. */
const isHeld = ({ dataType, sizes }: SizeTensor): boolean =>
  sizes.length <= MAX_SIZE_ELEMENTS && sizes.every((each) => isOpen(each) || Math.abs(each) <= MAX_EXACT[dataType]);

const identity: Fold = (_, [input]) => input;

const each = ({ sizes, ...rest }: SizeTensor, compute: (value: Size) => Size): SizeTensor => ({ ...rest, sizes: sizes.map(compute) });

/** An op of two lists of one length, of which one may be a single number. */
const both =
  (compute: (a: Size, b: Size) => Size | undefined): Fold =>
  (_, [a, b]) => {
    if (a === undefined || b === undefined || a.dataType !== b.dataType) return undefined;
    if (`${a.shape}` !== `${b.shape}` && a.sizes.length !== 1 && b.sizes.length !== 1) return undefined;
    const shape = broadcast(a.shape, b.shape) as readonly number[];
    const at = ({ sizes }: SizeTensor, place: number) => sizes[sizes.length === 1 ? 0 : place] as Size;
    const sizes = Array.from({ length: sizeOf(shape) }, (_, place) => compute(at(a, place), at(b, place)));
    return sizes.every((value) => value !== undefined) ? { dataType: a.dataType, shape, sizes } : undefined;
  };

/** Division that leaves no rest: sizes have no fractions. */
const quotient = (a: Size, b: Size): Size | undefined => {
  if (isOpen(a) || isOpen(b)) return size.exactQuotient(a, b);
  return b !== 0 && a % b === 0 ? a / b + 0 : undefined;
};

const byOne =
  (compute: (a: Size, b: Size) => Size): ((a: Size, b: Size) => Size | undefined) =>
  (a, b) =>
    b === 0 ? undefined : compute(a, b);

const combined =
  (compute: (sizes: readonly Size[]) => Size): Fold =>
  (call, [input, axes]) => {
    if (input === undefined || input.sizes.length === 0 || input.shape.length > 1 || axes?.sizes.length !== 1) return undefined;
    const value = compute(input.sizes);
    return call.attributes.flag('keep_dims') ? sizeList([value], input.dataType) : sizeScalar(value, input.dataType);
  };

const reshaped = (input: SizeTensor, shape: readonly Size[]): SizeTensor | undefined =>
  shape.every((length) => !isOpen(length)) && sizeOf(shape as readonly number[]) === input.sizes.length
    ? { ...input, shape: shape as readonly number[] }
    : undefined;

/** Lists and single numbers one behind the other. */
function concatenated(parts: readonly SizeTensor[]): SizeTensor | undefined {
  const [first] = parts;
  if (first === undefined || parts.some(({ shape, dataType }) => shape.length !== 1 || dataType !== first.dataType)) return undefined;
  return sizeList(
    parts.flatMap(({ sizes }) => sizes),
    first.dataType,
  );
}

function gathered(input: SizeTensor | undefined, indices: SizeTensor | undefined): SizeTensor | undefined {
  if (input?.shape.length !== 1 || indices === undefined) return undefined;
  const places = indices.sizes;
  const isPlace = (place: Size) => !isOpen(place) && place >= 0 && place < input.sizes.length;
  if (!places.every(isPlace)) return undefined;
  return { dataType: input.dataType, shape: indices.shape, sizes: places.map((place) => input.sizes[place as number] as Size) };
}

/** The elements of ranges along each axis, in another shape if axes were taken away or added. */
function takenAt(input: SizeTensor, ranges: readonly Range[], shape: Shape): SizeTensor | undefined {
  const places = ranges.map(({ start, count, stride }) =>
    isOpen(start) || isOpen(count) ? undefined : Array.from({ length: count }, (_, index) => start + index * stride),
  );
  if (!places.every((along) => along !== undefined)) return undefined;
  return reshaped({ ...input, sizes: elementsAt(input, places), shape: places.map(({ length }) => length) }, shape);
}

const FOLDS: Readonly<Record<string, Fold>> = {
  Cast: (call, [input]) => {
    const to = call.attributes.dataType('DstT');
    return input && (to === 'int32' || to === 'float32') ? { ...input, dataType: to } : undefined;
  },
  ...{ Add: both(size.add), AddV2: both(size.add), Sub: both(size.subtract), Mul: both(size.multiply) },
  ...{ Maximum: both(size.max), Minimum: both(size.min) },
  FloorDiv: both(byOne(size.floorDivide)),
  FloorMod: both(byOne(size.modulo)),
  ...{ RealDiv: both(quotient), Div: both(quotient) },
  Neg: (_, [input]) => input && each(input, (value) => size.multiply(value, -1)),
  ...{ Floor: identity, Ceil: identity, Round: identity },
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
    reshaped(
      input,
      filledShape(shape.sizes, input.sizes.length, (a, b) => quotient(a, b) ?? -1),
    ),
  BroadcastArgs: (_, [a, b]) => a && b && sizeList(broadcast(a.sizes, b.sizes), a.dataType),
  Range: (_, inputs) => {
    const [start, limit, step] = inputs.map(({ sizes }) => sizes[0]);
    if (start === undefined || limit === undefined || step === undefined || isOpen(start) || isOpen(limit) || isOpen(step))
      return undefined;
    const length = Math.ceil((limit - start) / step);
    if (!(length <= MAX_SIZE_ELEMENTS)) return undefined;
    return sizeList(
      Array.from({ length: Math.max(0, length) }, (_, index) => start + index * step),
      inputs[0]?.dataType,
    );
  },
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

/** Works out what ONNX's ops make of sizes: the chains from `Shape` to `Reshape` leave no nodes. */
import { sizeOf } from '../../../base/dtype.js';
import { tensorOf } from '../../../graph/constant.js';
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
import { constantOfTensor } from '../tensor.js';
import type { Call } from './call.js';
import { rangesOf } from './slices.js';

/** The outputs of a node that asks for shapes, or whose inputs are all sizes; undefined if there must be a node for it. */
export const foldedSizes = (call: Call): readonly SizeTensor[] | undefined => foldSizes(call, { questions: QUESTIONS, folds: FOLDS });

const QUESTIONS: SizeOps<Call>['questions'] = {
  Shape: (call) => {
    const shape = shapeOf(call, 0);
    const within = (given: number) => Math.min(Math.max(given < 0 ? given + shape.length : given, 0), shape.length);
    const [start, end] = [call.attributes.whole('start', 0), call.attributes.whole('end', shape.length)];
    return [sizeList(shape.slice(within(start), within(end)), 'int64')];
  },
  Size: (call) => [sizeScalar(size.product(shapeOf(call, 0)), 'int64')],
};

const isNumbers = (dataType: string): dataType is 'int32' | 'int64' | 'float32' =>
  dataType === 'int32' || dataType === 'int64' || dataType === 'float32';

/** Whole numbers are divided towards zero: that is rounding down where none is below 0, as sizes are. */
const divided =
  (isFloat: boolean) =>
  (a: Size, b: Size): Size | undefined => {
    if (isFloat) return quotient(a, b);
    const isBelow = (each: Size) => !isOpen(each) && each < 0;
    return b === 0 || isBelow(a) || isBelow(b) ? undefined : size.floorDivide(a, b);
  };

const div: Fold<Call> = (call, inputs) => both(divided(inputs[0]?.dataType === 'float32'))(call, inputs);

/** Whether two sizes are equal, if that is known: no open size is below 0. */
function isEqual(a: Size, b: Size): number | undefined {
  if (size.isSameSize(a, b)) return 1;
  if (!isOpen(a) && !isOpen(b)) return 0;
  return [a, b].some((each) => !isOpen(each) && each < 0) ? 0 : undefined;
}

/** A question about two sizes. */
const asked =
  (answer: (a: Size, b: Size) => number | undefined): Fold<Call> =>
  (call, inputs) => {
    const answers = both(answer)(call, inputs) as SizeTensor | undefined;
    return answers && { ...answers, dataType: 'bool' };
  };

/** A question about numbers that are known. */
const compared = (holds: (a: number, b: number) => boolean): Fold<Call> =>
  asked((a, b) => (isOpen(a) || isOpen(b) ? undefined : Number(holds(a, b))));

/** A number as a truth value is whether it differs from 0, which an open size may be. */
const cast: Fold<Call> = (call, [input]) => {
  const to = call.dataType('to');
  if (input === undefined) return undefined;
  if (isNumbers(to)) return { ...input, dataType: to };
  if (to !== 'bool' || input.sizes.some(isOpen)) return undefined;
  return { ...input, dataType: to, sizes: input.sizes.map((each) => Number(each !== 0)) };
};

/** Lists of one length, or single numbers that stand for all elements. */
const where: Fold<Call> = (_, [condition, a, b]) => {
  if (condition === undefined || a === undefined || b === undefined || !condition.sizes.every((each) => !isOpen(each))) return undefined;
  const length = Math.max(condition.sizes.length, a.sizes.length, b.sizes.length);
  const all = [condition, a, b];
  if (a.dataType !== b.dataType || all.some(({ sizes, shape }) => shape.length > 1 || ![1, length].includes(sizes.length)))
    return undefined;
  const at = ({ sizes }: SizeTensor, place: number) => sizes[sizes.length === 1 ? 0 : place] as Size;
  const sizes = Array.from({ length }, (_, place) => at(at(condition, place) === 0 ? b : a, place));
  return all.some(({ shape }) => shape.length === 1) ? sizeList(sizes, a.dataType) : sizeScalar(sizes[0] as Size, a.dataType);
};

/** The elements with their axes in another order: a table of paddings becomes a list of all beginnings and all ends. */
const transposed: Fold<Call> = (call, [input]) => {
  if (input === undefined) return undefined;
  const { shape, sizes } = input;
  const order = call.attributes.wholes('perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
  if (order.length !== shape.length || order.some((axis) => axis < 0 || axis >= shape.length)) return undefined;
  const steps = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const places = order.reduce<readonly number[]>(
    (found, axis) =>
      found.flatMap((from) => Array.from({ length: shape[axis] as number }, (_, index) => from + index * (steps[axis] as number))),
    [0],
  );
  return { ...input, shape: order.map((axis) => shape[axis] as number), sizes: places.map((place) => sizes[place] as Size) };
};

/** A list of one size over and over. */
const repeated = (value: Size, length: Size | undefined, dataType: SizeTensor['dataType']): SizeTensor | undefined =>
  length === undefined || isOpen(length) || length > MAX_SIZE_ELEMENTS ? undefined : sizeList(Array<Size>(length).fill(value), dataType);

/** All elements of a list become one. */
const combined =
  (compute: (sizes: readonly Size[]) => Size): Fold<Call> =>
  (call, [input, axes]) => {
    if (input === undefined || input.sizes.length === 0 || input.shape.length > 1) return undefined;
    if (axes === undefined && call.attributes.flag('noop_with_empty_axes')) return undefined;
    const value = compute(input.sizes);
    const isKept = call.attributes.flag('keepdims', true) && input.shape.length === 1;
    return isKept ? sizeList([value], input.dataType) : sizeScalar(value, input.dataType);
  };

/** Ops of any number of inputs, which combine two at a time. */
const combining =
  (compute: (a: Size, b: Size) => Size): Fold<Call> =>
  (call, [first, ...others]) =>
    others.reduce<SizeTensor | undefined>((made, next) => made && (both(compute)(call, [made, next]) as SizeTensor | undefined), first);

/** Axes of one element come or go. */
const squeezed: Fold<Call> = (_, [input]) =>
  input && input.sizes.length === 1 && input.shape.length === 1 ? { ...input, shape: [] } : undefined;
const unsqueezed: Fold<Call> = (call, [input]) =>
  input?.shape.length === 0 && (call.wholesAt(1, 'axes')?.length ?? 0) === 1 ? { ...input, shape: [1] } : undefined;

const FOLDS: SizeOps<Call>['folds'] = {
  Identity: unchanged,
  Cast: cast,
  ...{ Add: both(size.add), Sub: both(size.subtract), Mul: both(size.multiply), Div: div, Mod: both(byOne(size.modulo)) },
  ...{ Max: combining(size.max), Min: combining(size.min), Sum: combining(size.add) },
  Neg: each((value) => size.multiply(value, -1)),
  Abs: each((value) => size.max(value, size.multiply(value, -1))),
  ...{ Floor: unchanged, Ceil: unchanged, Round: unchanged },
  ReduceProd: combined(size.product),
  ReduceSum: combined(size.sum),
  ReduceMax: combined((sizes) => sizes.reduce(size.max)),
  ReduceMin: combined((sizes) => sizes.reduce(size.min)),
  Concat: (_, inputs) => concatenated(inputs),
  Gather: (_, [input, indices]) => gathered(input, indices, true),
  Slice: (call, [input]) => {
    if (input === undefined) return undefined;
    const ranges = rangesOf(call, input.shape);
    const counts = ranges.map(({ count }) => count);
    return takenAt(input, ranges, counts);
  },
  Reshape: (_, [input, shape]) =>
    input &&
    shape &&
    reshapedSizes(
      input,
      filledShape(shape.sizes, input.sizes.length, (a, b) => quotient(a, b) ?? -1),
    ),
  Transpose: transposed,
  Squeeze: squeezed,
  Unsqueeze: unsqueezed,
  Split: (call, [input]) => {
    const parts = call.attributes.wholes('split') ?? (call.has(1) ? call.wholes(1, 'sizes') : undefined);
    if (input?.shape.length !== 1) return undefined;
    const lengths = parts ?? Array<number>(call.outputCount).fill(input.sizes.length / call.outputCount);
    if (lengths.reduce((sum, length) => sum + length, 0) !== input.sizes.length || !lengths.every(Number.isInteger)) return undefined;
    let end = 0;
    return lengths.map((length) => {
      end += length;
      return sizeList(input.sizes.slice(end - length, end), input.dataType);
    });
  },
  Range: (_, inputs) => counted(inputs),
  ...{ Equal: asked(isEqual), Less: compared((a, b) => a < b), LessOrEqual: compared((a, b) => a <= b) },
  ...{ Greater: compared((a, b) => a > b), GreaterOrEqual: compared((a, b) => a >= b) },
  ...{
    And: compared((a, b) => a + b === 2),
    Or: compared((a, b) => a + b > 0),
    Not: each((value) => size.subtract(1, value)),
    Where: where,
  },
  Expand: (_, [input, shape]) => {
    if (input?.sizes.length !== 1 || shape === undefined) return undefined;
    const [length, ...others] = broadcast(input.shape, shape.sizes);
    return others.length > 0 ? undefined : repeated(input.sizes[0] as Size, length, input.dataType);
  },
  ConstantOfShape: (call, [shape]) => {
    const [length, ...others] = shape?.sizes ?? [];
    const tensor = call.attributes.tensor('value');
    if (others.length > 0 || tensor === undefined) return undefined;
    const { dataType, data } = tensorOf(constantOfTensor(tensor, 'value', new Map()));
    return isNumbers(dataType) && Number.isInteger(data[0]) ? repeated(data[0] as number, length, dataType) : undefined;
  },
};

/** Works out what nodes make of sizes: chains from a shape to a reshape leave no nodes. Each format has a table of its ops. */
import { sizeOf } from '../../base/dtype.js';
import { broadcast } from '../../graph/op.js';
import * as size from '../../graph/size.js';
import { isOpen, type Size } from '../../graph/size.js';
import type { Shape } from '../../graph/tensor.js';
import type { NodeCall } from './node-call.js';
import type { Range } from './ranges.js';
import { elementsAt, MAX_SIZE_ELEMENTS, type SizeTensor, sizeList } from './size-tensor.js';

/** Works out a node's outputs from its inputs, which are known; undefined where the result is none that sizes can say. */
export type Fold<Call> = (call: Call, inputs: readonly SizeTensor[]) => SizeTensor | readonly SizeTensor[] | undefined;

/** The ops of a format that become sizes. */
export interface SizeOps<Call> {
  /** Ops that ask for shapes, whatever the values are. */
  readonly questions: Readonly<Record<string, (call: Call) => readonly SizeTensor[]>>;
  readonly folds: Readonly<Record<string, Fold<Call>>>;
}

/** The outputs of a node that asks for shapes, or whose inputs are all sizes; undefined if there must be a node for it. */
export function foldSizes<Call extends NodeCall>(call: Call, { questions, folds }: SizeOps<Call>): readonly SizeTensor[] | undefined {
  const asked = Object.hasOwn(questions, call.op) ? questions[call.op]?.(call) : undefined;
  if (asked !== undefined) return asked;
  const fold = Object.hasOwn(folds, call.op) ? folds[call.op] : undefined;
  if (fold === undefined || call.count === 0) return undefined;
  const inputs = Array.from({ length: call.count }, (_, index) => (call.has(index) ? call.knownSizes(index) : undefined));
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

/** The shape of an input. Asking a list of sizes for its shape makes no value of it. */
export const shapeOf = (call: NodeCall, index: number): Shape => call.knownSizes(index)?.shape ?? call.type(index).shape;

/** The greatest whole number up to which an element type holds each. */
const MAX_EXACT = { int32: 2 ** 31 - 1, int64: Number.MAX_SAFE_INTEGER, float32: 2 ** 24, bool: 1 } as const;

/** Whether the element type holds the numbers, which then are what the op computes, too. */
const isHeld = ({ dataType, sizes }: SizeTensor): boolean =>
  sizes.length <= MAX_SIZE_ELEMENTS && sizes.every((each) => isOpen(each) || Math.abs(each) <= MAX_EXACT[dataType]);

export const unchanged: Fold<unknown> = (_, [input]) => input;

/** An op of each size by itself. */
export const each =
  (compute: (value: Size) => Size): Fold<unknown> =>
  (_, [input]) =>
    input && { ...input, sizes: input.sizes.map(compute) };

/** An op of two lists of one length, of which one may be a single number. */
export const both =
  (compute: (a: Size, b: Size) => Size | undefined): Fold<unknown> =>
  (_, [a, b]) => {
    if (a === undefined || b === undefined || a.dataType !== b.dataType) return undefined;
    if (`${a.shape}` !== `${b.shape}` && a.sizes.length !== 1 && b.sizes.length !== 1) return undefined;
    const shape = broadcast(a.shape, b.shape) as readonly number[];
    const at = ({ sizes }: SizeTensor, place: number) => sizes[sizes.length === 1 ? 0 : place] as Size;
    const sizes = Array.from({ length: sizeOf(shape) }, (_, place) => compute(at(a, place), at(b, place)));
    return sizes.every((value) => value !== undefined) ? { dataType: a.dataType, shape, sizes } : undefined;
  };

/** Division that leaves no rest: sizes have no fractions. */
export const quotient = (a: Size, b: Size): Size | undefined => {
  if (isOpen(a) || isOpen(b)) return size.exactQuotient(a, b);
  return b !== 0 && a % b === 0 ? a / b + 0 : undefined;
};

/** A division, which nothing is by 0. */
export const byOne =
  (compute: (a: Size, b: Size) => Size): ((a: Size, b: Size) => Size | undefined) =>
  (a, b) =>
    b === 0 ? undefined : compute(a, b);

/** The same sizes in another shape, if it has as many elements. */
export const reshapedSizes = (input: SizeTensor, shape: readonly Size[]): SizeTensor | undefined =>
  shape.every((length) => !isOpen(length)) && sizeOf(shape as readonly number[]) === input.sizes.length
    ? { ...input, shape: shape as readonly number[] }
    : undefined;

/** Lists one behind the other. */
export function concatenated(parts: readonly SizeTensor[]): SizeTensor | undefined {
  const [first] = parts;
  if (first === undefined || parts.some(({ shape, dataType }) => shape.length !== 1 || dataType !== first.dataType)) return undefined;
  return sizeList(
    parts.flatMap(({ sizes }) => sizes),
    first.dataType,
  );
}

/** The elements of a list that indices name. Those below 0 count from the end, if the format has it so. */
export function gathered(input: SizeTensor | undefined, indices: SizeTensor | undefined, countsFromEnd = false): SizeTensor | undefined {
  if (input?.shape.length !== 1 || indices === undefined) return undefined;
  const { length } = input.sizes;
  const places = indices.sizes.map((place) => (countsFromEnd && !isOpen(place) && place < 0 ? place + length : place));
  const isPlace = (place: Size) => !isOpen(place) && place >= 0 && place < length;
  if (!places.every(isPlace)) return undefined;
  return { dataType: input.dataType, shape: indices.shape, sizes: places.map((place) => input.sizes[place as number] as Size) };
}

/** The elements of ranges along each axis, in another shape if axes were taken away or added. */
export function takenAt(input: SizeTensor, ranges: readonly Range[], shape: Shape): SizeTensor | undefined {
  const places = ranges.map(({ start, count, stride }) =>
    isOpen(start) || isOpen(count) ? undefined : Array.from({ length: count }, (_, index) => start + index * stride),
  );
  if (!places.every((along) => along !== undefined)) return undefined;
  return reshapedSizes({ ...input, sizes: elementsAt(input, places), shape: places.map(({ length }) => length) }, shape);
}

/** Whole numbers from one to before another; undefined if they are not known, or too many. */
export function counted(inputs: readonly SizeTensor[]): SizeTensor | undefined {
  const [start, limit, step] = inputs.map(({ sizes }) => sizes[0]);
  if (start === undefined || limit === undefined || step === undefined || isOpen(start) || isOpen(limit) || isOpen(step)) return undefined;
  const length = Math.ceil((limit - start) / step);
  if (!(length <= MAX_SIZE_ELEMENTS)) return undefined;
  return sizeList(
    Array.from({ length: Math.max(0, length) }, (_, index) => start + index * step),
    inputs[0]?.dataType,
  );
}

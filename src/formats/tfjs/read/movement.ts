/** Reads ops that move elements, and ops that make tensors out of sizes. */
import type { TypedValue } from '../../../graph/graph.js';
import { ceilDivide, exactQuotient, floorDivide, isOpen, isSameSize, product, type Size, subtract } from '../../../graph/size.js';
import { type Shape, shapeText } from '../../../graph/tensor.js';
import { LIMITS } from '../../limits.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Range } from '../../reading/ranges.js';
import { filledShape } from '../../reading/size-tensor.js';
import type { Call, Importers } from './call.js';
import { sliceOf, stridedSliceOf } from './slices.js';

const reshaped = (call: Call, input: TypedValue, newShape: Shape): TypedValue => call.add('reshape', [input], { newShape });

/** The first input in another shape, in which one size may be -1. */
export function reshapedTo(call: Call, wanted: Shape): TypedValue {
  const input = call.value();
  return reshaped(
    call,
    input,
    filledShape(wanted, product(input.type.shape), (elements, others) => {
      if (others === 0) return 0;
      const exact = exactQuotient(elements, others);
      if (exact === undefined && !isOpen(elements) && !isOpen(others) && elements % others !== 0)
        throw call.broken(`cannot give ${elements} elements rows of ${others}`);
      return exact ?? floorDivide(elements, others);
    }),
  );
}

function squeeze(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const given = [...call.attributes.wholes('squeeze_dims'), ...call.attributes.wholes('axis')];
  const axes = given.map((axis) => call.axisOf(axis, shape.length));
  if (axes.length === 0 && shape.some(isOpen))
    throw cannotExpress(`leaves out axes of one element, of which ${shapeText(shape)} may have more`);
  const isGone = (size: Size, axis: number) => (axes.length === 0 ? size === 1 : axes.includes(axis));
  const wrong = axes.find((axis) => !isOpen(shape[axis] as Size) && shape[axis] !== 1);
  if (wrong !== undefined) throw call.broken(`squeezes the axis ${wrong}, which has ${shape[wrong] as number} elements`);
  return reshaped(
    call,
    input,
    shape.filter((size, axis) => !isGone(size, axis)),
  );
}

function expandDims(call: Call): TypedValue {
  const input = call.value();
  const axis = call.axis(1, input.type.shape.length + 1);
  return reshaped(call, input, input.type.shape.toSpliced(axis, 0, 1));
}

const isWhole = (range: Range, length: Size): boolean => range.start === 0 && isSameSize(range.extent, length) && range.stride === 1;

function slice(call: Call, ranges: readonly Range[], shape: Shape): TypedValue {
  const input = call.value();
  const isSameShape = shape.length === ranges.length;
  if (ranges.every((range, axis) => isWhole(range, input.type.shape[axis] as Size))) return reshaped(call, input, shape);
  const attributes = {
    starts: ranges.map(({ start }) => start),
    sizes: ranges.map(({ extent }) => extent),
    strides: ranges.map(({ stride }) => stride),
  };
  return isSameShape ? call.add('slice', [input], attributes) : reshaped(call, call.step('slice', [input], attributes), shape);
}

function pack(call: Call): TypedValue {
  const axis = call.axisOf(call.attributes.whole('axis', 0), call.type().shape.length + 1);
  const inputs = call.values();
  const parts = inputs.map((input) => call.step('reshape', [input], { newShape: input.type.shape.toSpliced(axis, 0, 1) }));
  return call.add('concat', parts, { axis });
}

/** Refuses more tensors than a graph may have. */
function checkParts(call: Call, count: number): number {
  if (count > LIMITS.nodes) throw call.broken(`makes ${count} tensors; the limit is ${LIMITS.nodes}`);
  return count;
}

function unpack(call: Call): readonly TypedValue[] {
  const input = call.value();
  const { shape } = input.type;
  const axis = call.axisOf(call.attributes.whole('axis', 0), shape.length);
  const length = shape[axis] as Size;
  const given = call.attributes.whole('num', -1);
  if (isOpen(length) && given < 0) throw cannotExpress(`makes as many tensors as the open size ${length.text}`);
  if (!isOpen(length) && given >= 0 && given !== length) throw call.broken(`makes ${given} tensors of ${length}`);
  const count = checkParts(call, isOpen(length) ? given : length);
  const parts = call.steps('split', [input], { axis, splits: Array<Size>(count).fill(1) });
  return parts.map((part) => call.add('reshape', [part], { newShape: shape.toSpliced(axis, 1) }));
}

const concat = (call: Call, inputs: readonly TypedValue[], axisAt: number): TypedValue => {
  const [first] = inputs;
  if (first === undefined) throw call.broken('joins nothing');
  const axis = call.axis(axisAt, first.type.shape.length);
  return call.add('concat', inputs, { axis });
};

function split(call: Call): readonly TypedValue[] {
  const input = call.value(1);
  const axis = call.axis(0, input.type.shape.length);
  const parts = checkParts(call, call.attributes.whole('num_split', 1));
  const length = input.type.shape[axis] as Size;
  const part = exactQuotient(length, parts);
  if (part === undefined && !isOpen(length)) throw call.broken(`cuts ${length} elements into ${parts} equal parts`);
  return call.addMany('split', [input], { axis, splits: Array<Size>(parts).fill(part ?? floorDivide(length, parts)) });
}

function splitV(call: Call): readonly TypedValue[] {
  const input = call.value();
  const axis = call.axis(2, input.type.shape.length);
  const splits = call.sizes(1, 'sizes');
  const rest = splits.reduce<Size>((left, size) => (size === -1 ? left : subtract(left, size)), input.type.shape[axis] as Size);
  return call.addMany('split', [input], { axis, splits: splits.map((size) => (size === -1 ? rest : size)) });
}

/** Paddings in pairs, before and behind each axis. */
function paddingsOf(call: Call, index: number): { readonly beginning: Shape; readonly ending: Shape } {
  const sides = call.sizes(index, 'paddings');
  return { beginning: sides.filter((_, at) => at % 2 === 0), ending: sides.filter((_, at) => at % 2 === 1) };
}

function padV2(call: Call): TypedValue {
  const value = call.constant(2)?.data[0];
  if (value === undefined) throw cannotExpress('pads with a number that is computed while the model runs');
  return call.add('pad', [call.value()], { ...paddingsOf(call, 1), mode: 'constant', value });
}

function mirrorPad(call: Call): TypedValue {
  const mode = call.attributes.text('mode', 'REFLECT') === 'SYMMETRIC' ? 'symmetric' : 'reflection';
  return call.add('pad', [call.value()], { ...paddingsOf(call, 1), mode, value: 0 });
}

function depthToSpace(call: Call): TypedValue {
  if (call.attributes.text('data_format', 'NHWC') !== 'NHWC') throw cannotExpress('has channels in front');
  return call.add('depthToSpace', [call.value()], { blockSize: call.attributes.whole('block_size'), order: 'blocksFirst' });
}

function fill(call: Call): TypedValue {
  const newShape = call.sizes(0, 'sizes');
  return call.add('expand', [call.value(1)], { newShape });
}

/** As many of one number as the input has elements. */
function filledLike(call: Call, value: number): TypedValue {
  const { dataType, shape } = call.type();
  if (dataType === 'float16') throw cannotExpress('makes numbers of float16');
  return call.add('expand', [call.number(value, dataType)], { newShape: shape });
}

function range(call: Call): TypedValue {
  const numbers = [0, 1, 2].map((index) => call.constant(index));
  const [from, to, by] = numbers.map((each) => each?.data[0]);
  if (from !== undefined && to !== undefined && by !== undefined && numbers[0]?.dataType === 'float32')
    return call.numbers('float32', countedFloats(call, from, to, by));
  const [[start], [limit], [step]] = [call.sizes(0, 'bounds'), call.sizes(1, 'bounds'), call.wholes(2, 'steps')];
  if (start === undefined || limit === undefined || step === undefined || step === 0) throw call.broken('counts by no number');
  const count = step > 0 ? ceilDivide(subtract(limit, start), step) : ceilDivide(subtract(start, limit), -step);
  const isEmpty = !isOpen(count) && count < 0;
  const { dataType = 'int32' } = call.knownSizes(0) ?? {};
  if (dataType === 'bool') throw call.broken('counts booleans');
  return call.add('range', [], { start, count: isEmpty ? 0 : count, step, dataType });
}

/** The most floats that are counted when the model is read. */
const MAX_COUNTED = 2 ** 20;

/** TensorFlow adds the step to each float to get the next one, and rounds each sum. */
function countedFloats(call: Call, start: number, limit: number, step: number): readonly number[] {
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (!(count <= MAX_COUNTED)) throw call.broken(`counts from ${start} to ${limit} by ${step}`);
  const floats: number[] = [];
  for (let next = start; floats.length < count; next = Math.fround(next + step)) floats.push(next);
  return floats;
}

/** TensorFlow multiplies the step in float32, and gives the end itself as the last number. */
function linSpace(call: Call): TypedValue {
  const [start, stop] = [0, 1].map((index) => call.constant(index)?.data[0]);
  if (start === undefined || stop === undefined) throw cannotExpress('counts between numbers that are computed while the model runs');
  const count = call.whole(2, 'a count');
  if (count < 1 || count > MAX_COUNTED) throw call.broken(`gives ${count} numbers, of which it has 1 to ${MAX_COUNTED}`);
  const step = Math.fround(Math.fround(stop - start) / (count - 1));
  const numbers = Array.from({ length: count }, (_, index) => Math.fround(start + Math.fround(step * index)));
  return call.numbers('float32', count === 1 ? [start] : numbers.with(-1, stop));
}

/**
 * Keeps so many diagonals below and above the main one; all of them if a number is below 0. TF.js's executor (4.22) takes the number of
 * those below for both.
 */
function matrixBandPart(call: Call): TypedValue {
  const input = call.value();
  const [lower, upper] = [call.whole(1, 'a number of diagonals'), call.whole(2, 'a number of diagonals')];
  if (lower < 0 && upper < 0) return input;
  if (upper < 0) return call.add('triangular', [input], { upper: true, diagonal: 0 - lower });
  const above = lower < 0 ? input : call.step('triangular', [input], { upper: true, diagonal: 0 - lower });
  return call.add('triangular', [above], { upper: false, diagonal: upper });
}

/** The axes of Reverse are flags, one for each axis. */
function reverse(call: Call): TypedValue {
  const flags = call.constant(1)?.data;
  if (flags === undefined) throw cannotExpress('takes axes that are computed while the model runs');
  return call.add('reverse', [call.value()], { axes: [...flags].flatMap((flag, axis) => (flag === 0 ? [] : [axis])) });
}

export const MOVEMENT_IMPORTERS: Importers = {
  Reshape: (call) => reshapedTo(call, call.sizes(1, 'sizes')),
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Slice: (call) => {
    const ranges = sliceOf(call, call.type().shape);
    return slice(
      call,
      ranges,
      ranges.map(({ count }) => count),
    );
  },
  StridedSlice: (call) => {
    const { ranges, shape } = stridedSliceOf(call, call.type().shape);
    return slice(call, ranges, shape);
  },
  Transpose: (call) => call.add('transpose', [call.value()], { permutation: call.axes(1, call.type().shape.length) }),
  Pack: pack,
  Unpack: unpack,
  ConcatV2: (call) => concat(call, call.values(0, call.count - 1), call.count - 1),
  Concat: (call) => concat(call, call.values(1), 0),
  Split: split,
  SplitV: splitV,
  Pad: (call) => call.add('pad', [call.value()], { ...paddingsOf(call, 1), mode: 'constant', value: 0 }),
  PadV2: padV2,
  MirrorPad: mirrorPad,
  Tile: (call) => call.add('tile', [call.value()], { repetitions: call.sizes(1, 'repetitions') }),
  BroadcastTo: (call) => call.add('expand', [call.value()], { newShape: call.sizes(1, 'sizes') }),
  Reverse: reverse,
  ReverseV2: (call) => call.add('reverse', [call.value()], { axes: call.axes(1, call.type().shape.length) }),
  DepthToSpace: depthToSpace,
  SpaceToBatchND: (call) =>
    call.add('spaceToBatch', [call.value()], { blockSizes: call.wholes(1, 'block sizes'), paddings: call.sizes(2, 'paddings') }),
  BatchToSpaceND: (call) =>
    call.add('batchToSpace', [call.value()], { blockSizes: call.wholes(1, 'block sizes'), crops: call.sizes(2, 'crops') }),
  Fill: fill,
  ZerosLike: (call) => filledLike(call, 0),
  OnesLike: (call) => filledLike(call, 1),
  Range: range,
  LinSpace: linSpace,
  MatrixBandPart: matrixBandPart,
};

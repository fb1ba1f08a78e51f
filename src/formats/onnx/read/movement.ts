/** Reads ops that move elements, and ops that make tensors out of sizes. */
import { isFloat } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import { broadcast } from '../../../graph/op.js';
import { ceilDivide, exactQuotient, floorDivide, isOpen, isSameSize, multiply, product, type Size, subtract } from '../../../graph/size.js';
import { type Shape, shapeText } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Range } from '../../reading/ranges.js';
import { filledShape } from '../../reading/size-tensor.js';
import type { ReadTensor } from '../../reading/tensors.js';
import { constantOfTensor } from '../tensor.js';
import type { Call, Importers } from './call.js';
import { centerCropPad, pad } from './pad.js';
import { rangesOf } from './slices.js';

/** A shape in which 0 stands for the input's size, unless `allowzero` says otherwise, and one -1 for what is left. */
function reshape(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const keepsZeros = call.attributes.flag('allowzero');
  const wanted = call.sizes(1, 'sizes').map((size, axis) => (size === 0 && !keepsZeros ? sizeAt(call, shape, axis) : size));
  return call.add('reshape', [input], {
    newShape: filledShape(wanted, product(shape), (elements, others) => {
      if (others === 0) return 0;
      const exact = exactQuotient(elements, others);
      if (exact === undefined && !isOpen(elements) && !isOpen(others) && elements % others !== 0)
        throw call.broken(`cannot give ${elements} elements rows of ${others}`);
      return exact ?? floorDivide(elements, others);
    }),
  });
}

function sizeAt(call: Call, shape: Shape, axis: number): Size {
  const size = shape[axis];
  if (size === undefined) throw call.broken(`keeps the size of axis ${axis}, but its input has ${shape.length} dimensions`);
  return size;
}

function squeeze(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const axes = call.axesAt(1, shape.length);
  if (axes === undefined && shape.some(isOpen))
    throw cannotExpress(`leaves out axes of one element, of which ${shapeText(shape)} may have more`);
  const isGone = (size: Size, axis: number) => (axes === undefined ? size === 1 : axes.includes(axis));
  const wrong = axes?.find((axis) => !isOpen(shape[axis] as Size) && shape[axis] !== 1);
  if (wrong !== undefined) throw call.broken(`squeezes the axis ${wrong}, which has ${shape[wrong] as number} elements`);
  return call.add('reshape', [input], { newShape: shape.filter((size, axis) => !isGone(size, axis)) });
}

function unsqueeze(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const given = call.wholesAt(1, 'axes') ?? [];
  const axes = given.map((axis) => call.axisOf(axis, shape.length + given.length)).toSorted((a, b) => a - b);
  return call.add('reshape', [input], { newShape: axes.reduce<Shape>((sizes, axis) => sizes.toSpliced(axis, 0, 1), shape) });
}

function flatten(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const given = call.attributes.whole('axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  return call.add('reshape', [input], { newShape: [product(shape.slice(0, axis)), product(shape.slice(axis))] });
}

/** Takes the elements of ranges; where they are all elements, nothing is added. */
export function taken(call: Call, input: TypedValue, ranges: readonly Range[]): TypedValue {
  const isWhole = ({ start, extent, stride }: Range, axis: number) =>
    start === 0 && stride === 1 && isSameSize(extent, input.type.shape[axis] as Size);
  if (ranges.every(isWhole)) return input;
  return call.step('slice', [input], {
    starts: ranges.map(({ start }) => start),
    sizes: ranges.map(({ extent }) => extent),
    strides: ranges.map(({ stride }) => stride),
  });
}

function transpose(call: Call): TypedValue {
  const rank = call.type().shape.length;
  const given = call.attributes.wholes('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return call.add('transpose', [call.value()], { permutation: given.map((axis) => call.axisOf(axis, rank)) });
}

/** Parts of given sizes, else as many equal ones as there are outputs, of which the last may be smaller. */
function split(call: Call): readonly TypedValue[] {
  const input = call.value();
  const axis = call.axisAt(input.type.shape.length, 0);
  const splits = call.has(1)
    ? call.sizes(1, 'sizes')
    : (call.attributes.wholes('split') ?? equalParts(call, input.type.shape[axis] as Size));
  return call.addMany('split', [input], { axis, splits });
}

function equalParts(call: Call, length: Size): readonly Size[] {
  const count = call.attributes.whole('num_outputs', call.outputCount);
  if (count !== call.outputCount) throw call.broken(`makes ${count} parts for ${call.outputCount} outputs`);
  const exact = exactQuotient(length, count);
  const part = exact ?? ceilDivide(length, count);
  const last = subtract(length, multiply(part, count - 1));
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? last : part));
}

/** Each of both shapes may be the larger one along an axis. */
function expand(call: Call): TypedValue {
  const input = call.value();
  const newShape = broadcast(input.type.shape, call.sizes(1, 'sizes'));
  return call.add('expand', [input], { newShape });
}

/** As many of one number as a shape has elements; of zeros, if no number is given. */
function constantOfShape(call: Call): TypedValue {
  const tensor = call.attributes.tensor('value');
  const constant = tensor && constantOfTensor(tensor, `${call.origin.name}/value`, new Map());
  const filled = constant === undefined ? call.number(0, 'float32') : call.reshaped(call.given(constant), []);
  return call.add('expand', [filled], { newShape: call.sizes(0, 'sizes') });
}

/** The most floats that are counted when the model is read. */
const MAX_COUNTED = 2 ** 20;

function range(call: Call): TypedValue {
  const numbers = [0, 1, 2].map((index) => call.scalar(index));
  const [from, to, by] = numbers;
  const dataType = call.knownSizes(0)?.dataType ?? call.type().dataType;
  if (isFloat(dataType)) {
    if (from === undefined || to === undefined || by === undefined) throw cannotExpress('counts floats from values');
    const count = Math.max(0, Math.ceil((to - from) / by));
    if (!(count <= MAX_COUNTED)) throw call.broken(`counts from ${from} to ${to} by ${by}`);
    return call.numbers(
      dataType,
      Array.from({ length: count }, (_, index) => from + index * by),
    );
  }
  if (dataType !== 'int32' && dataType !== 'int64') throw cannotExpress(`counts numbers of ${dataType}`);
  const [[start], [limit], [step]] = [call.sizes(0, 'bounds'), call.sizes(1, 'bounds'), call.wholes(2, 'steps')];
  if (start === undefined || limit === undefined || !step) throw call.broken('counts by no number');
  const count = step > 0 ? ceilDivide(subtract(limit, start), step) : ceilDivide(subtract(start, limit), -step);
  return call.add('range', [], { start, count: !isOpen(count) && count < 0 ? 0 : count, step, dataType });
}

/** Ones on a diagonal. */
function eyeLike(call: Call): TypedValue {
  const { dataType, shape } = call.type();
  const [rows, columns] = shape;
  if (rows === undefined || columns === undefined || shape.length !== 2)
    throw call.broken(`takes 2 dimensions, but got ${shapeText(shape)}`);
  const counted = (start: number, count: Size, newShape: Shape) =>
    call.reshaped(call.step('range', [], { start, count, step: 1, dataType: 'int32' }), newShape);
  const isOn = call.apply('equal', counted(call.attributes.whole('k', 0), rows, [rows, 1]), counted(0, columns, [1, columns]));
  return call.cast(isOn, call.attributes.has('dtype') ? call.dataType('dtype') : dataType);
}

const TO_NHWC = [0, 2, 3, 1];
const TO_NCHW = [0, 3, 1, 2];

/** Pictures have their channels in front here. */
function blocks(call: Call): TypedValue {
  const picture = call.transposed(call.ofRank(4), TO_NHWC);
  const blockSize = call.attributes.whole('blocksize');
  if (call.op === 'SpaceToDepth') return call.transposed(call.step('spaceToDepth', [picture], { blockSize }), TO_NCHW);
  const order = call.attributes.text('mode', 'DCR') === 'CRD' ? 'channelsFirst' : 'blocksFirst';
  return call.transposed(call.step('depthToSpace', [picture], { blockSize, order }), TO_NCHW);
}

/** The training op gives its input when the model predicts, and says that nothing was dropped. */
function dropout(call: Call): readonly ReadTensor[] {
  const isTraining = call.has(2) ? call.constant(2)?.data[0] : 0;
  if (isTraining !== 0 && call.scalar(1) !== 0) throw cannotExpress('is in training');
  const input = call.value();
  if (!call.wants(1)) return [input];
  const mask = call.step('expand', [call.number(1, call.opset < 10 ? input.type.dataType : 'bool')], { newShape: input.type.shape });
  return [input, mask];
}

/** The first elements of each sequence backwards; the rest stays in its place. */
function reverseSequence(call: Call): TypedValue {
  const [input, lengths] = [call.value(0), call.cast(call.value(1), 'int32')];
  const { shape } = input.type;
  const [time, batch] = [call.axisAt(shape.length, 0, 'time_axis'), call.axisAt(shape.length, 1, 'batch_axis')];
  const along = (axis: number) => shape.map((size, place) => (place === axis ? size : 1));
  const steps = call.step('range', [], { start: 0, count: shape[time] as Size, step: 1, dataType: 'int32' });
  const [places, ends] = [call.reshaped(steps, along(time)), call.reshaped(lengths, along(batch))];
  const mirrored = call.apply('sub', call.apply('sub', ends, call.number(1, 'int32')), places);
  const from = call.apply('where', call.apply('lesser', places, ends), mirrored, places);
  return call.add('gatherElements', [input, call.step('expand', [from], { newShape: shape })], { axis: time });
}

export const MOVEMENT_IMPORTERS: Importers = {
  Identity: (call) => call.value(),
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Transpose: transpose,
  Concat: (call) => call.add('concat', call.values(), { axis: call.axisAt(call.type().shape.length, 1) }),
  Slice: (call) => taken(call, call.value(), rangesOf(call, call.type().shape)),
  Split: split,
  Expand: expand,
  Tile: (call) => call.add('tile', [call.value()], { repetitions: call.sizes(1, 'repetitions') }),
  Pad: pad,
  CenterCropPad: centerCropPad,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  SpaceToDepth: blocks,
  DepthToSpace: blocks,
  Dropout: dropout,
  ReverseSequence: reverseSequence,
  Trilu: (call) =>
    call.add('triangular', [call.value()], {
      upper: call.attributes.flag('upper', true),
      diagonal: call.has(1) ? call.whole(1, 'a diagonal') : 0,
    }),
};

/** Reads ops that take and put elements by their indices, and ops whose output's size depends on values. */
import type { TypedValue } from '../../../graph/graph.js';
import { isOpen, type Size } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call, Importers } from './call.js';

/**
 * Indices of which those below 0 count from the end. Constants are turned here; the graph turns those that it computes.
 * @param along the size of the axis that each index is of, or one for each column of the last axis
 */
function fromFront(call: Call, index: number, along: Size | readonly Size[]): TypedValue {
  const indices = call.value(index);
  const constant = call.constant(index);
  const isList = Array.isArray(along);
  const lengths = (isList ? along : [along]) as readonly Size[];
  if (constant?.data.every((each) => each >= 0)) return indices;
  const { dataType } = indices.type;
  if (constant !== undefined && !lengths.some(isOpen)) {
    const lengthAt = (place: number) => lengths[place % lengths.length] as number;
    const turned = Array.from(constant.data, (each, place) => (each < 0 ? each + lengthAt(place) : each));
    return call.numbers(dataType, turned, constant.shape);
  }
  const sizes = call.step('sizes', [], { values: lengths, dataType });
  const length = isList ? sizes : call.reshaped(sizes, []);
  return call.apply('where', call.apply('lesser', indices, call.number(0, dataType)), call.apply('add', indices, length), indices);
}

function gather(call: Call): TypedValue {
  const { shape } = call.type();
  const axis = call.axisAt(shape.length, 0);
  return call.add('gather', [call.value(), fromFront(call, 1, shape[axis] as Size)], { axis, batchDimensions: 0 });
}

function gatherElements(call: Call): TypedValue {
  const { shape } = call.type();
  const axis = call.axisAt(shape.length, 0);
  return call.add('gatherElements', [call.value(), fromFront(call, 1, shape[axis] as Size)], { axis });
}

/** The sizes of the axes that rows of indices name. */
function rowAxes(call: Call, batchDimensions: number): readonly Size[] {
  const depth = call.type(1).shape.at(-1);
  if (depth === undefined || isOpen(depth)) throw cannotExpress('takes rows of indices whose length is not known');
  return call.type().shape.slice(batchDimensions, batchDimensions + depth);
}

function gatherND(call: Call): TypedValue {
  const batchDimensions = call.attributes.whole('batch_dims', 0);
  const indices = fromFront(call, 1, rowAxes(call, batchDimensions));
  return call.add('gatherND', [call.value(), indices], { batchDimensions });
}

function reductionOf(call: Call): 'none' | 'add' | 'mul' | 'max' | 'min' {
  const reduction = call.attributes.text('reduction', 'none');
  if (!['none', 'add', 'mul', 'max', 'min'].includes(reduction)) throw call.broken(`has the reduction "${reduction}"`);
  return reduction as 'none' | 'add' | 'mul' | 'max' | 'min';
}

function scatterND(call: Call): TypedValue {
  const indices = fromFront(call, 1, rowAxes(call, 0));
  return call.add('scatterND', [call.value(), indices, call.value(2)], { reduction: reductionOf(call) });
}

function scatterElements(call: Call): TypedValue {
  const { shape } = call.type();
  const axis = call.axisAt(shape.length, 0);
  const indices = fromFront(call, 1, shape[axis] as Size);
  return call.add('scatterElements', [call.value(), indices, call.value(2)], { axis, reduction: reductionOf(call) });
}

/** Indices may be floats. The two numbers stand in one tensor, that of most places first. */
function oneHot(call: Call): TypedValue {
  const [depth] = call.sizes(1, 'a depth');
  if (depth === undefined) throw call.broken('lacks a depth');
  const axis = call.axisAt(call.type().shape.length + 1, -1);
  const indices = call.cast(call.value(), 'int32');
  const length = call.reshaped(call.step('sizes', [], { values: [depth], dataType: 'int32' }), []);
  const isBelow = call.apply('lesser', indices, call.number(0, 'int32'));
  const turned = call.apply('where', isBelow, call.apply('add', indices, length), indices);
  const [off, on] = call.steps('split', [call.value(2)], { axis: 0, splits: [1, 1] }) as [TypedValue, TypedValue];
  return call.add('oneHot', [turned, call.reshaped(on, []), call.reshaped(off, [])], { axis, depth });
}

/** The number of elements is an attribute before opset 10. */
function topK(call: Call): readonly TypedValue[] {
  const input = call.value();
  const [k] = call.has(1) ? call.sizes(1, 'a number of elements') : [call.attributes.whole('k')];
  if (k === undefined) throw call.broken('takes no number of elements');
  const attributes = { axis: call.axisAt(input.type.shape.length, -1), k, largest: call.attributes.flag('largest', true) };
  const [values, places] = call.addMany('topK', [input], attributes) as [TypedValue, TypedValue];
  return [values, call.cast(places, 'int64')];
}

/** Places are columns in ONNX. */
function nonzero(call: Call): TypedValue {
  const rows = call.step('nonzero', [call.value()], { countName: call.openName('found') });
  return call.cast(call.transposed(rows, [1, 0]), 'int64');
}

/** The elements along an axis where a list says so; without an axis, of all elements. */
function compress(call: Call): TypedValue {
  const input = call.value();
  const rank = input.type.shape.length;
  const isFlat = !call.attributes.has('axis');
  const axis = isFlat ? 0 : call.axisAt(rank, 0);
  const size = input.type.shape.reduce<number>((all, each) => (isOpen(each) ? Number.NaN : all * each), 1);
  if (isFlat && Number.isNaN(size)) throw cannotExpress('takes elements of a shape that is not known');
  const line = isFlat ? call.reshaped(input, [size]) : input;
  const places = call.step('nonzero', [call.value(1)], { countName: call.openName('found') });
  const [count] = places.type.shape;
  return call.add('gather', [line, call.reshaped(places, [count as Size])], { axis, batchDimensions: 0 });
}

/** More boxes of one picture and class than these are not chosen in the graph: each has nodes of its own. */
const MAX_PARTS = 200;

/** Chooses boxes in each picture for each class: rows of picture, class and box. */
function nonMaxSuppression(call: Call): TypedValue {
  const [boxes, scores] = [call.ofRank(3, 0), call.ofRank(3, 1)];
  const [pictures, classes] = scores.type.shape as readonly [Size, Size];
  if (isOpen(pictures) || isOpen(classes)) throw cannotExpress('takes an unknown number of pictures or classes');
  if (pictures * classes > MAX_PARTS) throw cannotExpress(`chooses boxes ${pictures * classes} times; the limit is ${MAX_PARTS}`);
  const [maxOutputSize = 0] = call.has(2) ? call.sizes(2, 'a number of boxes') : [];
  const attributes = {
    maxOutputSize,
    iouThreshold: threshold(call, 3, 0),
    scoreThreshold: threshold(call, 4, Number.NEGATIVE_INFINITY),
    softSigma: 0,
  };
  const corners = call.attributes.flag('center_point_box') ? cornersOf(call, boxes) : boxes;
  const parts: TypedValue[] = [];
  for (let picture = 0; picture < pictures; picture++)
    for (let each = 0; each < classes; each++) {
      const own = partOf(call, corners, [picture]);
      const chosen = call.steps('nonMaxSuppression', [own, partOf(call, scores, [picture, each])], {
        ...attributes,
        countName: call.openName('boxes'),
      })[0] as TypedValue;
      const count = chosen.type.shape[0] as Size;
      const place = call.step('expand', [call.numbers('int64', [picture, each], [1, 2])], { newShape: [count, 2] });
      parts.push(call.step('concat', [place, call.reshaped(call.cast(chosen, 'int64'), [count, 1])], { axis: 1 }));
    }
  if (parts.length === 0) return call.numbers('int64', [], [0, 3]);
  return call.add('concat', parts, { axis: 0 });
}

function threshold(call: Call, index: number, absent: number): number {
  if (!call.has(index)) return absent;
  const number = call.scalar(index);
  if (number === undefined) throw cannotExpress('takes a threshold that is computed while the model runs');
  return number;
}

/** The part at some indices of the first axes. */
function partOf(call: Call, value: TypedValue, indices: readonly number[]): TypedValue {
  const { shape } = value.type;
  const part = call.step('slice', [value], {
    starts: shape.map((_, axis) => indices[axis] ?? 0),
    sizes: shape.map((size, axis) => (axis < indices.length ? 1 : size)),
    strides: shape.map(() => 1),
  });
  return call.reshaped(part, shape.slice(indices.length));
}

/** Boxes [middle x, middle y, width, height] as corners [y1, x1, y2, x2]. */
function cornersOf(call: Call, boxes: TypedValue): TypedValue {
  const axis = 2;
  const [x, y, width, height] = call.steps('split', [boxes], { axis, splits: [1, 1, 1, 1] }) as [
    TypedValue,
    TypedValue,
    TypedValue,
    TypedValue,
  ];
  const half = (size: TypedValue) => call.apply('mul', size, call.number(0.5, 'float32'));
  const side = (op: 'add' | 'sub', middle: TypedValue, size: TypedValue) => call.apply(op, middle, half(size));
  return call.step('concat', [side('sub', y, height), side('sub', x, width), side('add', y, height), side('add', x, width)], { axis });
}

export const INDEXING_IMPORTERS: Importers = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterND: scatterND,
  ScatterElements: scatterElements,
  Scatter: scatterElements,
  OneHot: oneHot,
  TopK: topK,
  NonZero: nonzero,
  Compress: compress,
  NonMaxSuppression: nonMaxSuppression,
};

/** Writes ops that take elements by their indices. */
import { multiply, product, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import type { Call, NodeWriter } from './call.js';
import { selected } from './elementwise.js';
import type { WrittenTensor } from './graph-def.js';
import { counted, moved, openStrides, placesOfElements, placesOfRows } from './places.js';
import { flattened, reshaped, transposed } from './shape.js';

const taken = (call: NodeWriter, input: WrittenTensor, indices: WrittenTensor, axis: number): WrittenTensor =>
  call.add('GatherV2', [input, indices, call.parameter(axis)]);

export function gather(call: Call<'gather'>): WrittenTensor {
  const { axis, batchDimensions: first } = call.attributes;
  if (first === 0) return taken(call, call.input(0), call.input(1), axis);
  const { shape } = call.type(0);
  const { shape: indices } = call.type(1);
  if (axis === first) return takenInStep(call, call.input(0), shape, call.input(1), indices, first);
  // The axis comes right behind the batch, and the axes between both come behind the indices.
  const axes = [...shape.keys()];
  const order = [...axes.slice(0, first), axis, ...axes.slice(first, axis), ...axes.slice(axis + 1)];
  const input = transposed(call, call.input(0), order);
  const made = takenInStep(
    call,
    input,
    order.map((each) => shape[each] as Size),
    call.input(1),
    indices,
    first,
  );
  const [between, behind] = [indices.length, indices.length + axis - first];
  const places = [...call.outputType().shape.keys()];
  return transposed(call, made, [
    ...places.slice(0, first),
    ...places.slice(between, behind),
    ...places.slice(first, between),
    ...places.slice(behind),
  ]);
}

/**
 * Slices along the axis `first`, with the axes in front of it in step: those and the axis become one axis. On wasm, GatherV2 takes wrong
 * indices if it has batch dimensions itself (TF.js 4.22).
 */
function takenInStep(call: NodeWriter, input: WrittenTensor, shape: Shape, indices: WrittenTensor, own: Shape, first: number) {
  const [batch, length] = [shape.slice(0, first), shape[first] as Size];
  const rows = reshaped(call, input, [multiply(product(batch), length), ...shape.slice(first + 1)]);
  const strides = own.map((_, axis) => (axis < first ? multiply(openStrides(batch)[axis] as Size, length) : 0));
  return taken(call, rows, moved(call, indices, own, strides), 0);
}

/** TF.js has no such op: the elements are taken out of one row of all. */
export function gatherElements(call: Call<'gatherElements'>): WrittenTensor {
  const places = placesOfElements(call, call.input(1), call.attributes.axis, call.type(0).shape, call.type(1).shape);
  return taken(call, flattened(call, call.input(0)), places, 0);
}

/** The most indices of a row that TF.js's GatherNd, ScatterNd and TensorScatterUpdate take on webgpu (4.22). */
export const MAX_ROW = 4;

export function gatherND(call: Call<'gatherND'>): WrittenTensor {
  const { batchDimensions: first } = call.attributes;
  const { shape } = call.type(0);
  const { shape: indices } = call.type(1);
  const depth = indices.at(-1) as number;
  if (depth === 0) throw call.refused('takes slices by rows of no indices');
  if (first === 0 && depth <= MAX_ROW) return call.add('GatherNd', call.inputs);
  const part = shape.slice(first, first + depth);
  const joined = [...shape.slice(0, first), product(part), ...shape.slice(first + depth)];
  const places = placesOfRows(call, call.input(1), part, indices.length);
  return takenInStep(call, reshaped(call, call.input(0), joined), joined, places, indices.slice(0, -1), first);
}

/**
 * Compares indices with the places along the new axis. TF.js's OneHot (4.22) has the new axis last, takes a depth of 2 at least, gives
 * float32 on cpu whatever is asked for, and writes 4 bytes for each boolean on wasm.
 */
export function oneHot(call: Call<'oneHot'>): WrittenTensor {
  const { axis, depth } = call.attributes;
  const { dataType, shape } = call.outputType();
  const indices = call.add('ExpandDims', [call.input(0), call.parameter(axis)]);
  const isHot = call.add('Equal', [indices, counted(call, depth, shape.length, axis)]);
  const value = (index: number) => ({ tensor: call.input(index), shape: [] });
  return selected(call, dataType, { tensor: isHot, shape }, value(1), value(2), shape);
}

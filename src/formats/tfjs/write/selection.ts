/** Writes ops that choose elements, boxes and parts of pictures. */
import { isFloat } from '../../../graph/element-type.js';
import { isOpen, isSameSize, type Size } from '../../../graph/size.js';
import type { TensorType } from '../../../graph/tensor.js';
import { attr } from './attributes.js';
import type { Call } from './call.js';
import { clamped } from './elementwise.js';
import type { WrittenTensor } from './graph-def.js';
import { pairs } from './pad.js';
import { placesOfElements } from './places.js';
import { MAX_FLOAT32, swapped } from './reduction.js';
import { flattened, transposed } from './shape.js';

/**
 * TF.js finds the greatest elements along the last axis: the least ones are the greatest of the negated ones. On cpu, it compares by
 * differences, which are NaN between infinities (4.22): they are taken for the greatest float32 there, and floats are gathered.
 */
export function topK(call: Call<'topK'>): readonly WrittenTensor[] {
  const { axis, k, largest } = call.attributes;
  const { dataType, shape } = call.type();
  const permutation = swapped(shape.length, axis, shape.length - 1);
  const moved = (tensor: WrittenTensor) => (axis === shape.length - 1 ? tensor : transposed(call, tensor, permutation));
  const found = (keys: WrittenTensor) =>
    call.addMany('TopKV2', [keys, call.size(k)], { sorted: attr.flag(true) }, 2) as readonly [WrittenTensor, WrittenTensor];
  const input = moved(call.input());
  if (isFloat(dataType)) {
    const finite = clamped(call, input, dataType, -MAX_FLOAT32, MAX_FLOAT32);
    const [, places] = found(largest ? finite : call.add('Neg', [finite]));
    const order = (type: TensorType) => permutation.map((from) => type.shape[from] as Size);
    const inRow = placesOfElements(call, places, shape.length - 1, order(call.type()), order(call.outputType()));
    const values = call.add('GatherV2', [flattened(call, input), inRow, call.parameter(0)]);
    return [moved(values), moved(places)];
  }
  // -1 - x is a whole number of 32 bits for each x.
  const turned = (tensor: WrittenTensor) => (largest ? tensor : call.add('Sub', [call.number(-1, 'int32'), tensor]));
  const [values, places] = found(turned(input));
  return [moved(turned(values)), moved(places)];
}

/** The executor casts to booleans, which keeps the lowest 8 bits on wasm (TF.js 4.22). */
export function nonzero(call: Call<'nonzero'>): WrittenTensor {
  const isBool = call.type().dataType === 'bool';
  return call.add('Where', [isBool ? call.input() : call.add('NotEqual', [call.input(), call.number(0)])]);
}

/**
 * TF.js computes overlaps in float64, and leaves out boxes that overlap by the threshold itself (4.22), which TensorFlow keeps: so the
 * threshold is the next float32. With a sigma, TF.js leaves boxes out beyond the threshold all the same, which is 1 then: it loses a box
 * that equals a chosen one.
 */
export function nonMaxSuppression(call: Call<'nonMaxSuppression'>): readonly WrittenTensor[] {
  const { maxOutputSize, iouThreshold, scoreThreshold, softSigma } = call.attributes;
  if (iouThreshold < 0) throw call.refused(`leaves out boxes that overlap by more than ${iouThreshold}; TF.js takes 0 to 1`);
  if (softSigma < 0 || softSigma > 1) throw call.refused(`has the sigma ${softSigma}; TF.js takes 0 to 1`);
  const isSoft = softSigma > 0;
  // No boxes overlap by more than 1. Empty boxes overlap none.
  const boxes = iouThreshold >= 1 && !isSoft ? call.add('ZerosLike', [call.input(0)]) : call.input(0);
  const threshold = isSoft ? 1 : Math.min(nextFloat32(iouThreshold), 1);
  const parameters = [threshold, scoreThreshold, softSigma].map((value) => call.parameter(value, 'float32'));
  return call.addMany('NonMaxSuppressionV5', [boxes, call.input(1), call.size(maxOutputSize), ...parameters], {}, 2);
}

/** The least float32 above a number that is not below 0. */
function nextFloat32(value: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer);
  bits[0] = (bits[0] as number) + 1;
  return new Float32Array(bits.buffer)[0] as number;
}

export function cropAndResize(call: Call<'cropAndResize'>): WrittenTensor {
  const { cropSize, mode, extrapolationValue } = call.attributes;
  if (!Number.isFinite(extrapolationValue)) throw call.refused(`fills with ${extrapolationValue}, which JSON does not hold`);
  const [[batch], [count]] = [call.type(0).shape, call.type(1).shape] as unknown as [readonly [Size], readonly [Size]];
  const cropped = (boxes: WrittenTensor, indices: WrittenTensor) =>
    call.add('CropAndResize', [call.input(0), boxes, indices, call.sizes(cropSize)], {
      method: attr.text(mode === 'linear' ? 'bilinear' : 'nearest'),
      extrapolation_value: attr.number(extrapolationValue),
    });
  if (batch === 1 || isSameSize(batch, count) || (!isOpen(batch) && !isOpen(count) && batch <= count))
    return cropped(call.input(1), call.input(2));
  // On webgpu, the index of a picture must be below the number of boxes (TF.js 4.22): as many boxes as pictures are added.
  const boxes = call.add('PadV2', [call.input(1), pairs(call, [0, batch, 0, 0]), call.parameter(0, 'float32')]);
  const indices = call.add('PadV2', [call.input(2), pairs(call, [0, batch]), call.parameter(0)]);
  return call.add('Slice', [cropped(boxes, indices), call.parameters([0, 0, 0, 0]), call.sizes(call.outputType().shape)]);
}

/** Writes pictures of another size. */
import { isFloat } from '../../../graph/element-type.js';
import { nearestOf } from '../../../graph/resample.js';
import type { Size } from '../../../graph/size.js';
import { isClosed } from '../../../graph/tensor.js';
import { attr } from './attributes.js';
import type { Call } from './call.js';
import type { WrittenTensor } from './graph-def.js';

/** The rounding that TF.js's ResizeNearestNeighbor has for each way to count places. */
const ROUNDING = { halfPixel: 'halfUp', asymmetric: 'floor', alignCorners: 'halfUp' } as const;

export function resample2d(call: Call<'resample2d'>): WrittenTensor {
  const { mode, coordinates, rounding, sizes } = call.attributes;
  if (mode === 'linear') {
    // TF.js weighs whole numbers in float32, which holds them up to 2^24.
    if (!isFloat(call.type().dataType)) throw call.refused('weighs whole numbers in float32');
    return resized(call, 'ResizeBilinear');
  }
  const [, height, width] = call.type().shape as unknown as [Size, Size, Size];
  const lengths = [height, width, ...sizes];
  const hasKernel = isFloat(call.type().dataType) && rounding === ROUNDING[coordinates];
  if (!isClosed(lengths)) {
    if (!hasKernel) throw call.refused(`takes the nearest element by ${coordinates} and ${rounding} in a picture of open size`);
    return resized(call, 'ResizeNearestNeighbor');
  }
  const axes = [0, 1].map((axis) => [lengths[axis], lengths[axis + 2]] as [number, number]);
  if (hasKernel && axes.every(([length, made]) => isExact(length, made, coordinates))) return resized(call, 'ResizeNearestNeighbor');
  return axes.reduce((tensor, [length, made], axis) => {
    const places = Array.from({ length: made }, (_, place) => nearestOf(place, length, made, coordinates, rounding ?? 'floor'));
    if (length === made && places.every((from, place) => from === place)) return tensor;
    return call.add('GatherV2', [tensor, call.parameters(places), call.parameter(axis + 1)]);
  }, call.input());
}

const resized = (call: Call<'resample2d'>, op: string): WrittenTensor =>
  call.add(op, [call.input(), call.sizes(call.attributes.sizes)], {
    align_corners: attr.flag(call.attributes.coordinates === 'alignCorners'),
    half_pixel_centers: attr.flag(call.attributes.coordinates === 'halfPixel'),
  });

/** Whether TF.js computes places without rounding: it multiplies with the quotient of the sizes, in float32 on wasm and webgpu. */
function isExact(length: number, made: number, coordinates: keyof typeof ROUNDING): boolean {
  const [from, to] = coordinates === 'alignCorners' && made > 1 ? [length - 1, made - 1] : [length, made];
  return Math.fround(from / to) * to === from;
}

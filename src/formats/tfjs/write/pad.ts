/** Writes pads: constant ones, mirrored ones, and those that repeat the edge. */
import { isOpen, type Size, sum } from '../../../graph/size.js';
import { attr, dtypeOf } from './attributes.js';
import type { Call, NodeWriter } from './call.js';
import type { WrittenTensor } from './graph-def.js';
import { alongMiddle, MAX_WEBGPU_RANK, type Shaped } from './shape.js';

/** Pads with one number. @param paddings before and behind each axis */
export const padded = (call: NodeWriter, tensor: WrittenTensor, paddings: readonly Size[], value: number): WrittenTensor => {
  const dtype = dtypeOf(call.type().dataType);
  return call.add('PadV2', [tensor, pairs(call, paddings), call.parameter(value, dtype)]);
};

/** Pads one axis after another, since some kernels do not take so many axes on webgpu. */
function oneByOne(call: Call<'pad'>, write: (tensor: WrittenTensor, paddings: readonly Size[]) => WrittenTensor): WrittenTensor {
  const { beginning, ending } = call.attributes;
  return beginning.reduce<Shaped>(
    (given, before, axis) => {
      const behind = ending[axis] as Size;
      if (before === 0 && behind === 0) return given;
      const length = sum([before, given.shape[axis] as Size, behind]);
      return alongMiddle(call, given, axis, length, (tensor) => write(tensor, [0, 0, before, behind, 0, 0]));
    },
    { tensor: call.input(), shape: call.type().shape },
  ).tensor;
}

/** Sizes in pairs, one for each axis. */
export function pairs(call: NodeWriter, sizes: readonly Size[]): WrittenTensor {
  const shape = [sizes.length / 2, 2];
  if (!sizes.some(isOpen)) return call.parameters(sizes as readonly number[], shape);
  return call.add('Reshape', [call.sizes(sizes), call.parameters(shape)]);
}

export function pad(call: Call<'pad'>): WrittenTensor {
  const { beginning, ending, mode, value } = call.attributes;
  if ([...beginning, ...ending].every((size) => size === 0)) return call.input();
  const paddings = beginning.flatMap((before, axis) => [before, ending[axis] as Size]);
  if (mode === 'edge') return withEdges(call, beginning, ending);
  const write = (tensor: WrittenTensor, wanted: readonly Size[]) =>
    mode === 'constant'
      ? padded(call, tensor, wanted, value)
      : call.add('MirrorPad', [tensor, pairs(call, wanted)], { mode: attr.text(mode === 'reflection' ? 'REFLECT' : 'SYMMETRIC') });
  return beginning.length > MAX_WEBGPU_RANK ? oneByOne(call, write) : write(call.input(), paddings);
}

/** Takes the first and the last element of an axis again for each that is added. */
function withEdges(call: NodeWriter, beginning: readonly Size[], ending: readonly Size[]): WrittenTensor {
  return beginning.reduce((tensor, before, axis) => {
    const [length, behind] = [call.type().shape[axis] as Size, ending[axis] as Size];
    if (before === 0 && behind === 0) return tensor;
    if (isOpen(length) || isOpen(before) || isOpen(behind)) throw call.refused('repeats the edge of an axis whose size is open');
    const places = Array.from({ length: before + length + behind }, (_, place) => Math.min(Math.max(place - before, 0), length - 1));
    return call.add('GatherV2', [tensor, call.parameters(places), call.parameter(axis)]);
  }, call.input());
}

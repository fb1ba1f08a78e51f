/** Writes pads: constant ones, mirrored ones, and those that repeat the edge. */
import { isOpen, type Size } from '../../graph/size.js';
import { attr, dtypeOf } from './write-attributes.js';
import type { Call, NodeWriter } from './write-call.js';
import type { WrittenTensor } from './write-graph-def.js';

/** Pads with one number. @param paddings before and behind each axis */
export const padded = (call: NodeWriter, tensor: WrittenTensor, paddings: readonly Size[], value: number): WrittenTensor => {
  const dtype = dtypeOf(call.type().dataType);
  return call.add('PadV2', [tensor, pairs(call, paddings), call.parameter(value, dtype)]);
};

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
  if (mode === 'constant') return padded(call, call.input(), paddings, value);
  if (mode === 'edge') return withEdges(call, beginning, ending);
  return call.add('MirrorPad', [call.input(), pairs(call, paddings)], {
    mode: attr.text(mode === 'reflection' ? 'REFLECT' : 'SYMMETRIC'),
  });
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

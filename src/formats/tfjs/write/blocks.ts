/** Writes ops that bring blocks of a picture into its batch and back. */
import { floorDivide, multiply, product, type Size, subtract, sum } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import type { Call, NodeWriter } from './call.js';
import type { WrittenTensor } from './graph-def.js';
import { pairs } from './pad.js';
import { MAX_WEBGPU_RANK, reshaped, type Shaped } from './shape.js';

const blocks = (call: NodeWriter, op: string, tensor: WrittenTensor, sizes: readonly number[], ends: readonly Size[]): WrittenTensor =>
  call.add(op, [tensor, call.parameters(sizes), pairs(call, ends)]);

/** Brings blocks of one axis into the batch, or back. The tensor has four axes meanwhile. @param made the shape afterwards */
function alongAxis(
  call: NodeWriter,
  op: string,
  { tensor, shape }: Shaped,
  axis: number,
  block: number,
  ends: readonly Size[],
  made: Shape,
): Shaped {
  const joined = [shape[0] as Size, product(shape.slice(1, axis)), shape[axis] as Size, product(shape.slice(axis + 1))];
  const written = blocks(call, op, reshaped(call, tensor, joined), [1, block], [0, 0, ...ends]);
  return { tensor: reshaped(call, written, made), shape: made };
}

export function spaceToBatch(call: Call<'spaceToBatch'>): WrittenTensor {
  const { blockSizes, paddings } = call.attributes;
  const input = { tensor: call.input(), shape: call.type().shape };
  if (input.shape.length <= MAX_WEBGPU_RANK) return blocks(call, 'SpaceToBatchND', input.tensor, blockSizes, paddings);
  // The block of the first axis counts most in the batch: the last axis comes first.
  return blockSizes.reduceRight<Shaped>((given, block, index) => {
    const ends = paddings.slice(2 * index, 2 * index + 2);
    const length = floorDivide(sum([...ends, given.shape[index + 1] as Size]), block);
    const made = given.shape.with(0, multiply(given.shape[0] as Size, block)).with(index + 1, length);
    return alongAxis(call, 'SpaceToBatchND', given, index + 1, block, ends, made);
  }, input).tensor;
}

export function batchToSpace(call: Call<'batchToSpace'>): WrittenTensor {
  const { blockSizes, crops } = call.attributes;
  const input = { tensor: call.input(), shape: call.type().shape };
  if (input.shape.length <= MAX_WEBGPU_RANK) return blocks(call, 'BatchToSpaceND', input.tensor, blockSizes, crops);
  return blockSizes.reduce<Shaped>((given, block, index) => {
    const ends = crops.slice(2 * index, 2 * index + 2);
    const length = subtract(multiply(given.shape[index + 1] as Size, block), sum(ends));
    const made = given.shape.with(0, floorDivide(given.shape[0] as Size, block)).with(index + 1, length);
    return alongAxis(call, 'BatchToSpaceND', given, index + 1, block, ends, made);
  }, input).tensor;
}

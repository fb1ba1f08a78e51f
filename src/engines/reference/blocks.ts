/** The reference of the ops that move blocks of pictures into channels or into the batch, and back. */

import { stridesOf } from '../../base/strided.js';
import type { Tensor } from '../../graph/tensor.js';
import { padWith } from './pad.js';
import { pick, places } from './places.js';

type Four = readonly [number, number, number, number];

/** Blocks of a picture become channels: a block's rows come first, then its columns, then its channels. */
export function spaceToDepth(input: Tensor, block: number): Tensor {
  const [batch, height, width, channels] = input.shape as Four;
  const [ofBatch, ofRow, ofColumn] = stridesOf(input.shape) as unknown as Four;
  return pick(input, [
    places(batch, (index) => index * ofBatch),
    places(height / block, (row) => row * block * ofRow),
    places(width / block, (column) => column * block * ofColumn),
    places(channels * block ** 2, (index) => {
      const place = Math.floor(index / channels);
      return Math.floor(place / block) * ofRow + (place % block) * ofColumn + (index % channels);
    }),
  ]);
}

/** Channels become blocks of a picture. */
export function depthToSpace(input: Tensor, block: number, order: 'blocksFirst' | 'channelsFirst'): Tensor {
  const [batch, height, width, channels] = input.shape as Four;
  const [ofBatch, ofRow, ofColumn] = stridesOf(input.shape) as unknown as Four;
  const made = channels / block ** 2;
  const ofPlace = order === 'blocksFirst' ? made : 1;
  return pick(input, [
    places(batch, (index) => index * ofBatch),
    places(height * block, (row) => Math.floor(row / block) * ofRow + (row % block) * block * ofPlace),
    places(width * block, (column) => Math.floor(column / block) * ofColumn + (column % block) * ofPlace),
    places(made, (channel) => (order === 'blocksFirst' ? channel : channel * block ** 2)),
  ]);
}

/** Pads the axes behind the batch, and makes each place of a block one batch more. The batch itself runs fastest. */
export function spaceToBatch(input: Tensor, blocks: readonly number[], paddings: readonly number[]): Tensor {
  const before = input.shape.map((_, axis) => (axis === 0 ? 0 : (paddings[2 * axis - 2] ?? 0)));
  const behind = input.shape.map((_, axis) => (axis === 0 ? 0 : (paddings[2 * axis - 1] ?? 0)));
  const shape = input.shape.map((size, axis) => (before[axis] as number) + size + (behind[axis] as number));
  const strides = stridesOf(shape);
  const [batch, ...sizes] = shape as [number, ...number[]];
  const placesInBlock = blocks.reduce((product, block) => product * block, 1);
  return pick(padWith(input, before, shape, 0), [
    places(batch * placesInBlock, (index) => {
      let rest = Math.floor(index / batch);
      let offset = (index % batch) * (strides[0] as number);
      for (let axis = blocks.length; axis > 0; axis--) {
        const block = blocks[axis - 1] as number;
        offset += (rest % block) * (strides[axis] as number);
        rest = Math.floor(rest / block);
      }
      return offset;
    }),
    ...sizes.map((size, index) => {
      const block = blocks[index] ?? 1;
      return places(size / block, (place) => place * block * (strides[index + 1] as number));
    }),
  ]);
}

/** Undoes {@link spaceToBatch}, and cuts the axes. @param shape of the result */
export function batchToSpace(input: Tensor, blocks: readonly number[], crops: readonly number[], shape: readonly number[]): Tensor {
  const strides = stridesOf(input.shape);
  const [batch, ...sizes] = shape as [number, ...number[]];
  const from = sizes.map((size, index) => {
    const block = blocks[index] ?? 1;
    const inner = blocks.slice(index + 1).reduce((product, each) => product * each, 1);
    const ofBlock = inner * batch * (strides[0] as number);
    return places(size, (place) => {
      const uncut = place + (crops[2 * index] ?? 0);
      return Math.floor(uncut / block) * (strides[index + 1] as number) + (uncut % block) * ofBlock;
    });
  });
  return pick(input, [places(batch, (index) => index * (strides[0] as number)), ...from]);
}

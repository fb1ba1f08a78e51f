/** Pictures for a quantised input: pixels become numbers of 8 bits. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ImageOptions, pack } from '../../src/pack/index.js';
import { number } from '../fixtures/flatbuffer.js';
import { scratch } from '../fixtures/models.js';
import { type TfliteFixtureTensor, tfliteModel } from '../fixtures/tflite.js';
import { pictureMetadata } from '../fixtures/tflite-metadata.js';

const folder = scratch();

/** The scale and the offset of pixels that a packed model has for an input that is quantised to [-1, 1]. */
async function factors(type: 'int8' | 'uint8', image?: ImageOptions, metadata: Readonly<Record<string, Uint8Array>> = {}) {
  const zeroPoint = type === 'int8' ? 0 : 128;
  const quantized = (shape: readonly number[]): TfliteFixtureTensor => ({ type, shape, scales: [1 / 128], zeroPoints: [zeroPoint] });
  const weights: TfliteFixtureTensor = {
    type: 'int8',
    shape: [2, 1, 1, 3],
    scales: [1 / 64],
    zeroPoints: [0],
    values: [9, -40, 30, 60, 5, -7],
  };
  const convolution = {
    ...{ op: 'CONV_2D', inputs: ['x', 'weights'], outputs: ['y'] },
    options: [number('int8', 1), number('int32', 1), number('int32', 1), number('int8', 0)],
  };
  const tensors = { x: quantized([1, 8, 8, 3]), weights, y: quantized([1, 8, 8, 2]) };
  const file = tfliteModel([{ tensors, inputs: ['x'], outputs: ['y'], operators: [convolution] }], [], metadata);
  writeFileSync(join(folder, 'picture.tflite'), file);
  const { manifest, warnings } = await pack({
    model: join(folder, 'picture.tflite'),
    out: join(folder, 'out'),
    ...(image && { inputs: { x: { image } } }),
  });
  expect(warnings).toEqual([]);
  const { scale, offset } = manifest.signature.inputs['x']?.image ?? {};
  return [scale?.[0], offset?.[0]];
}

it('are all numbers of 8 bits where nothing says the floats', async () => {
  expect(await factors('int8')).toEqual([1, -128]);
  expect(await factors('uint8')).toEqual([1, 0]);
});

// pixel / 255 is 128 / 255 steps of 1 / 128 a pixel, and 2 · pixel / 255 - 1 begins at -128.
it('are those of the floats that are said', async () => {
  expect(await factors('int8', { scale: 1 / 255, offset: 0 })).toEqual([128 / 255, 0]);
  expect(await factors('uint8', { scale: 2 / 255, offset: -1 })).toEqual([256 / 255, 0]);
});

// (pixel - 128) / 127 is 128 / 127 steps a pixel.
it("are those of the metadata's normalisation", async () => {
  const metadata = pictureMetadata([128], [127]);
  const scale = (1 / 127) * 128;
  expect(await factors('int8', undefined, metadata)).toEqual([scale, (-128 / 127) * 128]);
  expect(await factors('uint8', undefined, metadata)).toEqual([scale, (-128 / 127) * 128 + 128]);
});

// Some files say mean 0 and deviation 1, though 255 would then be 32,640 steps of 1 / 128.
it('are all numbers of 8 bits where the metadata have no normalisation, or one that cannot be', async () => {
  for (const metadata of [pictureMetadata([], []), pictureMetadata([0], [1])]) {
    expect(await factors('int8', undefined, metadata)).toEqual([1, -128]);
    expect(await factors('uint8', undefined, metadata)).toEqual([1, 0]);
  }
});

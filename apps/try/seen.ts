/** Draws what the model sees of a picture, with the code that makes the engine's tensor. */

import type { Manifest } from '../../src/index.js';
import { imageFeed } from '../../src/preprocess/image.js';
import { pictureTensor } from '../../src/preprocess/pixels.js';

/** A preprocessed picture. */
export interface SeenPicture {
  readonly pixels: ImageData;
  /** The range of the tensor's values. */
  readonly min: number;
  readonly max: number;
}

/**
 * Channels are shown as red, green and blue in the tensor's order, so that a wrong channel order is visible.
 * @param spec an image input
 */
export async function showSeen(name: string, spec: Manifest['signature']['inputs'][string], bitmap: ImageBitmap): Promise<SeenPicture> {
  const { image } = spec;
  if (image === undefined) throw new Error(`Input "${name}" takes no picture.`);
  const { feed } = await imageFeed(name, { ...spec, image }, bitmap);
  const values = pictureTensor(feed);
  const { width, height, channels, layout } = image;
  const count = channels === 'gray' ? 1 : 3;
  const [pixelStep, channelStep] = layout === 'nhwc' ? [count, 1] : [1, width * height];
  const pixels = new ImageData(width, height);
  let [min, max] = [Infinity, -Infinity];
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const channel = count === 1 ? 0 : colour;
      const value = values[pixel * pixelStep + channel * channelStep] as number;
      min = Math.min(min, value);
      max = Math.max(max, value);
      pixels.data[4 * pixel + colour] = (value - (image.offset[channel] as number)) / (image.scale[channel] as number);
    }
    pixels.data[4 * pixel + 3] = 255;
  }
  return { pixels, min, max };
}

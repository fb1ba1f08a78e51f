/** Turns a segmentation mask into a picture that can be drawn. */
import { PannierError } from '../base/errors.js';
import type { Tensor } from '../manifest/signature.js';
import { checkTensor } from './checks.js';

/** The arguments of `new ImageData(data, width, height)`: RGBA bytes with straight alpha. */
export interface MaskImage {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** Options of {@link maskImage}. */
export interface MaskOptions {
  /** Values from here on are opaque, lower ones transparent. @default a value of 0…1 is the opacity itself */
  readonly threshold?: number;
  /** The channel of a mask that has several. @default 0 */
  readonly channel?: number;
  /** Red, green and blue of every pixel, 0…255. @default white */
  readonly color?: readonly [red: number, green: number, blue: number];
}

/**
 * Takes one channel of a mask as the opacity of a plain-coloured picture. The tensor's shape is
 * [height, width] or [height, width, channels], after any leading axes of size 1. NaN is transparent.
 * @throws {PannierError} `input` if the tensor is not one mask or has no such channel
 */
export function maskImage(
  tensor: Tensor,
  { threshold, channel = 0, color: [red, green, blue] = [255, 255, 255] }: MaskOptions = {},
): MaskImage {
  checkTensor('maskImage', tensor);
  const [height, width, channels] = maskShape(tensor.shape);
  if (!Number.isInteger(channel) || channel < 0 || channel >= channels) {
    throw new PannierError(
      'input',
      `maskImage: a mask of ${channels} channels has no channel ${channel}. Give a whole number from 0 to ${channels - 1}.`,
      {
        channel,
        channels,
      },
    );
  }
  const data = new Uint8ClampedArray(4 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const value = tensor.data[pixel * channels + channel] as number;
    data[4 * pixel] = red;
    data[4 * pixel + 1] = green;
    data[4 * pixel + 2] = blue;
    data[4 * pixel + 3] = 255 * (threshold === undefined ? value : Number(value >= threshold));
  }
  return { data, width, height };
}

function maskShape(shape: readonly number[]): [height: number, width: number, channels: number] {
  const extra = shape.findIndex((size, axis) => size !== 1 || shape.length - axis === 2);
  const [height, width, channels = 1, ...more] = shape.slice(extra);
  if (height === undefined || width === undefined || more.length > 0) {
    throw new PannierError(
      'input',
      `maskImage wants a tensor of one mask, [height, width, channels] or [height, width], but got shape [${shape}]. Cut out one mask first.`,
      { shape },
    );
  }
  return [height, width, channels];
}

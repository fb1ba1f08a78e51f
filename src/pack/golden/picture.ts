/** The golden sample's picture: a small PNG as RGB bytes. */
import { fileURLToPath } from 'node:url';
import { LIMITS } from '../../formats/limits.js';
import { readOptionFile } from '../files/option-file.js';
import { decodePng, pngSize } from '../files/photograph.js';
import { badOption } from '../options.js';

/** Largest width and height of the golden sample's picture. */
const LARGEST = 96;

/** 8-bit RGB, row by row. */
export interface GoldenPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/**
 * Reads a PNG; transparent pixels are laid over black.
 * @param path of the user's own; without it the photograph that ships with Pannier (Eileen Collins,
 * NASA portrait, public domain, from scikit-image's sample data)
 * @throws {PannierError} `options`
 */
export async function readPicture(path: string | undefined): Promise<GoldenPicture> {
  const file = path ?? fileURLToPath(new URL('./golden.png', import.meta.url));
  const what = `The golden picture ${file}`;
  const bytes = await readOptionFile(file, what, LIMITS.pictureBytes);
  const { width, height } = pngSize(bytes);
  if (width > LARGEST || height > LARGEST)
    throw badOption(`${what} has ${width}×${height} pixels; at most ${LARGEST}×${LARGEST} are wanted.`);
  const { data } = decodePng(bytes, what);
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = (data[pixel * 4 + 3] as number) / 255;
    for (let channel = 0; channel < 3; channel++) rgb[pixel * 3 + channel] = Math.round((data[pixel * 4 + channel] as number) * alpha);
  }
  return { width, height, rgb };
}

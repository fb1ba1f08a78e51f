/** The golden sample's picture: a small PNG as RGB bytes. */
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { LIMITS } from './limits.js';
import { badOption } from './options.js';
import { readRegularFile } from './read.js';

/** Largest width and height of the golden sample's picture. */
const LARGEST = 96;

/** 8-bit RGB, row by row. */
export interface GoldenPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/**
 * Reads a PNG; transparent pixels lie over black.
 * @param path of the user's own; without it the photograph that ships with Pannier (Eileen Collins,
 * NASA portrait, public domain, from scikit-image's sample data)
 * @throws {PannierError} `options`
 */
export async function readPicture(path: string | undefined): Promise<GoldenPicture> {
  const file = path ?? fileURLToPath(new URL('./golden.png', import.meta.url));
  const bytes = Buffer.from(await readRegularFile(file, `The golden picture ${file}`, LIMITS.pngBytes));
  // IHDR is first: a picture that is too large is refused before it is decoded.
  const [width, height] = bytes.length >= 24 ? [bytes.readUInt32BE(16), bytes.readUInt32BE(20)] : [0, 0];
  if (width > LARGEST || height > LARGEST)
    throw badOption(`The golden picture ${file} has ${width}×${height} pixels; at most ${LARGEST}×${LARGEST} are wanted.`);
  let png: PNG;
  try {
    png = PNG.sync.read(bytes);
  } catch (thrown) {
    throw badOption(`The golden picture ${file} is not a PNG that can be read: ${(thrown as Error).message}.`);
  }
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = (png.data[pixel * 4 + 3] as number) / 255;
    for (let channel = 0; channel < 3; channel++) rgb[pixel * 3 + channel] = Math.round((png.data[pixel * 4 + channel] as number) * alpha);
  }
  return { width, height, rgb };
}

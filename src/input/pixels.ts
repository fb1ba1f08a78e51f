/** A picture, where the engine is, as the values that the graph takes. */

import type { Picture, PictureFeed } from '../engine/engine.js';
import { messageOf, PannierError } from '../errors.js';
import type { Pixels } from '../signature.js';
import { type Affine, IDENTITY } from './mapping.js';
import { toTensor } from './resize.js';

/** One picture as tensor values. Lets go of a bitmap or frame that was handed over. */
export function pictureTensor({ picture, image, dtype, map }: PictureFeed): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  // Pixels come without a canvas that could resize them.
  if ('data' in picture) return toTensor(picture, image.filter === 'browser' ? { ...image, filter: 'bilinear' } : image, dtype, map);
  const shrunk = image.filter === 'browser';
  const pixels = shrunk ? draw(picture, image.width, image.height, map) : draw(picture, widthOf(picture), heightOf(picture), IDENTITY);
  return toTensor(pixels, image, dtype, shrunk ? IDENTITY : map);
}

/** Lets go of a bitmap, or of one of a camera's few frames. Safe to call twice. */
export function closePicture(picture: Picture): void {
  if ('close' in picture) picture.close();
}

const widthOf = (picture: Exclude<Picture, Pixels>) => ('displayWidth' in picture ? picture.displayWidth : picture.width);
const heightOf = (picture: Exclude<Picture, Pixels>) => ('displayHeight' in picture ? picture.displayHeight : picture.height);

let canvas: OffscreenCanvas | undefined;

/** Draws through a canvas kept for the next call; an opaque one lays transparent pixels over black. */
function draw(picture: Exclude<Picture, Pixels>, width: number, height: number, map: Affine): Pixels {
  canvas ??= new OffscreenCanvas(width, height);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (context === null) throw new Error('OffscreenCanvas gave no 2d context.');
  const { a, b, c, d, e, f } = inverse(map);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(a, b, c, d, e, f);
  context.drawImage(picture, 0, 0);
  closePicture(picture);
  try {
    return context.getImageData(0, 0, width, height, { colorSpace: 'srgb' }) as Pixels;
  } catch (thrown) {
    throw new PannierError(
      'input',
      `The picture's pixels cannot be read: ${messageOf(thrown)}. Is it from another origin? Serve it with CORS and set crossOrigin.`,
      {},
      { cause: thrown },
    );
  }
}

/** From source pixels to the canvas: what `setTransform` wants. */
function inverse({ a, b, c, d, e, f }: Affine): Affine {
  const determinant = a * d - b * c;
  return {
    a: d / determinant,
    b: -b / determinant,
    c: -c / determinant,
    d: a / determinant,
    e: (c * f - d * e) / determinant,
    f: (b * e - a * f) / determinant,
  };
}

/** Turns a picture into the values that the graph takes, in the engine's thread. */

import type { OwnedArray } from '../base/dtype.js';
import { asPannierError, PannierError } from '../base/errors.js';
import type { Pixels } from '../manifest/signature.js';
import type { Picture, PictureFeed } from './feed.js';
import { type Affine, IDENTITY } from './mapping.js';
import { partUnder, toTensor } from './resize.js';

/** One picture as tensor values. */
export function pictureTensor({ picture, image, dtype, map }: PictureFeed): OwnedArray {
  // Raw pixels have no canvas that could resize them, so that our own filter takes the place of `browser`.
  if ('data' in picture) return toTensor(picture, image.filter === 'browser' ? { ...image, filter: 'bilinear' } : image, dtype, map);
  if (image.filter === 'browser')
    return toTensor(draw(picture, image.width, image.height, inverse(map), image.background), image, dtype, IDENTITY);
  const [width, height] = 'displayWidth' in picture ? [picture.displayWidth, picture.displayHeight] : [picture.width, picture.height];
  const part = partUnder(image, width, height, map);
  const pixels = draw(picture, part.width, part.height, { ...IDENTITY, e: -part.left, f: -part.top });
  return toTensor(pixels, image, dtype, map, part);
}

/** A canvas of more pixels (16 MB) is not kept for the next call. */
const KEPT_PIXELS = 2 ** 22;

let canvas: OffscreenCanvas | undefined;

/**
 * Draws through a canvas that is kept for the next call; being opaque, it lays transparent pixels over the grey `background`.
 * `map` leads from the picture to the canvas.
 */
function draw(picture: Exclude<Picture, Pixels>, width: number, height: number, { a, b, c, d, e, f }: Affine, background = 0): Pixels {
  try {
    const context = contextOf(width, height);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = `rgb(${background} ${background} ${background})`;
    context.fillRect(0, 0, width, height);
    context.setTransform(a, b, c, d, e, f);
    context.drawImage(picture, 0, 0);
    return context.getImageData(0, 0, width, height, { colorSpace: 'srgb' }) as Pixels;
  } catch (thrown) {
    throw asPannierError(
      thrown,
      'input',
      "The picture's pixels cannot be read. Is it from another origin? Set crossorigin and let its server allow it",
    );
  } finally {
    if (width * height > KEPT_PIXELS) canvas = undefined;
  }
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const kept = canvas !== undefined && canvas.width === width && canvas.height === height;
  canvas ??= new OffscreenCanvas(width, height);
  if (!kept) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (context !== null && (kept || holds(context, width - 1, height - 1))) return context;
  canvas = undefined;
  throw new PannierError(
    'input',
    `The model sees ${width} × ${height} pixels of the picture, more than a canvas holds in this browser. Pass a smaller picture or a smaller crop.`,
    { width, height },
  );
}

/** Whether pixels drawn on the canvas can be read back. A canvas beyond the browser's limits accepts drawing and stays empty. */
function holds(context: OffscreenCanvasRenderingContext2D, x: number, y: number): boolean {
  context.fillStyle = '#fff';
  context.fillRect(x, y, 1, 1);
  return context.getImageData(x, y, 1, 1).data[0] === 255;
}

/** The inverse of a map. */
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

/** The sizes in pixels for which `pannier.config.mjs` has the models compiled, and which of them a picture is read at. */
import { directionWidth, lineHeight, lineWidths, pictures } from './sizes.json';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A longer side of a picture is shrunk to it. */
const MAX_SIDE = Math.max(...pictures.map(({ width }) => width));

/** The smallest size that holds a picture, which is shrunk no more than it has to be. */
export function pictureSize({ width, height }: Size): Size {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  const area = (size: Size) => size.width * size.height;
  const held = pictures.filter((size) => size.width >= Math.floor(width * scale) && size.height >= Math.floor(height * scale));
  return held.reduce((least, size) => (area(size) < area(least) ? size : least));
}

/** The size into which a line is stretched least. */
export function lineSize({ width, height }: Size): Size {
  const wanted = (lineHeight * width) / height;
  const stretch = (each: number) => Math.max(each / wanted, wanted / each);
  return { width: lineWidths.reduce((best, each) => (stretch(each) < stretch(best) ? each : best)), height: lineHeight };
}

/** The size at which one of the models says which way up a line stands. */
export const DIRECTION_SIZE: Size = { width: directionWidth, height: lineHeight };

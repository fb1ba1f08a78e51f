/** Resizes pixels to tensor values, with the same result on every device. */
import { DTYPES, type OwnedArray } from '../base/dtype.js';
import type { ImageSpec } from '../manifest/manifest.js';
import type { Pixels } from '../manifest/signature.js';
import type { PictureDType } from './feed.js';
import { type Affine, applyMap } from './mapping.js';

/** The rectangle of the picture that the pixels were cut from. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
}

const wholeOf = ({ width, height }: Pixels): Part => ({ left: 0, top: 0, width, height, sourceWidth: width, sourceHeight: height });

/** The rectangle that {@link toTensor} reads: the area under the tensor and one pixel around it, because filters mix neighbours. Never empty. */
export function partUnder({ width, height }: ImageSpec, sourceWidth: number, sourceHeight: number, map: Affine): Part {
  const corners = [applyMap(map, 0, 0), applyMap(map, width, 0), applyMap(map, 0, height), applyMap(map, width, height)];
  const [left, right] = span(
    corners.map(({ x }) => x),
    sourceWidth,
  );
  const [top, bottom] = span(
    corners.map(({ y }) => y),
    sourceHeight,
  );
  return { left, top, width: right - left, height: bottom - top, sourceWidth, sourceHeight };
}

function span(places: readonly number[], length: number): [first: number, end: number] {
  const first = clamp(Math.floor(Math.min(...places)) - 1, length - 1);
  return [first, 1 + clamp(Math.ceil(Math.max(...places)), length - 1)];
}

/**
 * Makes width × height × channels tensor values of one picture, in the image spec's layout, channel order, scale and offset.
 * `map` leads from model space to the picture, and `pixels` are the rectangle `part` of it. Transparent pixels are laid over
 * black, and a value whose centre lies outside of the picture is the background. Filters do not reach beyond the picture's edge.
 * Whole numbers beyond the dtype's range become its ends. The filter `browser` samples as `nearest` does, since the canvas has already resized the pixels.
 */
export function toTensor(pixels: Pixels, image: ImageSpec, dtype: PictureDType, map: Affine, part: Part = wholeOf(pixels)): OwnedArray {
  const { width, height } = image;
  const mixes = MIXES[image.channels];
  const [pixelStep, channelStep] = image.layout === 'nhwc' ? [mixes.length, 1] : [1, width * height];
  const values = new DTYPES[dtype](width * height * mixes.length);
  const [least, most] = RANGES[dtype];
  const row = new Float64Array(3 * width);
  const sampleRow = keepsAxes(map) ? alongAxes(pixels, image, map, part) : anyAngle(pixels, image, map, part);
  for (let y = 0; y < height; y++) {
    sampleRow(y, row);
    for (const [channel, [red, green, blue]] of mixes.entries()) {
      const scale = image.scale[channel] as number;
      const offset = image.offset[channel] as number;
      let at = y * width * pixelStep + channel * channelStep;
      for (let x = 0; x < row.length; x += 3) {
        const pixel = red * (row[x] as number) + green * (row[x + 1] as number) + blue * (row[x + 2] as number);
        const value = pixel * scale + offset;
        values[at] = dtype === 'float32' ? value : Math.min(Math.max(Math.round(value), least), most);
        at += pixelStep;
      }
    }
  }
  return values;
}

const RANGES: Readonly<Record<PictureDType, readonly [least: number, most: number]>> = {
  float32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
};

/** The shares of red, green and blue in each channel; gray as in ITU-R BT.601. */
const MIXES: Record<ImageSpec['channels'], readonly (readonly [red: number, green: number, blue: number])[]> = {
  rgb: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  bgr: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  gray: [[0.299, 0.587, 0.114]],
};

/** Fills one tensor row, three numbers of 0…255 per pixel: red, green, blue, over black; outside of the picture the background. */
type RowSampler = (y: number, row: Float64Array) => void;

/** Whether the tensor's axes are parallel to the source's, swapped or not. */
const keepsAxes = ({ a, b, c, d }: Affine): boolean => (b === 0 && c === 0) || (a === 0 && d === 0);

/** The source pixels and weights that make up each position along one axis of the tensor. */
interface Taps {
  /** The taps of position p are first[p] up to first[p + 1]; a position without taps is padding. */
  readonly first: Int32Array;
  /** Offset of the source pixel, in bytes. */
  readonly offset: Int32Array;
  readonly weight: Float64Array;
}

/** One axis of the source: position p of the tensor lies at p × step + origin. */
interface Axis {
  readonly step: number;
  readonly origin: number;
  readonly length: number;
  /** Where the rectangle `part` begins on this axis. */
  readonly start: number;
  readonly stride: number;
}

function alongAxes({ data }: Pixels, image: ImageSpec, { a, b, c, d, e, f }: Affine, part: Part): RowSampler {
  const sourceX = { origin: e, length: part.sourceWidth, start: part.left, stride: 4 };
  const sourceY = { origin: f, length: part.sourceHeight, start: part.top, stride: 4 * part.width };
  const straight = b === 0 && c === 0;
  const columns = tapsAlong(straight ? { ...sourceX, step: a } : { ...sourceY, step: b }, image.width, image.filter);
  const rows = tapsAlong(straight ? { ...sourceY, step: d } : { ...sourceX, step: c }, image.height, image.filter);
  return (y, row) => {
    const top = rows.first[y] as number;
    const bottom = rows.first[y + 1] as number;
    for (let x = 0; x < image.width; x++) {
      const left = columns.first[x] as number;
      const right = columns.first[x + 1] as number;
      let red = 0;
      let green = 0;
      let blue = 0;
      let total = 0;
      for (let i = top; i < bottom; i++) {
        const line = rows.offset[i] as number;
        const lineWeight = rows.weight[i] as number;
        for (let j = left; j < right; j++) {
          const at = line + (columns.offset[j] as number);
          const weight = lineWeight * (columns.weight[j] as number);
          const opaque = weight * (data[at + 3] as number);
          red += opaque * (data[at] as number);
          green += opaque * (data[at + 1] as number);
          blue += opaque * (data[at + 2] as number);
          total += weight;
        }
      }
      setPixel(row, x, red, green, blue, 255 * total, image);
    }
  };
}

function tapsAlong({ step, origin, length, start, stride }: Axis, count: number, filter: ImageSpec['filter']): Taps {
  const first = new Int32Array(count + 1);
  const offset: number[] = [];
  const weight: number[] = [];
  const tap = (index: number, share: number) => {
    offset.push(stride * (clamp(index, length - 1) - start));
    weight.push(share);
  };
  for (let position = 0; position < count; position++) {
    const centre = step * (position + 0.5) + origin;
    if (centre >= 0 && centre <= length) {
      if (filter === 'bilinear') {
        const index = Math.floor(centre - 0.5);
        const share = centre - 0.5 - index;
        tap(index, 1 - share);
        tap(index + 1, share);
      } else if (filter === 'area') {
        const from = Math.max(Math.min(step * position, step * (position + 1)) + origin, 0);
        const to = Math.min(Math.max(step * position, step * (position + 1)) + origin, length);
        for (let index = Math.floor(from); index < to; index++) tap(index, Math.min(to, index + 1) - Math.max(from, index));
      } else {
        tap(Math.floor(centre), 1);
      }
    }
    first[position + 1] = offset.length;
  }
  return { first, offset: Int32Array.from(offset), weight: Float64Array.from(weight) };
}

/** For a rotated crop, `area` averages a grid of bilinear samples, about one for each source pixel. */
function anyAngle({ data }: Pixels, image: ImageSpec, map: Affine, part: Part): RowSampler {
  const { sourceWidth, sourceHeight } = part;
  const { a, b, c, d, e, f } = map;
  const across = image.filter === 'area' ? samplesPer(a, b) : 1;
  const down = image.filter === 'area' ? samplesPer(c, d) : 1;
  const smooth = image.filter === 'bilinear' || image.filter === 'area';
  const toCentre = smooth ? 0.5 : 0;
  return (y, row) => {
    for (let x = 0; x < image.width; x++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      const centreX = a * (x + 0.5) + c * (y + 0.5) + e;
      const centreY = b * (x + 0.5) + d * (y + 0.5) + f;
      const samples = centreX >= 0 && centreX <= sourceWidth && centreY >= 0 && centreY <= sourceHeight ? across * down : 0;
      for (let sample = 0; sample < samples; sample++) {
        const modelX = x + ((sample % across) + 0.5) / across;
        const modelY = y + (Math.floor(sample / across) + 0.5) / down;
        const sourceX = a * modelX + c * modelY + e - toCentre;
        const sourceY = b * modelX + d * modelY + f - toCentre;
        const left = Math.floor(sourceX);
        const top = Math.floor(sourceY);
        const shareX = smooth ? sourceX - left : 0;
        const shareY = smooth ? sourceY - top : 0;
        for (let corner = 0; corner < 4; corner++) {
          const right = corner & 1;
          const below = corner >> 1;
          const line = clamp(top + below, sourceHeight - 1) - part.top;
          const at = 4 * (line * part.width + clamp(left + right, sourceWidth - 1) - part.left);
          const weight = (right ? shareX : 1 - shareX) * (below ? shareY : 1 - shareY);
          const opaque = weight * (data[at + 3] as number);
          red += opaque * (data[at] as number);
          green += opaque * (data[at + 1] as number);
          blue += opaque * (data[at + 2] as number);
        }
      }
      setPixel(row, x, red, green, blue, 255 * samples, image);
    }
  };
}

/** Sets a pixel of a row to sums over `whole`, which is 0 outside of the picture. */
function setPixel(
  row: Float64Array,
  x: number,
  red: number,
  green: number,
  blue: number,
  whole: number,
  { background = 0 }: ImageSpec,
): void {
  row[3 * x] = whole === 0 ? background : red / whole;
  row[3 * x + 1] = whole === 0 ? background : green / whole;
  row[3 * x + 2] = whole === 0 ? background : blue / whole;
}

/** The number of samples that cover a step of (x, y) source pixels; the tolerance keeps rounding errors from adding one. */
const samplesPer = (x: number, y: number): number => Math.max(1, Math.ceil(Math.sqrt(x * x + y * y) - 1e-6));

const clamp = (index: number, last: number): number => Math.min(Math.max(index, 0), last);

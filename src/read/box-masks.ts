/**
 * The masks of boxes, as YOLACT (arXiv:1904.02689) and Ultralytics' segmenters give them: the model makes some prototypes, which are
 * masks of the whole picture, and for each box a coefficient for each of them. A box's mask is the sigmoid of their weighted sum.
 */
import type { BoxLayout, Tensor } from '../manifest/signature.js';
import type { ImageMapping } from '../preprocess/mapping.js';
import { type BoxRows, type Corners, extraAt, unfit, valueAt } from './box-rows.js';

/** A mask that covers its box: [height, width] values of 0…1, in about as many pixels as the prototypes have there. */
export type BoxMask = Tensor<'float32', readonly [height: number, width: number]>;

/** A rectangle of the source. */
interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Makes the mask of one box, whose corners are in the model's pixels and whose place is in the source's. */
export type MaskReader = (box: number, corners: Corners, place: Rectangle) => BoxMask;

/** The prototypes of one picture. The value of prototype `index` at (x, y) lies at index × step + (y × width + x) × pixelStep. */
interface Prototypes {
  readonly data: Tensor['data'];
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly pixelStep: number;
}

/**
 * @param tensor prototypes, [batch, prototypes, height, width] or [batch, height, width, prototypes]
 * @throws {PannierError} `input` if the layout has no coefficients for them, or without an image
 */
export function maskReader(tensor: Tensor, layout: BoxLayout, rows: BoxRows, image: ImageMapping | undefined): MaskReader {
  const { coefficients: count = 0 } = layout;
  const prototypes = prototypesOf(tensor, count, rows);
  if (image === undefined) throw unfit('an image with prototypes', 'none', 'Pass images[input] of the same prediction.');
  const toModel = inverseOf(image);
  const [scaleX, scaleY] = [prototypes.width / image.width, prototypes.height / image.height];
  const start = extraAt(layout);
  return (box, [x0, y0, x1, y1], place) => {
    const coefficients = Array.from({ length: count }, (_, index) => valueAt(rows, box, start + index));
    const logitAt = logitReader(prototypes, coefficients);
    const origin = toModel(place.x, place.y);
    const pixelsTo = (x: number, y: number): number => {
      const end = toModel(x, y);
      const pixels = Math.ceil(Math.hypot((end.x - origin.x) * scaleX, (end.y - origin.y) * scaleY));
      // A box may reach far beyond what the model saw.
      return Math.min(Math.max(1, pixels || 1), Math.max(prototypes.width, prototypes.height));
    };
    const width = pixelsTo(place.x + place.width, place.y);
    const height = pixelsTo(place.x, place.y + place.height);
    const data = new Float32Array(width * height);
    for (let at = 0; at < data.length; at++) {
      const sourceX = place.x + (((at % width) + 0.5) / width) * place.width;
      const sourceY = place.y + ((Math.floor(at / width) + 0.5) / height) * place.height;
      const { x, y } = toModel(sourceX, sourceY);
      // A box that the mapping turns does not fill the upright rectangle around it.
      if (x >= x0 && x <= x1 && y >= y0 && y <= y1) data[at] = 1 / (1 + Math.exp(-logitAt(x * scaleX - 0.5, y * scaleY - 0.5)));
    }
    return { dtype: 'float32', shape: [height, width], data };
  };
}

function prototypesOf({ data, shape }: Tensor, count: number, { row, pictures }: BoxRows): Prototypes {
  const [batch, first, second, third] = shape as [number, number, number, number];
  const isFirst = first === count;
  if (shape.length !== 4 || batch !== pictures || count === 0 || !(isFirst || third === count)) {
    const wanted = count === 0 ? 'a layout with coefficients' : `prototypes of shape [${pictures}, ${count}, height, width]`;
    throw unfit(wanted, `[${shape}]`, 'Pass the output with the prototypes of the same prediction.');
  }
  const [height, width] = isFirst ? [second, third] : [first, second];
  const size = count * height * width;
  const [step, pixelStep] = isFirst ? [height * width, 1] : [1, count];
  return { data: data.subarray(row * size, (row + 1) * size), width, height, step, pixelStep };
}

/** Reads the weighted sum of the prototypes between their pixels, whose centres lie at whole numbers. */
function logitReader({ data, width, height, step, pixelStep }: Prototypes, coefficients: readonly number[]) {
  const known = new Float64Array(width * height).fill(Number.NaN);
  const sumAt = (pixel: number): number => {
    if (Number.isNaN(known[pixel])) {
      let sum = 0;
      for (const [index, coefficient] of coefficients.entries()) sum += coefficient * (data[index * step + pixel * pixelStep] as number);
      known[pixel] = sum;
    }
    return known[pixel] as number;
  };
  const clamp = (at: number, last: number) => Math.min(Math.max(at, 0), last);
  return (x: number, y: number): number => {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [shareX, shareY] = [x - left, y - top];
    const [x0, x1] = [clamp(left, width - 1), clamp(left + 1, width - 1)];
    const [y0, y1] = [clamp(top, height - 1) * width, clamp(top + 1, height - 1) * width];
    const above = (1 - shareX) * sumAt(y0 + x0) + shareX * sumAt(y0 + x1);
    const below = (1 - shareX) * sumAt(y1 + x0) + shareX * sumAt(y1 + x1);
    return (1 - shareY) * above + shareY * below;
  };
}

/** The map from the source to the model's pixels. */
function inverseOf({ toSource }: ImageMapping): (x: number, y: number) => { x: number; y: number } {
  const origin = toSource(0, 0);
  const [right, down] = [toSource(1, 0), toSource(0, 1)];
  const [a, b, c, d] = [right.x - origin.x, right.y - origin.y, down.x - origin.x, down.y - origin.y];
  const determinant = a * d - b * c;
  return (x, y) => {
    const [dx, dy] = [x - origin.x, y - origin.y];
    return { x: (d * dx - c * dy) / determinant, y: (a * dy - b * dx) / determinant };
  };
}

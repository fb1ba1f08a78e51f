/** Turns a detector's rows into boxes: thresholded, mapped to the picture, one per object. */
import { PannierError } from '../base/errors.js';
import type { Tensor } from '../manifest/signature.js';
import type { ImageMapping } from '../preprocess/mapping.js';
import { checkColumns, checkTensor } from './checks.js';

/** The meaning of one value of a detector's row: two corners, or a corner or centre and a size. */
export type BoxColumn = 'x0' | 'y0' | 'x1' | 'y1' | 'cx' | 'cy' | 'w' | 'h' | 'score' | 'class';

/** One detected object. */
export interface Box<L> {
  /** Left edge: in source pixels if `image` is given, else as the model gives it. */
  readonly x: number;
  /** Top edge. */
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly score: number;
  /** The name of the class; undefined if neither the options nor the tensor name the classes. */
  readonly label: L;
  /** The index of the class; 0 for a model that has only one. */
  readonly index: number;
}

/** Options of {@link boxes}. */
export interface BoxOptions {
  /** The meaning of each value of a row; null skips a value. */
  readonly columns: readonly (BoxColumn | null)[];
  /** Scores in a tensor of their own, [..., boxes] or [..., boxes, classes]; a box gets its best class. */
  readonly scores?: Tensor & { readonly labels?: readonly string[] };
  /** One name per class. @default the labels of `scores` */
  readonly labels?: readonly string[];
  /** Coordinates are 0…1 of the tensor that the model saw, not pixels; needs `image`. */
  readonly normalized?: boolean;
  /** `images[input]` of the same prediction: maps boxes to source pixels and cuts them at the source's edges. */
  readonly image?: ImageMapping;
  /** Lowest score that counts. @default 0.3 */
  readonly minScore?: number;
  /** Largest overlap (intersection over union) of two boxes of one class; 1 keeps all. @default 0.5 */
  readonly maxOverlap?: number;
  /** Most boxes to return. @default 100 */
  readonly max?: number;
  /** The picture of a batch, which is the first axis of a tensor of three axes or more. @default 0 */
  readonly row?: number;
}

/**
 * Reads the objects in a tensor of shape [..., boxes, columns], best score first. Among boxes of one class that
 * overlap too much, the one with the best score is kept. Boxes that are not finite or are empty are left out. A
 * box that the mapping rotates becomes the upright rectangle around its corners.
 * @throws {PannierError} `input` if columns, scores, labels or row do not fit the tensor
 */
export function boxes<L extends string>(tensor: Tensor, options: BoxOptions & { readonly labels: readonly L[] }): Box<L>[];
export function boxes<L extends string>(
  tensor: Tensor,
  options: BoxOptions & { readonly scores: { readonly labels: readonly L[] } },
): Box<L>[];
export function boxes(tensor: Tensor, options: BoxOptions): Box<string | undefined>[];
export function boxes(tensor: Tensor, options: BoxOptions): Box<string | undefined>[] {
  checkTensor('boxes', tensor);
  checkColumns('boxes', options);
  const { scores, labels = scores?.labels, normalized = false, image, minScore = 0.3, maxOverlap = 0.5, max = 100 } = options;
  if (scores !== undefined) checkTensor('boxes with scores', scores);
  if (normalized && image === undefined) throw unfit('an image with normalized', 'none', 'Pass images[input] of the same prediction.');
  const rows = pictureRows(tensor, options);
  if (rows.count === 0) return [];
  const cornersOf = cornerReader(options.columns);
  const classOf = scores ? scoresApart(scores, rows, labels) : scoresInRows(rows, options.columns);
  const scaleX = normalized && image ? image.width : 1;
  const scaleY = normalized && image ? image.height : 1;

  const found: Box<string | undefined>[] = [];
  for (let box = 0; box < rows.count; box++) {
    const { score, index } = classOf(box);
    if (!(score >= minScore && Number.isFinite(score) && Number.isFinite(index))) continue;
    const [x0, y0, x1, y1] = cornersOf(rows, box);
    const place = onPicture(x0 * scaleX, y0 * scaleY, x1 * scaleX, y1 * scaleY, image);
    if (place === undefined) continue;
    if (labels !== undefined && !(index in labels)) {
      throw unfit(`labels for class ${index}`, `${labels.length} labels`, "Give one label per class, in the model's order.");
    }
    found.push({ ...place, score, label: labels?.[index], index });
  }
  return withoutOverlaps(
    found.sort((one, other) => other.score - one.score),
    maxOverlap,
    max,
  );
}

/** One picture's rows. */
interface Rows {
  readonly data: Tensor['data'];
  readonly count: number;
  readonly stride: number;
  /** The index of this picture in the batch, and the size of the batch. */
  readonly row: number;
  readonly pictures: number;
}

function pictureRows({ data, shape }: Tensor, { columns, row = 0 }: BoxOptions): Rows {
  const stride = columns.length;
  if (shape.at(-1) !== stride) {
    throw unfit(`${shape.at(-1)} columns for shape [${shape}]`, `${stride}`, 'Name every value of a row, null for none.');
  }
  const pictures = shape.length > 2 ? (shape[0] as number) : 1;
  if (!Number.isInteger(row) || row < 0 || row >= pictures) {
    throw unfit(`a row below ${pictures}`, `${row}`, `Shape [${shape}] holds ${pictures} pictures.`);
  }
  const size = data.length / pictures;
  return { data: data.subarray(row * size, (row + 1) * size), count: size / stride, stride, row, pictures };
}

type Corners = [x0: number, y0: number, x1: number, y1: number];

function cornerReader(columns: BoxOptions['columns']): (rows: Rows, box: number) => Corners {
  const edges = (low: BoxColumn, high: BoxColumn, middle: BoxColumn, size: BoxColumn) => {
    const [lowAt, highAt, middleAt, sizeAt] = [low, high, middle, size].map((name) => columns.indexOf(name)) as [
      number,
      number,
      number,
      number,
    ];
    if (!((lowAt >= 0 && highAt >= 0) || (sizeAt >= 0 && (lowAt >= 0 || middleAt >= 0)))) {
      throw unfit(
        `'${low}' and '${high}', '${low}' and '${size}', or '${middle}' and '${size}'`,
        `[${columns}]`,
        'Name what each value of a row means.',
      );
    }
    return ({ data, stride }: Rows, box: number): [from: number, to: number] => {
      const at = (column: number) => data[box * stride + column] as number;
      const from = lowAt >= 0 ? at(lowAt) : at(middleAt) - at(sizeAt) / 2;
      return [from, highAt >= 0 ? at(highAt) : from + at(sizeAt)];
    };
  };
  const across = edges('x0', 'x1', 'cx', 'w');
  const down = edges('y0', 'y1', 'cy', 'h');
  return (rows, box) => {
    const [x0, x1] = across(rows, box);
    const [y0, y1] = down(rows, box);
    return [x0, y0, x1, y1];
  };
}

type ClassReader = (box: number) => { score: number; index: number };

function scoresInRows({ data, stride }: Rows, columns: BoxOptions['columns']): ClassReader {
  const scoreAt = columns.indexOf('score');
  const classAt = columns.indexOf('class');
  if (scoreAt < 0) {
    throw unfit("a 'score' column or scores", `[${columns}]`, 'Name the score in columns, or pass the tensor that holds it as scores.');
  }
  return (box) => ({
    score: data[box * stride + scoreAt] as number,
    index: classAt < 0 ? 0 : Math.round(data[box * stride + classAt] as number),
  });
}

function scoresApart({ data, shape }: Tensor, { count, row, pictures }: Rows, labels: BoxOptions['labels']): ClassReader {
  const classes = data.length / (count * pictures);
  if (!Number.isInteger(classes) || (classes > 1 && shape.at(-1) !== classes)) {
    throw unfit(
      `scores of shape [${count}] or [${count}, classes]`,
      `[${shape}]`,
      'Pass the output that scores these boxes, one row per box.',
    );
  }
  if (labels !== undefined && labels.length !== classes) {
    throw unfit(`${classes} labels`, `${labels.length}`, "Give one label per class, in the model's order.");
  }
  return (box) => {
    const start = (row * count + box) * classes;
    let index = 0;
    let score = Number.NEGATIVE_INFINITY;
    for (let candidate = 0; candidate < classes; candidate++) {
      const value = data[start + candidate] as number;
      if (value > score) [index, score] = [candidate, value];
    }
    return { score, index };
  };
}

type Place = Pick<Box<string>, 'x' | 'y' | 'width' | 'height'>;

/** The upright rectangle around a box's corners, cut at the picture's edges; undefined if nothing is left. */
function onPicture(x0: number, y0: number, x1: number, y1: number, image: ImageMapping | undefined): Place | undefined {
  if (![x0, y0, x1, y1].every(Number.isFinite) || x1 <= x0 || y1 <= y0) return undefined;
  if (image === undefined) return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  const corners = [image.toSource(x0, y0), image.toSource(x1, y0), image.toSource(x0, y1), image.toSource(x1, y1)];
  const x = Math.max(0, Math.min(...corners.map((corner) => corner.x)));
  const y = Math.max(0, Math.min(...corners.map((corner) => corner.y)));
  const width = Math.min(image.sourceWidth, Math.max(...corners.map((corner) => corner.x))) - x;
  const height = Math.min(image.sourceHeight, Math.max(...corners.map((corner) => corner.y))) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

/** Greedy non-maximum suppression per class, from the best box down. */
function withoutOverlaps<L>(sorted: readonly Box<L>[], maxOverlap: number, max: number): Box<L>[] {
  const kept: Box<L>[] = [];
  for (const box of sorted) {
    if (kept.length >= max) break;
    const hidden = kept.some((better) => better.index === box.index && overlap(better, box) > maxOverlap);
    if (!hidden) kept.push(box);
  }
  return kept;
}

/** Intersection over union, 0…1. */
function overlap(one: Place, other: Place): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (one.width * one.height + other.width * other.height - shared);
}

const unfit = (wanted: string, got: string, next: string): PannierError =>
  new PannierError('input', `boxes wants ${wanted}, but got ${got}. ${next}`, { wanted, got });

/** Turns a detector's output into boxes: thresholded, mapped to the picture, one per object. */
import { layoutsFitting } from '../manifest/box-layouts.js';
import type { BoxColumn, BoxLayout, DetectorTensor, PoseTensor, Tensor } from '../manifest/signature.js';
import type { ImageMapping } from '../preprocess/mapping.js';
import { classesApart, classesInRows } from './box-classes.js';
import { type BoxMask, maskReader } from './box-masks.js';
import { type BoxRows, boxRows, type Corners, cornerReader, extraAt, fittingText, unfit, valueAt } from './box-rows.js';
import { checkColumns, checkTensor } from './checks.js';
import { type Keypoints, keypoints } from './keypoints.js';

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
  /** The points of a pose, as `keypoints` gives them; undefined if the tensor has no layout with points. */
  readonly points?: Keypoints<string | undefined>;
  /** The part of the box that is the object, for `maskImage`: the mask covers the box. Undefined if no prototypes are given. */
  readonly mask?: BoxMask;
}

/** Options of {@link boxes}. */
export interface BoxOptions {
  /** The meaning of each value of a row; null skips a value. @default the layout that the model was packed with */
  readonly columns?: readonly (BoxColumn | null)[];
  /** Scores in a tensor of their own, [..., boxes] or [..., boxes, classes]; a box gets its best class. */
  readonly scores?: Tensor & { readonly labels?: readonly string[] };
  /** Indices of the classes in a tensor of their own, as SSD has them, beside `scores` of shape [..., boxes]. */
  readonly classes?: Tensor;
  /** How many boxes there are, as SSD says it in a tensor; the others are left out. */
  readonly count?: Tensor;
  /** The prototypes of a segmenter's masks, [batch, prototypes, height, width]; each box then has a `mask`. Needs `image`. */
  readonly prototypes?: Tensor;
  /** One name per class. @default the labels of `scores`, else those of the layout */
  readonly labels?: readonly string[];
  /** Coordinates are 0…1 of the tensor that the model saw, not pixels; needs `image`. @default as the layout says */
  readonly normalized?: boolean;
  /** `images[input]` of the same prediction: maps boxes to source pixels and cuts them at the source's edges. */
  readonly image?: ImageMapping;
  /** Lowest score that counts. @default 0.3 */
  readonly minScore?: number;
  /** Largest overlap (intersection over union) of two boxes of one class; 1 keeps all. @default 0.5, or 1 if the model itself keeps one box for each object */
  readonly maxOverlap?: number;
  /** Most boxes to return. @default 100 */
  readonly max?: number;
  /** The picture of a batch, which is the first axis of a tensor of three axes or more. @default 0 */
  readonly row?: number;
}

/**
 * Reads the objects in a tensor of shape [..., boxes, columns], or of the layout that it was packed with, best score first. Among boxes
 * of one class that overlap too much, the one with the best score is kept. Boxes that are not finite or are empty are left out. A
 * box that the mapping rotates becomes the upright rectangle around its corners.
 * @throws {PannierError} `input` if columns, layout, scores, labels or row do not fit the tensor, and for oriented boxes
 */
export function boxes<L extends string>(tensor: Tensor, options: BoxOptions & { readonly labels: readonly L[] }): Box<L>[];
export function boxes<L extends string>(
  tensor: Tensor,
  options: BoxOptions & { readonly scores: { readonly labels: readonly L[] } },
): Box<L>[];
export function boxes<L extends string | undefined>(
  tensor: PoseTensor<L>,
  options?: BoxOptions,
): (Box<L> & { readonly points: Keypoints<string | undefined> })[];
export function boxes<L extends string | undefined>(
  tensor: DetectorTensor<L>,
  options: BoxOptions & { readonly prototypes: Tensor },
): (Box<L> & { readonly mask: BoxMask })[];
export function boxes<L extends string | undefined>(tensor: DetectorTensor<L>, options?: BoxOptions): Box<L>[];
export function boxes(tensor: Tensor & { readonly layout?: BoxLayout }, options: BoxOptions): Box<string | undefined>[];
export function boxes(tensor: Tensor & { readonly layout?: BoxLayout }, options: BoxOptions = {}): Box<string | undefined>[] {
  checkTensor('boxes', tensor);
  const layout = layoutOf(tensor, options);
  const { scores, classes, labels = scores?.labels ?? layout.labels, image, minScore = 0.3, max = 100, row = 0 } = options;
  const { normalized = layout.normalized ?? false, maxOverlap = layout.nms ? 1 : 0.5, prototypes } = options;
  for (const [name, other] of Object.entries({ scores, classes, count: options.count, prototypes }))
    if (other !== undefined) checkTensor(`boxes with ${name}`, other);
  if (normalized && image === undefined) throw unfit('an image with normalized', 'none', 'Pass images[input] of the same prediction.');
  const rows = boxRows(tensor, layout, row);
  if (rows.count === 0) return [];
  const cornersOf = cornerReader(layout.columns);
  const classOf = scores ? classesApart(scores, classes, rows, labels) : classesInRows(rows, layout);
  const maskOf = prototypes && maskReader(prototypes, layout, rows, image);
  const scaleX = normalized && image ? image.width : 1;
  const scaleY = normalized && image ? image.height : 1;

  const found: Found[] = [];
  const count = options.count === undefined ? rows.count : Math.min(rows.count, Number(options.count.data[row] ?? 0));
  for (let box = 0; box < count; box++) {
    const { score, index } = classOf(box);
    if (!(score >= minScore && Number.isFinite(score) && Number.isFinite(index))) continue;
    const [x0, y0, x1, y1] = cornersOf(rows, box);
    const corners: Corners = [x0 * scaleX, y0 * scaleY, x1 * scaleX, y1 * scaleY];
    const place = onPicture(corners, image);
    if (place === undefined) continue;
    if (labels !== undefined && !(index in labels)) {
      throw unfit(`labels for class ${index}`, `${labels.length} labels`, "Give one label per class, in the model's order.");
    }
    found.push({ ...place, score, label: labels?.[index], index, at: box, corners });
  }
  return withoutOverlaps(
    found.sort((one, other) => other.score - one.score),
    maxOverlap,
    max,
  ).map(({ at, corners, ...box }) => ({
    ...box,
    ...(layout.points && { points: pointsOf(rows, at, layout, normalized, image) }),
    ...(maskOf && { mask: maskOf(at, corners, box) }),
  }));
}

/** A box, the place of its row among the picture's, and its corners in the model's pixels. */
interface Found extends Box<string | undefined> {
  readonly at: number;
  readonly corners: Corners;
}

function layoutOf(tensor: Tensor & { readonly layout?: BoxLayout }, { columns }: BoxOptions): BoxLayout {
  if (columns === undefined && tensor.layout !== undefined) {
    if (!tensor.layout.oriented) return tensor.layout;
    throw unfit(
      'upright boxes',
      'those of an oriented detector (obb)',
      'Read its rows, whose last value is an angle in radians, yourself.',
    );
  }
  const fitting = layoutsFitting(tensor.shape);
  checkColumns('boxes', columns, fitting.length === 0 ? '' : ` ${fittingText(fitting)}`);
  return { columns: columns as BoxLayout['columns'] };
}

/** The points of one box, which follow its scores. */
function pointsOf(
  rows: BoxRows,
  box: number,
  layout: BoxLayout,
  normalized: boolean,
  image: ImageMapping | undefined,
): Keypoints<string | undefined> {
  const [count, values] = layout.points as readonly [number, number];
  const start = extraAt(layout) + (layout.coefficients ?? 0);
  const data = Float32Array.from({ length: count * values }, (_, index) => valueAt(rows, box, start + index));
  return keypoints(
    { dtype: 'float32', shape: [count, values], data },
    {
      columns: values === 2 ? ['x', 'y'] : ['x', 'y', 'score'],
      normalized,
      ...(layout.pointNames && { names: layout.pointNames }),
      ...(image && { image }),
    },
  );
}

type Place = Pick<Box<string>, 'x' | 'y' | 'width' | 'height'>;

/** The upright rectangle around a box's corners, cut at the picture's edges; undefined if nothing is left. */
function onPicture(corners: Corners, image: ImageMapping | undefined): Place | undefined {
  const [x0, y0, x1, y1] = corners;
  if (!corners.every(Number.isFinite) || x1 <= x0 || y1 <= y0) return undefined;
  if (image === undefined) return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  const points = [image.toSource(x0, y0), image.toSource(x1, y0), image.toSource(x0, y1), image.toSource(x1, y1)];
  const x = Math.max(0, Math.min(...points.map((point) => point.x)));
  const y = Math.max(0, Math.min(...points.map((point) => point.y)));
  const width = Math.min(image.sourceWidth, Math.max(...points.map((point) => point.x))) - x;
  const height = Math.min(image.sourceHeight, Math.max(...points.map((point) => point.y))) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

/** Greedy non-maximum suppression per class, from the best box down. */
function withoutOverlaps(sorted: readonly Found[], maxOverlap: number, max: number): Found[] {
  const kept: Found[] = [];
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

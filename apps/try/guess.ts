/** Which drawing an output probably wants, by its shape and its values. A person may choose another. */
import type { Tensor, ValueKind } from '../../src/index.js';

export type DrawingKind = 'classes' | 'boxes' | 'keypoints' | 'mask' | 'heat' | 'table';

/** Of all drawings together; each reads its own. */
export interface DrawingSettings {
  kind: DrawingKind;
  /** Of boxes and points: what each value of a row means, parted by spaces; `-` for none. */
  columns: string;
  /** Of boxes and points: 0…1 of the tensor, not pixels. */
  normalized: boolean;
  /** Of boxes: the node of the output that scores them; '' where the rows do. */
  scores: string;
  minScore: number;
  /** Of points: which person. */
  row: number;
  /** Of masks and heat maps. */
  channel: number;
  /** Of masks; undefined: values are opacities. */
  threshold: number | undefined;
  values: ValueKind;
}

export const UNGUESSED: DrawingSettings = {
  ...{ kind: 'table', columns: 'x y', normalized: false, scores: '', minScore: 0.3, row: 0, channel: 0 },
  ...{ threshold: undefined, values: 'probabilities' },
};

/** One output of a prediction, by its node. */
export interface Seen {
  readonly node: string;
  readonly tensor: Tensor;
}

/** What is known around an output. */
export interface Context {
  /** All outputs of the prediction. */
  readonly all: readonly Seen[];
  /** Whether there is a picture to draw on. */
  readonly hasPicture: boolean;
}

/** Points of models that give them flat: hands have 21, faces 468, with irises 478. */
const POINTS: readonly number[] = [21, 33, 39, 68, 468, 478];

/** The fewest pixels that a grid is worth looking at as a picture for. */
const GRID = 8;

/** A mask is about as wide as high; what is much longer is a list. */
const LONGEST = 3;

export function guessDrawing({ node, tensor }: Seen, { all, hasPicture }: Context): Partial<DrawingSettings> {
  const sizes = withoutOnes(tensor.shape);
  const { min, max } = rangeOf(tensor);
  const isUnit = min >= 0 && max <= 1;
  const last = tensor.shape.at(-1) ?? 1;
  const [, inner = 1] = sizes.slice(-2);

  if (hasPicture && sizes.length === 2 && (inner === 4 || inner === 6) && (sizes[0] as number) > 1) {
    const normalized = max <= 2;
    if (inner === 6) return { kind: 'boxes', columns: 'x0 y0 x1 y1 score class', normalized };
    const scores = all.find((other) => other.node !== node && scoresFor(other.tensor, sizes[0] as number));
    if (scores !== undefined) return { kind: 'boxes', columns: 'y0 x0 y1 x1', normalized, scores: scores.node };
  }
  if (hasPicture && sizes.length === 2 && (inner === 2 || inner === 3) && (sizes[0] as number) >= 5) {
    // TensorFlow's points come as y, x, score from 0 to 1; points in pixels as x, y and a depth.
    if (isUnit) return { kind: 'keypoints', columns: inner === 3 ? 'y x score' : 'y x', normalized: true };
    return { kind: 'keypoints', columns: inner === 3 ? 'x y z' : 'x y', normalized: max - min <= 4 };
  }
  if (hasPicture && sizes.length === 1 && last % 3 === 0 && POINTS.includes(last / 3)) {
    return { kind: 'keypoints', columns: 'x y z', normalized: max - min <= 4 };
  }
  const [height, width, channels] = gridOf(tensor.shape);
  if (height >= GRID && width >= GRID) {
    const isPictured = Math.max(height, width) <= LONGEST * Math.min(height, width);
    const isMask = hasPicture && isUnit && channels <= 2 && isPictured;
    return isMask ? { kind: 'mask', channel: channels - 1 } : { kind: 'heat', channel: 0 };
  }
  // A few numbers made of a table's are more often predictions than classes.
  if (sizes.length === 1 && last >= 2 && (isUnit || hasPicture)) return { kind: 'classes', values: isUnit ? 'probabilities' : 'logits' };
  return { kind: 'table' };
}

/** Sizes that say something; a batch of one does not. */
const withoutOnes = (shape: readonly number[]): number[] => shape.filter((size) => size !== 1);

/** [height, width] or [height, width, channels], after axes of 1; zeros where there is no grid. */
function gridOf(shape: readonly number[]): [height: number, width: number, channels: number] {
  const first = shape.findIndex((size) => size !== 1);
  const [height, width, channels = 1, ...more] = first < 0 ? [] : shape.slice(first);
  return height === undefined || width === undefined || more.length > 0 ? [0, 0, 0] : [height, width, channels];
}

const scoresFor = ({ shape, dtype }: Tensor, boxes: number): boolean => {
  const [first, ...more] = withoutOnes(shape);
  return dtype === 'float32' && first === boxes && (more.length === 0 || (more.length === 1 && more[0] !== 4));
};

function rangeOf({ data }: Tensor): { min: number; max: number } {
  let [min, max] = [Infinity, -Infinity];
  for (const value of data) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

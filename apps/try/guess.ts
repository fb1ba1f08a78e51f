/** Guesses the drawing of an output from its shape and values. A person may choose another. */
import type { BoxLayout, Tensor, ValueKind } from '../../src/index.js';

export type DrawingKind = 'classes' | 'boxes' | 'keypoints' | 'mask' | 'heat' | 'table';

/** The settings of all drawings; each kind reads its own. */
export interface DrawingSettings {
  kind: DrawingKind;
  /** Boxes and points: the meaning of each value of a row, separated by spaces; `-` skips a value; '' for the layout of the output. */
  columns: string;
  /** Boxes and points: whether coordinates are 0…1 of the tensor instead of pixels. */
  normalized: boolean;
  /** Boxes: the node of the output with their scores; '' if the rows hold scores. */
  scores: string;
  minScore: number;
  /** Points: the index of the person. */
  row: number;
  /** Masks and heat maps: the channel. */
  channel: number;
  /** Masks: the threshold; undefined if values are opacities. */
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
  readonly tensor: Tensor & { readonly layout?: BoxLayout };
}

/** The context of an output. */
export interface Context {
  /** All outputs of the prediction. */
  readonly all: readonly Seen[];
  /** Whether there is a picture to draw on. */
  readonly hasPicture: boolean;
}

/** Numbers of points in models that return them flat: hands have 21, faces 468, with irises 478. */
const POINTS: readonly number[] = [21, 33, 39, 68, 468, 478];

/** Fewest pixels of a grid that is shown as a picture. */
const GRID = 8;

/** Largest ratio of the sides of a mask; a longer grid is a list. */
const LONGEST = 3;

export function guessDrawing({ node, tensor }: Seen, { all, hasPicture }: Context): Partial<DrawingSettings> {
  if (hasPicture && tensor.layout !== undefined) return { kind: 'boxes', columns: '' };
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
  // A few numbers for a row of a table are more often predictions than classes.
  if (sizes.length === 1 && last >= 2 && (isUnit || hasPicture)) return { kind: 'classes', values: isUnit ? 'probabilities' : 'logits' };
  return { kind: 'table' };
}

/** The sizes above 1. */
const withoutOnes = (shape: readonly number[]): number[] => shape.filter((size) => size !== 1);

/** [height, width] or [height, width, channels], after axes of 1; zeros if it is no grid. */
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

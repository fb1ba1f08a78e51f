/** Turns rows of coordinates into named points. */
import { PannierError } from '../base/errors.js';
import type { Tensor } from '../manifest/signature.js';
import type { ImageMapping } from '../preprocess/mapping.js';
import { checkColumns, checkTensor } from './checks.js';

/** The meaning of one value of a keypoint's row. */
export type KeypointColumn = 'x' | 'y' | 'z' | 'score';

/** One named point. */
export interface Keypoint<N> {
  /** Undefined if the option `names` is not given. */
  readonly name: N;
  /** In source pixels if `image` is given, else as the model gives it. */
  readonly x: number;
  readonly y: number;
  /** As the model gives it; undefined if the rows have no such column. */
  readonly z?: number;
  /** As the model gives it; undefined if the rows have no such column. */
  readonly score?: number;
}

/** The points of one person, in the model's order. There is always at least one, so the first needs no check. */
export type Keypoints<N> = [Keypoint<N>, ...Keypoint<N>[]];

/** Options of {@link keypoints}. */
export interface KeypointOptions {
  /** The meaning of each value of a point's row; null skips a value. */
  readonly columns: readonly (KeypointColumn | null)[];
  /** One name per point, in the model's order. */
  readonly names?: readonly string[];
  /** Coordinates are 0…1 of the tensor that the model saw, not pixels; needs `image`. */
  readonly normalized?: boolean;
  /** `images[input]` of the same prediction: maps points to source pixels. */
  readonly image?: ImageMapping;
  /** Which one of several people, hands, faces or pictures. @default 0 */
  readonly row?: number;
}

/**
 * Reads the points of one person from a tensor of shape [..., points, columns] or [..., points × columns].
 * All points are returned, in the model's order, including those outside of the picture.
 * @throws {PannierError} `input` if columns, names or row do not fit the tensor, or it has no point
 */
export function keypoints<N extends string>(tensor: Tensor, options: KeypointOptions & { readonly names: readonly N[] }): Keypoints<N>;
export function keypoints(tensor: Tensor, options: KeypointOptions): Keypoints<string | undefined>;
export function keypoints(tensor: Tensor, options: KeypointOptions): Keypoints<string | undefined> {
  checkTensor('keypoints', tensor);
  checkColumns('keypoints', options?.columns);
  const { columns, names, normalized = false, image, row = 0 } = options;
  const { data, shape } = tensor;
  const stride = columns.length;
  const last = shape.at(-1) ?? 1;
  const [x, y, z, score] = (['x', 'y', 'z', 'score'] as const).map((name) => columns.indexOf(name)) as [number, number, number, number];
  if (x < 0 || y < 0) throw unfit("columns with 'x' and 'y'", `[${columns}]`, 'Name what each value of a row means, null for none.');
  if (last % stride !== 0) {
    throw unfit('columns that divide its last axis', `${stride} columns for shape [${shape}]`, 'Name every value of a row, null for none.');
  }
  if (normalized && image === undefined) throw unfit('an image with normalized', 'none', 'Pass images[input] of the same prediction.');
  const points = last === stride ? (shape.at(-2) ?? 1) : last / stride;
  if (points === 0) throw unfit('at least one point', `shape [${shape}]`, 'Look at the number of people first, where the model gives it.');
  const people = data.length / (points * stride);
  if (!Number.isInteger(row) || row < 0 || row >= people) {
    throw unfit(`a row below ${people}`, `${row}`, `Shape [${shape}] holds ${people} of ${points} points.`);
  }
  if (names !== undefined && names.length !== points) {
    throw unfit(`${points} names`, `${names.length}`, "Give one name per point, in the model's order.");
  }
  const scaleX = normalized && image ? image.width : 1;
  const scaleY = normalized && image ? image.height : 1;
  const pointAt = (_: unknown, index: number): Keypoint<string | undefined> => {
    const start = (row * points + index) * stride;
    const at = (column: number) => data[start + column] as number;
    const modelX = at(x) * scaleX;
    const modelY = at(y) * scaleY;
    return {
      name: names?.[index],
      ...(image ? image.toSource(modelX, modelY) : { x: modelX, y: modelY }),
      ...(z >= 0 && { z: at(z) }),
      ...(score >= 0 && { score: at(score) }),
    };
  };
  // A tensor without a point is refused above.
  return Array.from({ length: points }, pointAt) as Keypoints<string | undefined>;
}

const unfit = (wanted: string, got: string, next: string): PannierError =>
  new PannierError('input', `keypoints wants ${wanted}, but got ${got}. ${next}`, { wanted, got });

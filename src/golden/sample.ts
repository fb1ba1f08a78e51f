/**
 * The golden sample: the inputs that a target must answer before it is trusted, and the comparison with the
 * outputs that the packer stored. Packer and browser share this code.
 */

import { DTYPES, type DType, type OwnedArray, sizeOf } from '../base/dtype.js';
import { isAllFinite } from '../base/finite.js';
import { mulberry32 } from '../base/random.js';
import type { RawOutput } from '../engines/engine.js';
import type { ColumnSpec, GoldenInput, GoldenOutput, ImageSpec, InputSpec, Manifest } from '../manifest/manifest.js';
import type { Cell, Row } from '../manifest/signature.js';
import { rowsOf } from '../manifest/sizes.js';
import { rowsFeed } from '../preprocess/columns.js';
import type { Feed } from '../preprocess/feed.js';
import { mapToSource } from '../preprocess/mapping.js';

/** Largest share of an output's stored values that may be off. */
export const SHARE_ALLOWED = 0.002;

/** How far a value may be from the stored one, as a share of its output's spread. */
export const TOLERANCE = 1e-3;

/** Whether a backend gives the stored outputs. */
export interface GoldenComparison {
  readonly agrees: boolean;
  /** Share of the stored values that are off, for the worst output; 1 if an output is missing or has another shape. */
  readonly shareOff: number;
  /** Says what is wrong with which output. Absent if all outputs agree. */
  readonly reason?: string;
}

/** The golden sample's inputs, as the engine takes them. */
export function goldenFeeds(manifest: Pick<Manifest, 'signature' | 'golden'>, goldenBytes: ArrayBuffer): Feed[] {
  return Object.entries(manifest.golden.inputs).map(([name, input]) => {
    const spec = manifest.signature.inputs[name];
    if (spec === undefined) throw new Error(`The golden sample feeds "${name}", which is no input.`);
    return goldenFeed(name, spec, input, goldenBytes);
  });
}

function goldenFeed(name: string, spec: InputSpec, input: GoldenInput, goldenBytes: ArrayBuffer): Feed {
  const { dtype, image, columns } = spec;
  const { shape } = input;
  if (input.kind === 'rows') {
    if (columns === undefined) throw new Error(`The golden sample has rows for "${name}", which takes none.`);
    return rowsFeed(name, { ...spec, columns }, sampleRows(columns, dtype, input));
  }
  if (input.kind === 'uniform') return { kind: 'tensor', name, dtype, shape, data: uniform(dtype, input) };
  if (image === undefined || dtype === 'bool') throw new Error(`The golden sample has a picture for "${name}", which takes none.`);
  const { offset, width, height } = input;
  const picture = { data: toRgba(new Uint8Array(goldenBytes, offset, width * height * 3)), width, height };
  // Stretched by our own bilinear filter, the sample has the same values in every browser, whatever the app's pictures use.
  const stretched: ImageSpec = { ...image, fit: 'stretch', filter: 'bilinear' };
  return { kind: 'picture', name, dtype, shape, picture, image: stretched, map: mapToSource(stretched, picture) };
}

/** Opaque RGBA from RGB. */
function toRgba(rgb: Uint8Array): Uint8Array {
  const pixels = rgb.length / 3;
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let index = 0; index < pixels; index++) rgba.set(rgb.subarray(index * 3, index * 3 + 3), index * 4);
  return rgba;
}

/** Values in [low, high); whole numbers for an integer dtype. */
export function uniform(dtype: DType, { seed, low, high, shape }: GoldenInput & { kind: 'uniform' }): OwnedArray {
  const values = new DTYPES[dtype](sizeOf(shape));
  const whole = dtype !== 'float32';
  const next = mulberry32(seed);
  for (let index = 0; index < values.length; index++) {
    const value = low + next() * (high - low);
    values[index] = whole ? Math.floor(value) : value;
  }
  return values;
}

/** Rows like those of training data: any category, and numbers within two standard deviations of their mean. */
function sampleRows(columns: readonly ColumnSpec[], dtype: DType, { seed, shape }: GoldenInput & { kind: 'rows' }): Row[] {
  const next = mulberry32(seed);
  const cell = (column: ColumnSpec): Cell => {
    if ('categories' in column) return column.categories[Math.floor(next() * column.categories.length)] as Cell;
    return dtype === 'int32' ? Math.floor(next() * 2) : column.mean + column.std * (next() * 4 - 2);
  };
  return Array.from({ length: rowsOf(shape) }, () => Object.fromEntries(columns.map((column) => [column.name, cell(column)])));
}

/** The indices of the `count` stored values among the `size` values of an output, evenly spaced. */
export function* goldenIndices(size: number, count: number): Generator<number> {
  for (let index = 0; index < count; index++) yield Math.floor((index * size) / count);
}

/** The values at `indices` as float32, as the golden file stores them. */
export const goldenValues = (data: ArrayLike<number>, count: number): Float32Array =>
  Float32Array.from(goldenIndices(data.length, count), (index) => data[index] as number);

/** The smallest and the largest value; `finite` is false if any value is NaN or infinite. */
export function rangeOf(data: ArrayLike<number>): { readonly min: number; readonly max: number; readonly finite: boolean } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let finite = true;
  for (let index = 0; index < data.length; index++) {
    const value = data[index] as number;
    if (!Number.isFinite(value)) finite = false;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max, finite };
}

/** The spread that the tolerance is a share of: the distance from minimum to maximum, or the value itself if there is only one. */
export const spreadOf = ({ min, max, shape }: Pick<GoldenOutput, 'min' | 'max' | 'shape'>): number =>
  sizeOf(shape) === 1 ? Math.abs(max) : max - min;

/**
 * Compares outputs with the stored ones.
 * @param outputs by name; outputs that the sample skips are ignored
 */
export function compareGolden(
  manifest: Pick<Manifest, 'golden'>,
  goldenBytes: ArrayBuffer,
  outputs: Readonly<Record<string, RawOutput>>,
): GoldenComparison {
  let shareOff = 0;
  let reason: string | undefined;
  for (const [name, stored] of Object.entries(manifest.golden.outputs)) {
    const verdict = compareOutput(stored, new Float32Array(goldenBytes, stored.offset, stored.count), outputs[name]);
    shareOff = Math.max(shareOff, verdict.shareOff);
    if (verdict.reason !== undefined) reason ??= `output "${name}" ${verdict.reason}`;
  }
  return reason === undefined ? { agrees: true, shareOff } : { agrees: false, shareOff, reason };
}

function compareOutput(stored: GoldenOutput, values: Float32Array, got: RawOutput | undefined): { shareOff: number; reason?: string } {
  const nothing = (reason: string) => ({ shareOff: 1, reason });
  if (got === undefined) return nothing('is missing');
  if (got.shape.length !== stored.shape.length || got.shape.some((dim, axis) => dim !== stored.shape[axis])) {
    return nothing(`has shape [${got.shape.join(', ')}], but should have [${stored.shape.join(', ')}]`);
  }
  if (got.finite !== true && !isAllFinite(got)) return nothing('has values that are not finite');
  // A sparse output that lost all of its values could still have 99.8 % of them right, so all zeros is refused by itself.
  const [first] = got.data;
  const isSame = first !== undefined && got.data.every((value) => value === first);
  if (isSame && stored.min !== stored.max) return nothing(first === 0 ? 'is all zero' : 'is the same everywhere');
  const tolerance = TOLERANCE * spreadOf(stored);
  const now = goldenValues(got.data, stored.count);
  const off = values.reduce((sum, value, index) => sum + (Math.abs(value - (now[index] as number)) > tolerance ? 1 : 0), 0);
  const shareOff = off / Math.max(1, stored.count);
  if (shareOff <= SHARE_ALLOWED) return { shareOff };
  return {
    shareOff,
    reason: `is off in ${(shareOff * 100).toFixed(1)} % of ${stored.count} values by more than ${TOLERANCE} of its spread (${SHARE_ALLOWED * 100} % allowed)`,
  };
}

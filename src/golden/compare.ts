/** The comparison of a target's outputs with those that the packer stored. Packer and browser share this code. */
import { type DType, shapeText } from '../base/dtype.js';
import { isAllFinite } from '../base/finite.js';
import type { RawOutput } from '../engines/engine.js';
import type { GoldenSample, GoldenValues } from '../manifest/manifest.js';

/** Largest share of an output's stored values that may be off. */
export const SHARE_ALLOWED = 0.002;

/** How far a value may be from the stored one, as a share of its output's spread. */
export const TOLERANCE = 1e-3;

/**
 * How far any value may be from the stored one, as a share of the output's largest magnitude: float32 rounding alone moves values so
 * far where a sum of hundreds of terms is taken in another order. It counts where values lie close together, as three rows may.
 */
const ROUNDING = 1e-5;

/** How many steps a value may be off behind the roundings of a quantised network, and the share of values that may be off by more. */
const MAX_STEPS_OFF = 2;
const MAX_ROUNDED_SHARE_OFF = 0.01;

/** A smaller spread is none: the output is the same everywhere. A share of the values, and absolute for values below 1. */
export const MIN_SPREAD = 1e-6;

/** Whether a backend gives the stored outputs. */
export interface GoldenComparison {
  readonly agrees: boolean;
  /** Share of the stored values that are off, for the worst output; 1 if an output is missing or of another type. */
  readonly shareOff: number;
  /** Says what is wrong with which output. Absent if all outputs agree. */
  readonly reason?: string;
}

/** The indices of the `count` stored values among the `size` values of an output, evenly spaced. */
export function* goldenIndices(size: number, count: number): Generator<number> {
  for (let index = 0; index < count; index++) yield Math.floor((index * size) / count);
}

/** The stored values among those of an output as float32, as the golden file has them. */
export const goldenValues = (data: ArrayLike<number>, count: number): Float32Array<ArrayBuffer> =>
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

type Extremes = Pick<GoldenValues, 'min' | 'max'>;

const magnitudeOf = ({ min, max }: Extremes): number => Math.max(Math.abs(min), Math.abs(max));

/** Whether values between these extremes are all the same, but for rounding. */
export const isConstant = (values: Extremes): boolean => values.max - values.min < MIN_SPREAD * Math.max(1, magnitudeOf(values));

/**
 * The spread that the tolerance is a share of: the distance from minimum to maximum, or the value itself if there is only one. Where
 * an output is the same everywhere, its values may be off by a share of themselves, and a tiny bit around 0.
 */
export function spreadOf(values: Extremes): number {
  return isConstant(values) ? Math.max(magnitudeOf(values), MIN_SPREAD / TOLERANCE) : values.max - values.min;
}

/**
 * Compares outputs with the stored ones: dtype and shape of each, and the values that are stored.
 * @param specs the outputs of the signature
 * @param outputs by name; an output that the sample does not have is ignored
 */
export function compareGolden(
  specs: Readonly<Record<string, { readonly dtype: DType }>>,
  sample: Pick<GoldenSample, 'outputs'>,
  goldenBytes: ArrayBuffer,
  outputs: Readonly<Record<string, RawOutput>>,
): GoldenComparison {
  let shareOff = 0;
  let reason: string | undefined;
  const tell = (name: string, share: number, problem: string | undefined) => {
    shareOff = Math.max(shareOff, share);
    if (problem !== undefined) reason ??= `output "${name}" ${problem}`;
  };
  for (const [name, { shape, values }] of Object.entries(sample.outputs)) {
    const got = outputs[name];
    const problem = typeProblem(got, specs[name]?.dtype, shape);
    if (problem !== undefined) tell(name, 1, problem);
    else if (values !== undefined) {
      const { share, problem } = compareValues(values, goldenBytes, got as RawOutput);
      tell(name, share, problem);
    }
  }
  return reason === undefined ? { agrees: true, shareOff } : { agrees: false, shareOff, reason };
}

function typeProblem(got: RawOutput | undefined, dtype: DType | undefined, shape: readonly (number | null)[]): string | undefined {
  if (got === undefined) return 'is missing';
  if (got.dtype !== dtype) return `is ${got.dtype}, but should be ${dtype}`;
  const fits = got.shape.length === shape.length && shape.every((size, axis) => size === null || size === got.shape[axis]);
  return fits ? undefined : `has shape ${shapeText(got.shape)}, but should have ${shapeText(shape)}`;
}

function compareValues(values: GoldenValues, goldenBytes: ArrayBuffer, got: RawOutput): { share: number; problem?: string } {
  const wrong = (problem: string) => ({ share: 1, problem });
  if (got.finite !== true && !isAllFinite(got)) return wrong('has values that are not finite');
  // A sparse output that lost all of its values could still have 99.8 % of them right, so all zeros is refused by itself.
  const [first] = got.data;
  const isSame = first !== undefined && got.data.every((value) => value === first);
  const { tolerance, allowed } = toleranceOf(values);
  if (isSame && values.max - values.min > 2 * tolerance) return wrong(first === 0 ? 'is all zero' : 'is the same everywhere');
  const stored = new Float32Array(goldenBytes, values.offset, values.count);
  const now = goldenValues(got.data, values.count);
  const off = stored.reduce((sum, value, index) => sum + (Math.abs(value - (now[index] as number)) > tolerance ? 1 : 0), 0);
  const share = off / Math.max(1, values.count);
  if (share <= allowed) return { share };
  const limit = values.step === undefined ? `${TOLERANCE} of its spread` : `${MAX_STEPS_OFF} steps of ${values.step}`;
  return {
    share,
    problem: `is off in ${(share * 100).toFixed(1)} % of ${values.count} values by more than ${limit} (${allowed * 100} % allowed)`,
  };
}

/** How far a value may be off, and the share of values that may be off by more. */
export function toleranceOf(values: Extremes & Pick<GoldenValues, 'step'>): { readonly tolerance: number; readonly allowed: number } {
  const { step } = values;
  const rounding = ROUNDING * magnitudeOf(values);
  if (step !== undefined) return { tolerance: Math.max(MAX_STEPS_OFF * step, rounding), allowed: MAX_ROUNDED_SHARE_OFF };
  return { tolerance: Math.max(TOLERANCE * spreadOf(values), rounding), allowed: SHARE_ALLOWED };
}

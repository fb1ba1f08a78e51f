/** The distance between the answers of two models to the same inputs. */
import { shapeText, sizeOf } from '../../../src/base/dtype.js';
import { rangeOf, spreadOf } from '../../../src/golden/compare.js';
import type { AnyOutputs } from '../../../src/manifest/signature.js';

/** The distance between two models in one output. */
export interface OutputDifference {
  /** The largest distance of any two values; null if nothing could be compared, or if a value is finite in one model only. */
  readonly maxAbsDifference: number | null;
  /** The largest distance as a share of the distance from the smallest to the largest value of the old answer. */
  readonly shareOfSpread: number | null;
  /** The mean distance over all values of all samples; null where the largest is. */
  readonly meanAbsDifference: number | null;
  /** The rows of scores in which both models have the same class on top, among all rows; absent for an output without such rows. */
  readonly sameTop?: { readonly same: number; readonly of: number };
  /** The reason why nothing could be compared, or a doubt about the comparison. */
  readonly note?: string;
}

type Output = AnyOutputs[string];

const UNKNOWN = { maxAbsDifference: null, shareOfSpread: null, meanAbsDifference: null } as const;

/**
 * Compares the answers to the same inputs, output by output.
 * @param old for each sample the answer of the old model
 * @param now for each sample the answer of the new one
 */
export function compareAnswers(old: readonly AnyOutputs[], now: readonly AnyOutputs[]): Record<string, OutputDifference> {
  const names = Object.keys(old[0] ?? {}).filter((name) => Object.hasOwn(now[0] ?? {}, name));
  const compared = names.map((name): [string, OutputDifference] => [
    name,
    compareOutput(old.map((answer, sample) => [answer[name] as Output, now[sample]?.[name] as Output] as const)),
  ]);
  return Object.fromEntries(compared);
}

function compareOutput(pairs: readonly (readonly [old: Output, now: Output])[]): OutputDifference {
  const other = pairs.map(([old, now]) => typeChange(old, now)).find((change) => change !== undefined);
  if (other !== undefined) return { ...UNKNOWN, note: other };
  const distances = pairs.map(([old, now]) => distanceOf(old.data, now.data));
  const tops = pairs.flatMap(([old, now]) => (hasScores(old) ? sameTops(old, now) : []));
  const sameTop = tops.length > 0 && { sameTop: { same: tops.filter(Boolean).length, of: tops.length } };
  if (distances.some(({ largest }) => !Number.isFinite(largest)))
    return { ...UNKNOWN, ...sameTop, note: 'a value is NaN or infinite in one of them' };
  const shares = pairs.map(([old], sample) => (distances[sample] as Distance).largest / spreadOf(rangeOf(old.data)));
  const values = pairs.reduce((sum, [old]) => sum + old.data.length, 0);
  return {
    maxAbsDifference: Math.max(...distances.map(({ largest }) => largest)),
    shareOfSpread: Math.max(...shares),
    meanAbsDifference: distances.reduce((total, { sum }) => total + sum, 0) / Math.max(1, values),
    ...sameTop,
  };
}

function typeChange(old: Output, now: Output): string | undefined {
  const [before, after] = [old, now].map(({ dtype, shape }) => `${dtype} ${shapeText(shape)}`);
  return before === after ? undefined : `${before} → ${after}`;
}

/** The distances of two outputs, value by value. */
interface Distance {
  /** It is infinite if only one of two values is a finite number, or if both are not and differ. */
  readonly largest: number;
  readonly sum: number;
}

function distanceOf(old: Output['data'], now: Output['data']): Distance {
  let [largest, sum] = [0, 0];
  for (let index = 0; index < old.length; index++) {
    const [before, after] = [old[index] as number, now[index] as number];
    if (Object.is(before, after)) continue;
    const distance = Math.abs(after - before);
    if (!Number.isFinite(distance)) return { largest: Number.POSITIVE_INFINITY, sum: Number.POSITIVE_INFINITY };
    if (distance > largest) largest = distance;
    sum += distance;
  }
  return { largest, sum };
}

/** Tells outputs that hold scores of classes, row by row: the packer was told so, or it is a table of several columns. */
function hasScores({ dtype, labels, values, shape }: Output): boolean {
  const isTable = shape.length === 2 && dtype === 'float32';
  return (shape.at(-1) ?? 1) > 1 && sizeOf(shape) > 0 && (labels !== undefined || values !== undefined || isTable);
}

/** Compares the highest score of each row by its label, or by its index where an output has no labels. */
function sameTops(old: Output, now: Output): boolean[] {
  const classes = old.shape.at(-1) as number;
  return Array.from({ length: old.data.length / classes }, (_, row) => topOf(old, row, classes) === topOf(now, row, classes));
}

function topOf({ data, labels }: Output, row: number, classes: number): string | number {
  const first = row * classes;
  let top = 0;
  for (let index = 1; index < classes; index++) if ((data[first + index] as number) > (data[first + top] as number)) top = index;
  return labels?.[top] ?? top;
}

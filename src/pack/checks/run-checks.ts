/** Runs golden checks: the graph's answers held against the training framework's. */
import { sizeOf } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import type { RawOutput } from '../../engines/engine.js';
import { unpad } from '../../preprocess/pad.js';
import type { NpyArray } from '../files/npy.js';
import type { Runner } from '../golden/run.js';
import { type Change, feedsOf } from '../samples/feeds.js';
import type { Attempt } from './attempt.js';
import { findCause } from './cause.js';
import type { ReadCheck } from './checks.js';

/** The result of a check. `distance` is that of the worst output: the root mean square of the differences, as a share of the expected values' deviation. */
interface CheckVerdict extends Attempt {
  readonly miss?: string;
}

/** A graph that checks are run on. */
export interface CheckedGraph {
  readonly runner: Runner;
  /** By output: axes that are cut back where inputs are padded. */
  readonly lengthAxes: Readonly<Record<string, readonly number[]>>;
  /** By input: the node, which is how a message names the input's options. */
  readonly nodes: Readonly<Record<string, string>>;
}

/**
 * Runs every check.
 * @returns warnings about parts that could not be checked
 * @throws {PannierError} `golden-mismatch` for the first check that fails, naming a preprocessing that would agree if there is one
 */
export async function runChecks(graph: CheckedGraph, checks: readonly ReadCheck[]): Promise<string[]> {
  const warnings: string[] = [];
  for (const check of checks) {
    const { agrees, distance, miss = '' } = await tryCheck(graph, check);
    if (!agrees) {
      const cause = await findCause((change) => tryCheck(graph, check, change), check, graph.nodes, distance);
      throw new PannierError('golden-mismatch', `${check.place}: ${miss}. ${cause}`, { check: check.place });
    }
    if (check.pictures.some(({ spec }) => spec.image.filter === 'browser'))
      warnings.push(`${check.place} was checked with filter 'bilinear': only browsers resize as filter 'browser' does.`);
  }
  return warnings;
}

/** One run, with the declared preprocessing or another one. */
async function tryCheck({ runner, lengthAxes }: CheckedGraph, check: ReadCheck, change?: Change): Promise<CheckVerdict> {
  const { expected, tolerance } = check;
  const { feeds, length } = feedsOf(check, change);
  const answers = await runner.run(feeds);
  const verdicts = expected.map(({ name, array }) => {
    const answer = answers[name] as RawOutput;
    return compare(name, array, length === undefined ? answer : unpad(answer, lengthAxes[name] ?? [], length), tolerance);
  });
  return verdicts.reduce((worst, verdict) => (verdict.distance > worst.distance ? verdict : worst));
}

function compare(name: string, { shape, values }: NpyArray, got: RawOutput, tolerance: number): CheckVerdict {
  // Frameworks differ in sizes of 1, such as the batch's.
  const [wantedSizes, gotSizes] = [shape, got.shape].map((sizes) => sizes.filter((size) => size !== 1));
  if (`${wantedSizes}` !== `${gotSizes}`) {
    const miss = `output "${name}" has shape [${got.shape.join(', ')}], but the training framework gave [${shape.join(', ')}]`;
    return { agrees: false, distance: Number.POSITIVE_INFINITY, miss };
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [squares, scatter, largest, at] = [0, 0, -1, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const difference = Math.abs(value - (got.data[index] as number));
    squares += difference ** 2;
    scatter += (value - mean) ** 2;
    // A distance of NaN counts as the largest.
    if (!(difference <= largest)) [largest, at] = [difference, index];
  }
  // Equal expected values have no deviation, so the value itself becomes the measure.
  const size = Math.sqrt(scatter / values.length) || Math.abs(mean) || 1;
  const distance = Math.sqrt(squares / values.length) / size;
  if (distance <= tolerance) return { agrees: true, distance };
  const miss = `output "${name}" is not what the training framework gave: it is off by ${percent(distance)} of how far those values scatter (${percent(tolerance)} is allowed), most at ${placeOf(at, got.shape)}, ${short(got.data[at])} where ${short(values[at])} is expected`;
  return { agrees: false, distance: Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance, miss };
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;

const short = (value: number | undefined): string => String(Number(value?.toPrecision(4)));

/** `[0, 3, 1]` */
function placeOf(index: number, shape: readonly number[]): string {
  const places = shape.map((size, axis) => Math.floor(index / sizeOf(shape.slice(axis + 1))) % size);
  return `[${places.join(', ')}]`;
}

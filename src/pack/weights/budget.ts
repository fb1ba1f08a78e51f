/** Holds a packed model to its budget: bytes, FLOPs, and the error of quantised weights. A refusal names the largest parts. */

import { PannierError } from '../../base/errors.js';
import type { Weight } from '../../formats/tfjs/weights.js';
import { compareGolden } from '../../golden/compare.js';
import type { GoldenOutput } from '../../manifest/manifest.js';
import type { Feed } from '../../preprocess/feed.js';
import { type Answers, changeOf, type StoredGolden } from '../golden/golden.js';
import type { Runner } from '../golden/run.js';
import { type Cost, countFlops } from '../model/cost.js';
import { noiseOf } from './quantize.js';

/** Most parts that a message names. */
const NAMED = 3;

/** Most weights that are each quantised alone to find the ones that cost most; each takes a run of the model. */
const TRIED = 8;

const over = (message: string, detail: Record<string, unknown>): PannierError => new PannierError('budget', message, detail);

/** @throws {PannierError} `budget`, naming the largest weights */
export function checkBytes(limit: number | undefined, bytes: number, weights: readonly Weight[]): void {
  if (limit === undefined || bytes <= limit) return;
  const largest = [...weights].sort((a, b) => b.bytes.length - a.bytes.length).slice(0, NAMED);
  const named = largest.map(({ name, bytes: own, dtype, quantization }) => `"${name}" ${own.length} (${quantization?.dtype ?? dtype})`);
  throw over(
    `The packed model has ${bytes} bytes, more than budget.bytes, ${limit}. Its largest weights: ${named.join(', ')}. Store them in fewer bytes (quantize), take a smaller model, or raise the budget.`,
    { bytes, limit, largest: largest.map(({ name, bytes: own }) => ({ name, bytes: own.length })) },
  );
}

/** @throws {PannierError} `budget`, naming the ops that cost most */
export function checkFlops(limitMflop: number | undefined, cost: Cost): void {
  const mflop = countFlops(cost) / 1e6;
  if (limitMflop === undefined || mflop <= limitMflop) return;
  const names = [...new Set(cost.calls.map(({ name }) => name))];
  const ops = names.map((name) => {
    const calls = cost.calls.filter((call) => call.name === name);
    return { name, calls: calls.length, mflop: countFlops({ calls }) / 1e6 };
  });
  const largest = ops.sort((a, b) => b.mflop - a.mflop).slice(0, NAMED);
  const named = largest.map(({ name, calls: count, mflop: own }) => `${name} ${short(own)} in ${count} calls`);
  throw over(
    `One predict takes ${short(mflop)} MFLOP, more than budget.mflop, ${limitMflop}. The ops that cost most: ${named.join(', ')}. Take a smaller model or a smaller input, or raise the budget.`,
    { mflop, limit: limitMflop, largest },
  );
}

/** The original weights and the quantised ones, what they answered to the first golden sample, and a way to run others. */
export interface Comparison {
  readonly before: readonly Weight[];
  readonly after: readonly Weight[];
  readonly golden: StoredGolden;
  readonly original: Answers;
  readonly quantized: Answers;
  readonly feeds: readonly Feed[];
  open<T>(weights: readonly Weight[], step: (runner: Runner) => Promise<T>): Promise<T>;
}

/**
 * Compares the outputs with quantised weights with the original ones.
 * @returns the largest change of any golden value, as a share of its output's spread
 * @throws {PannierError} `budget`, naming each output's error and the weights that cost most
 */
export async function checkGoldenError(limit: number | undefined, comparison: Comparison): Promise<number> {
  const { golden, original, quantized } = comparison;
  const [sample] = golden.samples;
  const saysNothing = ([name, { values }]: [string, GoldenOutput]) => values === undefined || Object.hasOwn(golden.constant, name);
  if (Object.entries(sample.outputs).every(saysNothing)) {
    throw over('Nobody can tell what quantising costs: the golden sample has no output to compare. Give it a picture (goldenPicture).', {});
  }
  const changes = changeOf(sample, original, quantized);
  const error = Math.max(...Object.values(changes));
  if (isWithin(limit, comparison, quantized, error)) return error;
  const costly = await findCostly(comparison);
  const rest = await comparison.open(without(comparison, costly), (runner) => runner.run(comparison.feeds));
  const restError = Math.max(...Object.values(changeOf(sample, original, rest)));
  const rule = limit === undefined ? 'as close as a backend must be, or budget.goldenError' : `budget.goldenError, ${limit}`;
  const outputs = Object.entries(changes).map(([name, change]) => `"${name}" by ${percent(change)}`);
  const kept = costly.map(({ name }) => `'${name}': 'none'`);
  const isEnough = isWithin(limit, comparison, rest, restError);
  throw over(
    [
      `Quantised weights move the golden sample's outputs too far, as shares of their spread: ${outputs.join(', ')}; the limit is ${rule}.`,
      `Leave out what costs most, quantize: { ${kept.join(', ')}, … } (alone ${costly.map(({ change }) => percent(change)).join(', ')}):`,
      `the error is then ${percent(restError)}, ${isEnough ? 'which is enough' : 'which is not yet enough'}.`,
    ].join(' '),
    { outputs: changes, costly, withoutThem: restError, isEnough },
  );
}

function isWithin(limit: number | undefined, { golden }: Comparison, answers: Answers, error: number): boolean {
  // NaN exceeds every budget.
  if (limit !== undefined) return error <= limit;
  return compareGolden(answers, golden.samples[0], golden.bytes.buffer as ArrayBuffer, answers).agrees;
}

/** Among the weights that became coarsest, the ones that alone move the outputs most. */
async function findCostly({ before, after, golden, original, feeds, open }: Comparison) {
  const changed = after.flatMap((weight, index) => {
    const was = before[index] as Weight;
    return weight === was ? [] : [{ weight, index, noise: noiseOf(was, weight) }];
  });
  const tried = changed.sort((a, b) => b.noise - a.noise).slice(0, TRIED);
  const [sample] = golden.samples;
  const costs: { readonly name: string; readonly change: number }[] = [];
  for (const { weight, index } of tried) {
    const answers = await open(before.with(index, weight), (runner) => runner.run(feeds));
    costs.push({ name: weight.name, change: Math.max(...Object.values(changeOf(sample, original, answers))) });
  }
  return costs.sort((a, b) => b.change - a.change).slice(0, NAMED);
}

const without = ({ before, after }: Comparison, costly: readonly { readonly name: string }[]): readonly Weight[] =>
  after.map((weight, index) => (costly.some(({ name }) => name === weight.name) ? (before[index] as Weight) : weight));

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;
const short = (count: number): string => (count < 100 ? count.toPrecision(2) : count.toFixed(0));

/** How far a graph after passes is from what the graph as read answers. */
import { shapeText } from '../../base/dtype.js';
import { messageOf, PannierError } from '../../base/errors.js';
import { toleranceOf } from '../../golden/compare.js';
import type { GoldenValues } from '../../manifest/manifest.js';
import type { Feed } from '../../preprocess/feed.js';
import type { Answers } from './golden.js';
import type { RunCost } from './run.js';
import type { Sampled, Sampling } from './sampling.js';

/**
 * The most that passes may move a value of an output, as a share of the output's largest magnitude: a tenth of what the golden sample
 * allows a backend. Right passes round weights anew, and deep networks amplify that: they move selfie by 1.1e-5, where TF.js's cpu
 * backend is 1.2e-5 from the reference without any pass.
 */
export const MAX_DIFFERENCE = 1e-4;

/** The values of an output that are all smaller are what rounding leaves of sums: they may be off by a share of this. */
const MIN_MAGNITUDE = 1e-3;

/** The golden samples, run with another graph that should mean the same. */
export interface RunAgain {
  /** How far the output is off that is off most, as a share of its largest magnitude; infinite if the graph does not run. */
  readonly share: number;
  /** The rest of a sentence that begins with what changed the graph: `moves output "scores" by 0.3 of its largest value`. */
  readonly problem: string | undefined;
  /** The cost of a run of the first sample; undefined if the graph does not run. */
  readonly cost: RunCost | undefined;
}

/**
 * Runs both golden samples with another graph. Outputs that golden samples do not compare, such as one that moves when the input is off
 * by a millionth, are not compared here either.
 * @param original the results of the graph as read
 */
export async function runAgain(sampled: Sampled, after: Sampling): Promise<RunAgain> {
  try {
    return await after.open(after.weights, async (runner) => {
      const shares = Object.entries(await sharesOff(sampled, (feeds) => runner.run(feeds)));
      const [output, share] = shares.reduce((worst, each) => (each[1] > worst[1] ? each : worst), ['', 0]);
      const moved = `moves output "${output}" by ${share.toPrecision(2)} of its largest value`;
      return { share, problem: share > MAX_DIFFERENCE ? moved : undefined, cost: await runner.cost(sampled.runs[0].feeds) };
    });
  } catch (thrown) {
    if (!(thrown instanceof PannierError)) throw thrown;
    return { share: Number.POSITIVE_INFINITY, problem: `breaks the graph (${messageOf(thrown)})`, cost: undefined };
  }
}

/**
 * How far other answers to the golden samples are off: for each output that golden samples compare, the largest difference of a value
 * as a share of the output's largest magnitude; infinite where type or shape differ; 0 where a quantised network rounds and the values are
 * as close as a backend's may be.
 * @param run answers a sample again; it gets the first answers, too
 */
export async function sharesOff(
  { runs, golden }: Sampled,
  run: (feeds: readonly Feed[], answers: Answers) => Promise<Answers>,
): Promise<Record<string, number>> {
  const shares: Record<string, number> = {};
  for (const [which, { feeds, answers }] of runs.entries()) {
    const again = await run(feeds, answers);
    for (const [output, { values }] of Object.entries(golden.samples[which]?.outputs ?? {}))
      if (values !== undefined) shares[output] = Math.max(shares[output] ?? 0, shareOff(answers[output], again[output], values));
  }
  return shares;
}

function shareOff(before: Answers[string] | undefined, after: Answers[string] | undefined, values: GoldenValues): number {
  if (before === undefined || after === undefined || before.dtype !== after.dtype || shapeText(before.shape) !== shapeText(after.shape))
    return Number.POSITIVE_INFINITY;
  const { tolerance, allowed } = toleranceOf(values);
  let [magnitude, farthest, beyond] = [MIN_MAGNITUDE, 0, 0];
  for (const [index, value] of before.data.entries()) {
    const off = Math.abs((after.data[index] as number) - value);
    // What is compared has no NaN before the passes.
    farthest = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(farthest, off);
    magnitude = Math.max(magnitude, Math.abs(value));
    // NaN is beyond every tolerance.
    if (!(off <= tolerance)) beyond++;
  }
  // Rounded values that are as close as a backend's may be are not off.
  if (values.step !== undefined && beyond <= allowed * before.data.length) return 0;
  return farthest / magnitude;
}

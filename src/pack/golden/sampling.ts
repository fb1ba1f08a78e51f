/** The graph with one set of weights or another, as files and as runs of the golden samples. */

import { messageOf, PannierError } from '../../base/errors.js';
import { isAllFinite } from '../../base/finite.js';
import type { RawOutput } from '../../engines/engine.js';
import type { Weight } from '../../formats/tfjs/weights.js';
import { goldenFeeds } from '../../golden/feeds.js';
import type { Graph } from '../../graph/graph.js';
import type { GoldenSpec, InputSpec } from '../../manifest/manifest.js';
import { MAX_VALUES } from '../../manifest/sizes.js';
import type { Feed } from '../../preprocess/feed.js';
import { channelAxes } from '../model/channel-axes.js';
import type { ReadModel } from '../model/read-model.js';
import type { GraphSignature } from '../model/signature.js';
import { weightsOf, withWeights } from '../model/weights.js';
import { type GraphFiles, graphFiles } from '../out/graph-files.js';
import { type Answers, type StoredGolden, storeGolden } from './golden.js';
import type { KeptAnswers } from './kept-answers.js';
import type { GoldenPlan } from './plan.js';
import { roundingSteps } from './rounding-steps.js';
import { type Runner, withRunner } from './run.js';

/** The results of the golden samples' runs. */
export interface Sampled {
  /** The plan that was run. */
  readonly plan: GoldenPlan;
  /** The inputs of the first sample. */
  readonly feeds: readonly Feed[];
  /** The answers to the first sample. */
  readonly answers: Answers;
  /** The runs of both samples. */
  readonly runs: readonly [Run, Run];
  readonly golden: StoredGolden & Pick<GoldenSpec, 'truth'>;
  /** The warnings say why another plan was run than the first one, or why there is no batch. */
  readonly warnings: readonly string[];
}

/** A graph that can be run with other weights. */
export interface Sampling {
  readonly graph: Graph;
  /** The graph's own weights. */
  readonly weights: readonly Weight[];
  /** By the name of a weight, the axis of its output channels; those that have none are left out. */
  readonly channelAxes: ReadonlyMap<string, number>;
  filesOf(weights: readonly Weight[]): GraphFiles;
  /** Opens the graph with these weights, hands it to `use` and frees it. */
  open<T>(weights: readonly Weight[], use: (runner: Runner) => Promise<T>): Promise<T>;
  /**
   * Runs both golden samples, each also off by a millionth, and the batch.
   * @param plans of which the first is taken whose answers are finite, else the one with the most finite outputs
   * @throws {PannierError} `model-format` if the graph runs on none, or answers nothing that can be compared
   */
  sample(runner: Runner, plans: readonly GoldenPlan[]): Promise<Sampled>;
}

/** @param kept answers of the reference that earlier packs computed */
export function samplingOf(
  { file, graph }: Pick<ReadModel, 'file' | 'graph'>,
  signature: GraphSignature,
  inputs: Readonly<Record<string, InputSpec>>,
  kept?: KeptAnswers,
): Sampling {
  const own = weightsOf(graph);
  const stepOf = roundingSteps(graph);
  const steps = Object.fromEntries(signature.outputs.map(({ name }, index) => [name, stepOf[index]]));
  return {
    graph,
    weights: own,
    channelAxes: channelAxes(graph),
    filesOf: (weights) => graphFiles(withWeights(graph, own, weights), signature),
    open: (weights, use) => withRunner({ file, signature, graph: withWeights(graph, own, weights) }, use, kept),
    async sample(runner, plans) {
      const { plan, runs, warnings } = await runPlans(runner, plans, inputs);
      const [first, second] = runs;
      const nudged = async ({ feeds, answers }: Run) => ({ answers, nudged: await runner.runNudged(feeds) });
      const batch = await runBatch(runner, plan, inputs);
      const golden = { truth: runner.truth, ...storeGolden(plan, [await nudged(first), await nudged(second)], steps, batch.answers) };
      return { plan, ...first, runs, golden, warnings: [...warnings, ...batch.warnings] };
    },
  };
}

/** One run of a golden sample. */
export interface Run {
  readonly feeds: readonly Feed[];
  readonly answers: Answers;
}

async function runPlans(runner: Runner, plans: readonly GoldenPlan[], inputs: Readonly<Record<string, InputSpec>>) {
  const tried: { readonly plan: GoldenPlan; readonly runs: readonly [Run, Run]; readonly notFinite: readonly string[] }[] = [];
  const failures: PannierError[] = [];
  for (const plan of plans) {
    const run = async (sample: GoldenPlan['samples'][number]): Promise<Run> => {
      const feeds = goldenFeeds(inputs, { inputs: sample }, new Uint8Array(plan.bytes).buffer);
      return { feeds, answers: await runner.run(feeds) };
    };
    try {
      const runs = [await run(plan.samples[0]), await run(plan.samples[1])] as const;
      const notFinite = Object.keys(runs[0].answers).filter((name) => runs.some(({ answers }) => !isAllFinite(answers[name] as RawOutput)));
      tried.push({ plan, runs, notFinite });
      if (notFinite.length === 0) break;
    } catch (thrown) {
      // An index below 0, for one, is none in any table; a loop without an end has none on other values, either.
      if (!(thrown instanceof PannierError) || 'limitMs' in thrown.detail) throw thrown;
      failures.push(thrown);
    }
  }
  const [best] = tried.toSorted((a, b) => a.notFinite.length - b.notFinite.length);
  if (best === undefined) throw failures[0];
  if (best.plan === plans[0]) return { ...best, warnings: [] };
  const outputs = tried[0]?.notFinite.map((name) => `"${name}"`).join(', ');
  const cause = failures[0] === undefined ? `output ${outputs} is not finite` : `it fails (${messageOf(failures[0])})`;
  return { ...best, warnings: [`The golden samples hold floats from 0 to 1, and none below 0: for floats of both signs, ${cause}.`] };
}

/** Runs the plan's batch. A graph whose batch is open may all the same run with one row alone. */
async function runBatch(
  runner: Runner,
  { batch, bytes }: GoldenPlan,
  inputs: Readonly<Record<string, InputSpec>>,
): Promise<{ readonly answers?: Answers; readonly warnings: readonly string[] }> {
  if (batch === undefined) return { warnings: [] };
  try {
    const answers = await runner.run(goldenFeeds(inputs, { inputs: batch }, new Uint8Array(bytes).buffer));
    return Object.values(answers).some(({ data }) => data.length > MAX_VALUES) ? { warnings: [] } : { answers, warnings: [] };
  } catch (thrown) {
    if (!(thrown instanceof PannierError)) throw thrown;
    return { warnings: [`The signature leaves the batch open, but the graph does not run with 3 rows: ${messageOf(thrown)}`] };
  }
}

/** Simplifies a graph by passes, and holds the result to what the graph as read answers: a wrong pass cannot certify itself. */
import type { Graph } from '../graph/graph.js';
import { bisect } from '../passes/bisect.js';
import type { Pass } from '../passes/pass.js';
import { PORTABLE_PASSES } from '../passes/portable-passes.js';
import { type Rewrite, runPasses } from '../passes/run-passes.js';
import { MAX_DIFFERENCE, runAgain } from './golden/difference.js';
import type { RunCost } from './golden/run.js';
import type { Sampled, Sampling } from './golden/sampling.js';
import { readModel } from './model/read.js';
import type { PackOptions } from './options.js';
import { planModel } from './planned-model.js';

/** A graph that answers as the graph as read does. */
export interface Held {
  readonly sampling: Sampling;
  /** The cost of a run of the first sample. */
  readonly cost: RunCost;
  readonly warnings: readonly string[];
}

/**
 * Runs the golden samples with the graph after passes.
 * @param original the results of the graph as read, and what a run of it costs
 * @param asRead that graph
 * @returns the graph after passes; the graph as read, with a warning, if it is another one: then a pass is wrong
 */
export async function holdToOriginal(original: Sampled & Pick<Held, 'cost'>, asRead: Sampling, after: Sampling): Promise<Held> {
  const kept = { sampling: asRead, cost: original.cost };
  if (after.graph === asRead.graph) return { ...kept, warnings: [] };
  const { cost, problem } = await runAgain(original, after);
  if (problem === undefined && cost !== undefined) return { sampling: after, cost, warnings: [] };
  const advice = 'pannier doctor MODEL --passes --bisect finds the rewrite; please report it';
  const warning = `The graph is packed as it was read and not simplified, since that ${problem}, of which ${MAX_DIFFERENCE} is allowed: ${advice}.`;
  return { ...kept, warnings: [warning] };
}

/** A model's graph before and after passes. */
export interface PassesTried {
  readonly before: Graph;
  readonly after: Graph;
  readonly rewrites: readonly Rewrite[];
}

/** How far rewrites move the answers to the golden samples. */
export interface Bisected {
  /** How many rewrites there are. */
  readonly count: number;
  /** The largest share of an output's largest magnitude by which a value is off after all rewrites. */
  readonly share: number;
  /** The first rewrite that moves an output too far, and the rest of a sentence about it; undefined if none does. */
  readonly wrong: { readonly rewrite: Rewrite; readonly problem: string } | undefined;
}

/**
 * Runs the passes over a model's graph, which is not run itself.
 * @throws {PannierError} `model-format`
 */
export async function tryPasses(
  options: Pick<PackOptions, 'model' | 'inputs'>,
  passes: readonly Pass[] = PORTABLE_PASSES,
): Promise<PassesTried> {
  const { graph } = await readModel(options.model, options);
  const { graph: after, rewrites } = runPasses(graph, passes);
  return { before: graph, after, rewrites };
}

/**
 * Runs the golden samples before and after all rewrites, and, if an output is moved, after fewer and fewer of them.
 * @throws {PannierError} `model-format`, `options`
 */
export async function bisectPasses(options: Omit<PackOptions, 'out'>, passes: readonly Pass[] = PORTABLE_PASSES): Promise<Bisected> {
  const { read, plans, samplingOf } = await planModel(options);
  const asRead = samplingOf(read.graph);
  const original = await asRead.open(asRead.weights, (runner) => asRead.sample(runner, plans));
  const { rewrites } = runPasses(read.graph, passes);
  const after = (stopAfter: number) => runAgain(original, samplingOf(runPasses(read.graph, passes, stopAfter).graph));
  const { share, problem } = await after(rewrites.length);
  const count = rewrites.length;
  if (problem === undefined) return { count, share, wrong: undefined };
  const number = await bisect(count, async (stopAfter) => (await after(stopAfter)).problem === undefined);
  const found = await after(number);
  return { count, share, wrong: { rewrite: rewrites[number - 1] as Rewrite, problem: found.problem ?? problem } };
}

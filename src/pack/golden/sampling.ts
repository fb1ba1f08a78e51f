/** The graph with one set of weights or another, as files and as runs of the golden sample on the cpu backend. */

import type { EngineSignature } from '../../engines/engine.js';
import type { RunProfile } from '../../engines/tfjs/profile.js';
import { type Graph, isAsync } from '../../formats/tfjs/graph-def.js';
import type { Weight } from '../../formats/tfjs/weights.js';
import { goldenFeeds } from '../../golden/sample.js';
import type { InputSpec } from '../../manifest/manifest.js';
import type { Feed } from '../../preprocess/feed.js';
import type { ModelParts } from '../model/read.js';
import type { GraphSignature } from '../model/signature.js';
import { cutShards, graphFile, type PackedFile } from '../out/shards.js';
import { type Answers, castInputs, type GoldenPlan, type GoldenSample, nudge, storeGolden } from './golden.js';
import { type Runner, withRunner } from './run.js';

/** The results of the golden sample's runs. */
export interface Sampled extends RunProfile {
  readonly answers: Answers;
  readonly golden: GoldenSample;
}

/** A graph that can be run with other weights. */
export interface Sampling {
  readonly controlFlow: boolean;
  /** The golden sample's inputs. */
  readonly feeds: readonly Feed[];
  filesOf(weights: readonly Weight[]): { readonly graph: PackedFile; readonly shards: readonly PackedFile[] };
  /** Opens the graph with these weights, hands it to `use` and frees it. */
  open<T>(weights: readonly Weight[], use: (runner: Runner) => Promise<T>): Promise<T>;
  /** Runs the golden sample three times: for its outputs, for the outputs that are stable, and for its cost. */
  sample(runner: Runner): Promise<Sampled>;
}

export function samplingOf(
  { file, topology }: Pick<ModelParts, 'file' | 'topology'>,
  graph: Graph,
  signature: GraphSignature,
  inputs: Readonly<Record<string, InputSpec>>,
  plan: GoldenPlan,
): Sampling {
  const controlFlow = isAsync(
    graph,
    signature.outputs.map(({ node }) => node),
  );
  const nodes: EngineSignature = {
    inputs: { ...castInputs(graph, inputs), ...inputs },
    outputs: Object.fromEntries(signature.outputs.map(({ name, node }) => [name, { node }])),
  };
  const feeds = goldenFeeds({ signature: { inputs, outputs: {} }, golden: plan as never }, new Uint8Array(plan.bytes).buffer);
  const filesOf = (weights: readonly Weight[]) => {
    const shards = cutShards(weights);
    return { shards, graph: graphFile(topology, signature, weights, shards) };
  };
  return {
    controlFlow,
    feeds,
    filesOf,
    open(weights, use) {
      const { graph, shards } = filesOf(weights);
      return withRunner({ name: file, controlFlow, signature: nodes }, graph, shards, use);
    },
    async sample(runner) {
      const answers = await runner.run(feeds);
      const golden = storeGolden(plan, answers, await runner.run(nudge(feeds, graph, inputs)));
      return { answers, golden, ...(await runner.profile(feeds)) };
    },
  };
}

/** A model file that is read, with its inputs resolved and its golden samples planned: where packing begins. */
import type { Graph } from '../graph/graph.js';
import type { InputSpec } from '../manifest/manifest.js';
import { KeptAnswers } from './golden/kept-answers.js';
import { readPicture } from './golden/picture.js';
import { type GoldenPlan, planGolden } from './golden/plan.js';
import { type Sampling, samplingOf } from './golden/sampling.js';
import { type ResolvedInput, resolveInputs } from './inputs/inputs.js';
import { readModel } from './model/read.js';
import type { ReadModel } from './model/read-model.js';
import { type FileSignature, readSignature } from './model/signature.js';
import type { PackOptions } from './options.js';

export interface PlannedModel {
  readonly read: ReadModel;
  readonly signature: FileSignature;
  readonly inputs: readonly ResolvedInput[];
  /** The inputs by name, as the manifest has them. */
  readonly specs: Readonly<Record<string, InputSpec>>;
  readonly plans: readonly GoldenPlan[];
  /** Sentences about guesses. */
  readonly warnings: readonly string[];
  /** The graph as read, or the same graph after passes, as what can be run. */
  samplingOf(graph: Graph): Sampling;
}

/**
 * Reads a model file.
 * @param out the packed folder, in whose app answers are kept; undefined if none are
 * @throws {PannierError} `model-format`, `options`
 */
export async function planModel(options: Omit<PackOptions, 'out'>, out?: string): Promise<PlannedModel> {
  const read = await readModel(options.model, options);
  const signature = readSignature(read.ends, withoutConstants(options, read.constants), read.hints);
  const warnings = [...(read.warnings ?? []), ...(read.hints?.warnings ?? [])];
  const resolved = resolveInputs(signature.inputs, (warning) => warnings.push(warning));
  const inputs = resolved.map((input, index) => withState(input, signature, read.states?.get(signature.inputs[index]?.key ?? '')));
  const specs = Object.fromEntries(inputs.map(({ name, spec }) => [name, spec]));
  const plans = planGolden(inputs, await readPicture(options.goldenPicture), read.graph);
  const kept = out === undefined ? undefined : await KeptAnswers.open(out);
  const { file } = read;
  return { read, signature, inputs, specs, plans, warnings, samplingOf: (graph) => samplingOf({ file, graph }, signature, specs, kept) };
}

/** An input that keeps a state, and the name of the output that is fed to it. */
function withState(
  input: ResolvedInput,
  { outputs }: FileSignature,
  state: { readonly output: string; readonly initial: number } | undefined,
) {
  if (state === undefined) return input;
  const output = outputs.find(({ key }) => key === state.output)?.name as string;
  return { ...input, spec: { ...input.spec, state: { output, initial: state.initial } } };
}

/** The options of the inputs that the graph still has. */
function withoutConstants({ inputs = {}, ...others }: Omit<PackOptions, 'out'>, constants: readonly string[] = []) {
  const left = Object.entries(inputs).filter(([key]) => !constants.includes(key));
  return { ...others, inputs: Object.fromEntries(left) };
}

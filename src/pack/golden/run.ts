/** Runs a graph for the packer: on the reference, or, where a part of the graph is opaque, on TF.js's cpu backend. */
import { DTYPES, type OwnedArray } from '../../base/dtype.js';
import { messageOf, PannierError } from '../../base/errors.js';
import type { Engine } from '../../engines/engine.js';
import { isComputable, openReference, type ReferenceModel } from '../../engines/reference/interpreter.js';
import { broken } from '../../formats/file-fields.js';
import { KERNELS } from '../../formats/tfjs/tfjs-table.js';
import { DATA_TYPES, faceTypeOf } from '../../graph/element-type.js';
import type { Graph, Value } from '../../graph/graph.js';
import type { Tensor, TensorType } from '../../graph/tensor.js';
import type { Refused } from '../../manifest/assets.js';
import type { GoldenSpec } from '../../manifest/manifest.js';
import type { Feed } from '../../preprocess/feed.js';
import { toTensor } from '../../preprocess/resize.js';
import { type Cost, CostCounter, costOfProfile } from '../model/cost.js';
import { refusalsOf } from '../model/kernels.js';
import type { GraphSignature } from '../model/signature.js';
import { graphFiles } from '../out/graph-files.js';
import type { Answers } from './golden.js';
import type { KeptAnswer, KeptAnswers } from './kept-answers.js';
import { nudge, withCastsAsInputs } from './nudge.js';
import { DEADLINE_MS, openFiles } from './open-files.js';

/** The cost of a run, and why TF.js cannot run the graph on some backends. */
export interface RunCost extends Cost {
  readonly refused: Refused;
}

/** A graph that is ready to run. */
export interface Runner {
  /** What its answers are worth. */
  readonly truth: GoldenSpec['truth'];
  /** @throws {PannierError} `model-format` if the graph does not run */
  run(feeds: readonly Feed[]): Promise<Answers>;
  /** Runs feeds that are off by a millionth of their range. */
  runNudged(feeds: readonly Feed[]): Promise<Answers>;
  /** What a run of these feeds costs. */
  cost(feeds: readonly Feed[]): Promise<RunCost>;
}

/** A graph that is to run, and the names of its inputs and outputs. */
interface Runnable {
  /** Base name of the model file. */
  readonly file: string;
  readonly graph: Graph;
  readonly signature: GraphSignature;
}

/** A graph on one of the engines. Feeds are found by the names of inputs, and of casts that are fed. */
interface Opened {
  run(feeds: readonly Feed[]): Promise<Answers>;
  cost(feeds: readonly Feed[]): Promise<RunCost>;
  dispose(): void;
}

/**
 * Opens a graph, hands it to `use` and frees it.
 * @param kept answers of the reference that earlier packs computed
 */
export async function withRunner<T>(model: Runnable, use: (runner: Runner) => Promise<T>, kept?: KeptAnswers): Promise<T> {
  const isKnown = isComputable(model.graph);
  const open = isKnown ? (each: Runnable) => openOnReference(each, kept) : openOnTfjs;
  const opened = await named(() => open(model));
  const { graph, casts } = withCastsAsInputs(model.graph);
  let nudged: Opened | undefined;
  const castsOf = (name: string): readonly string[] => {
    const index = model.signature.inputs.findIndex((input) => input.name === name);
    return (casts.get(model.graph.inputs[index] as Value) ?? []).map(nameOfCast);
  };
  try {
    return await use({
      truth: isKnown ? 'reference' : 'tfjs-cpu',
      run: (feeds) => named(() => opened.run(feeds)),
      runNudged: (feeds) =>
        named(async () => {
          if (casts.size === 0) return opened.run(nudge(feeds, castsOf));
          nudged ??= await open({ ...model, graph });
          return nudged.run(nudge(feeds, castsOf));
        }),
      cost: (feeds) => named(() => opened.cost(feeds)),
    });
  } finally {
    opened.dispose();
    nudged?.dispose();
  }
}

const nameOfCast = ({ name }: Value): string => `cast: ${name}`;

/** The names under which a graph's inputs are fed: those of the signature, then those of casts. */
const inputNames = ({ graph, signature }: Runnable): readonly string[] =>
  graph.inputs.map((value, index) => signature.inputs[index]?.name ?? nameOfCast(value));

async function named<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (thrown) {
    const detail = thrown instanceof PannierError && thrown.code === 'timeout' ? thrown.detail : {};
    throw broken(`The graph does not run: ${messageOf(thrown).replace(/\s+/g, ' ')}`, detail);
  }
}

async function openOnReference(model: Runnable, kept: KeptAnswers | undefined): Promise<Opened> {
  const { graph, signature } = model;
  const names = inputNames(model);
  const costs = new WeakMap<readonly Feed[], Cost>();
  const keyOf = kept?.keysOf(graph);
  let reference: ReferenceModel | undefined;
  const compute = (tensors: readonly Tensor[]): KeptAnswer => {
    reference ??= openReference(graph);
    const fed = new Map(graph.inputs.map(({ name }, index) => [name, tensors[index] as Tensor]));
    const counter = new CostCounter(graph, fed);
    const answers = reference.run(fed, graph.outputs, counter.observe);
    return { outputs: graph.outputs.map(({ name }) => rawOutput(answers.get(name) as Tensor)), cost: counter.cost };
  };
  const run = async (feeds: readonly Feed[]): Promise<Answers> => {
    const tensors = graph.inputs.map(({ type }, index) => tensorOf(feedOf(feeds, names[index]), type));
    const key = keyOf?.(tensors);
    const known = key === undefined ? undefined : await kept?.read(key);
    const { outputs, cost } = known ?? compute(tensors);
    if (known === undefined && key !== undefined) await kept?.write(key, { outputs, cost });
    costs.set(feeds, cost);
    return Object.fromEntries(signature.outputs.map(({ name }, index) => [name, outputs[index] as Answers[string]]));
  };
  return {
    run,
    // Our writer calls no kernel that a backend lacks.
    cost: async (feeds) => {
      if (!costs.has(feeds)) await run(feeds);
      return { ...(costs.get(feeds) as Cost), refused: {} };
    },
    dispose: () => undefined,
  };
}

const feedOf = (feeds: readonly Feed[], name: string | undefined): Feed => feeds.find((feed) => feed.name === name) as Feed;

/** The numbers of a feed, of which pictures are resized. */
export const feedData = (feed: Feed) =>
  feed.kind === 'tensor' ? feed.data : toTensor(feed.picture as never, feed.image, feed.dtype, feed.map);

function tensorOf(feed: Feed, type: TensorType | null): Tensor {
  const { dataType } = type as TensorType;
  const data = feedData(feed);
  return { dataType, shape: feed.shape, data: data instanceof DATA_TYPES[dataType] ? data : DATA_TYPES[dataType].from(data) };
}

/** An output in memory of its own: the reference may give a feed or a constant. */
function rawOutput({ dataType, shape, data }: Tensor): Answers[string] {
  const dtype = faceTypeOf(dataType);
  return { dtype, shape, data: DTYPES[dtype].from(data) as OwnedArray };
}

let engine: Promise<Engine> | undefined;

/** TF.js is imported when a model is packed, because importing it puts its engine on `globalThis`. */
async function cpuEngine(): Promise<Engine> {
  const { start } = await import('../../engines/tfjs/cpu.js');
  return start({});
}

async function openOnTfjs(model: Runnable): Promise<Opened> {
  engine ??= cpuEngine();
  const files = graphFiles(model.graph, model.signature, inputNames(model));
  const outputs = files.signature.outputs.map(({ name }) => name);
  const session = await openFiles(await engine, { ...files, file: model.file, graph: files.tfjs });
  return {
    run: async (feeds) => {
      const answers = await session.run({ feeds, outputs, deadlineMs: DEADLINE_MS });
      return Object.fromEntries(outputs.map((name, index) => [name, answers.outputs[index] as Answers[string]]));
    },
    cost: async (feeds) => {
      const { profileRun } = await import('../../engines/tfjs/profile.js');
      const { kernels, peakBytes } = await profileRun(session, feeds, outputs);
      // Besides kernels the profile lists the ops that call them, such as `fusedConv2d__op`.
      const called = kernels.filter(({ name }) => KERNELS['cpu']?.has(name));
      return { ...costOfProfile({ kernels: called, peakBytes }), refused: refusalsOf(called) };
    },
    dispose: () => session.dispose(),
  };
}

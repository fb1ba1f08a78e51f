/** Runs a case on a TF.js backend, and judges its answer by the reference's. */
import type { DType, OwnedArray } from '../../src/base/dtype.js';
import { PannierError } from '../../src/base/errors.js';
import type { Engine, EngineModel, RawOutput } from '../../src/engines/engine.js';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { ASYNC_OPS } from '../../src/formats/tfjs/tfjs-table.js';
import { type TfjsGraphModel, writeTfjs } from '../../src/formats/tfjs/write/write.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Feed } from '../../src/preprocess/feed.js';
import type { KernelCase } from './case.js';
import { differenceOf } from './compare.js';
import type { KnownFault } from './known-fault.js';
import { RawGraph } from './raw.js';
import { type Allowed, allowedOf } from './tolerance.js';

/** What became of one case on one backend. */
export interface Verdict {
  /** `refused`: the writer said that TF.js cannot compute it. `failed`: the engine threw, crashed or did not end. */
  readonly kind: 'right' | 'wrong' | 'refused' | 'failed';
  /** Empty if it is right. */
  readonly message: string;
}

const RIGHT: Verdict = { kind: 'right', message: '' };

/** The reference's answers, one for each output of the graph. */
export const expectedOf = (graph: Graph, feeds: Readonly<Record<string, Tensor>>): readonly Tensor[] => {
  const answers = openReference(graph).run(new Map(Object.entries(feeds)));
  return graph.outputs.map(({ name }) => answers.get(name) as Tensor);
};

/** Runs a case on an engine. Never rejects. */
export async function judge(each: KernelCase, engine: Engine): Promise<Verdict> {
  const wanted = expectedOf(each.graph, each.feeds);
  let model: NamedModel;
  try {
    model = modelOf(each.graph);
  } catch (thrown) {
    if (thrown instanceof PannierError && thrown.code === 'model-format') return { kind: 'refused', message: thrown.message };
    throw thrown;
  }
  return compared(engine, model, each.feeds, wanted, () => allowedOf(each, wanted, engine.backend));
}

/** Runs a call that shows a fault. Never rejects. */
export function judgeFault({ call, right }: KnownFault, engine: Engine): Promise<Verdict> {
  const graph = new RawGraph();
  const model = opened(graph.build(call(graph)), Object.keys(graph.feeds));
  return compared(engine, model, graph.feeds, [right], () => [() => 1e-5]);
}

async function compared(
  engine: Engine,
  model: NamedModel,
  feeds: Readonly<Record<string, Tensor>>,
  wanted: readonly Tensor[],
  allowedIn: () => readonly Allowed[],
): Promise<Verdict> {
  try {
    const got = await answersOn(engine, model, feeds);
    const allowed = allowedIn();
    const off = wanted.flatMap((tensor, index) => differenceOf(tensor, got[index] as RawOutput, allowed[index] ?? (() => 0)) ?? []);
    return off.length === 0 ? RIGHT : { kind: 'wrong', message: off.join('; ') };
  } catch (thrown) {
    return { kind: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** A model as the engine opens it, with the names of its inputs and outputs. */
export interface NamedModel extends EngineModel {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const outputName = (index: number): string => `output ${index}`;

/** A graph as the engine opens it. @throws {PannierError} `model-format` where the writer refuses a node */
export const modelOf = (graph: Graph): NamedModel =>
  opened(
    writeTfjs(graph),
    graph.inputs.map(({ name }) => name),
  );

/** A TF.js graph as the engine opens it. @param names of its inputs */
export function opened({ topology, weights, inputs, outputs }: TfjsGraphModel, names: readonly string[]): NamedModel {
  const specs = weights.map(({ bytes: _, ...spec }) => spec);
  const nodes = {
    inputs: Object.fromEntries(names.map((name, index) => [name, inputs[index] as string])),
    outputs: Object.fromEntries(outputs.map((node, index) => [outputName(index), node])),
  };
  const file = { format: 'graph-model', modelTopology: topology, nodes, weightsManifest: [{ paths: [], weights: specs }] };
  const bytes = new Uint8Array(weights.reduce((total, weight) => total + weight.bytes.length, 0));
  let offset = 0;
  for (const weight of weights) {
    bytes.set(weight.bytes, offset);
    offset += weight.bytes.length;
  }
  return {
    name: 'case',
    graph: new TextEncoder().encode(JSON.stringify(file)).buffer,
    weights: bytes.length === 0 ? [] : [bytes.buffer],
    inputs: names,
    outputs: Object.keys(nodes.outputs),
    controlFlow: (topology['node'] as readonly { readonly op: string }[]).some(({ op }) => ASYNC_OPS.has(op)),
  };
}

/** The answers of an engine, in the order of the graph's outputs. @param model of {@link modelOf} */
export async function answersOn(engine: Engine, model: NamedModel, feeds: Readonly<Record<string, Tensor>>): Promise<readonly RawOutput[]> {
  const session = await engine.open(model);
  try {
    const given = model.inputs.map((name): Feed => {
      const { dataType, shape, data } = feeds[name] as Tensor;
      return { kind: 'tensor', name, dtype: dataType as DType, shape, data: data as OwnedArray };
    });
    return (await session.run({ feeds: given, outputs: model.outputs, deadlineMs: 60_000 })).outputs;
  } finally {
    session.dispose();
  }
}

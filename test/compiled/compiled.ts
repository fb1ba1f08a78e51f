/** Runs graphs through the compiler. */
import { DTYPES } from '../../src/base/dtype.js';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import type { Build } from '../../src/engines/compiled/kernels/kernel.js';
import type { ModelGraph } from '../../src/engines/compiled/make-plan.js';
import { start } from '../../src/engines/compiled/wasm.js';
import type { RawOutput } from '../../src/engines/engine.js';
import { bindSizes } from '../../src/graph/bind-sizes.js';
import { DATA_TYPES, faceTypeOf } from '../../src/graph/element-type.js';
import { writeGraph } from '../../src/graph/file.js';
import type { Graph } from '../../src/graph/graph.js';
import { isOpen } from '../../src/graph/size.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Feed } from '../../src/preprocess/feed.js';
import type { KernelCase } from '../kernels/case.js';
import { differenceOf } from '../kernels/compare.js';
import { expectedOf } from '../kernels/run.js';
import { allowedOf } from '../kernels/tolerance.js';

/** The numbers that a graph's open sizes are for some feeds. */
export function sizesOf({ inputs }: Graph, feeds: ReadonlyMap<string, Tensor>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { name, type } of inputs)
    for (const [axis, size] of type!.shape.entries()) if (isOpen(size)) sizes.set(size.text, feeds.get(name)!.shape[axis]!);
  return sizes;
}

const engine = start({});

/** A graph by the names of a signature, and the bytes of its constants in one shard. */
export function packed(graph: Graph): ModelGraph & { readonly shard: Uint8Array<ArrayBuffer> } {
  const { json, bytes } = writeGraph(graph);
  const { constants } = json as { readonly constants: readonly { readonly offset: number }[] };
  return {
    graph,
    inputs: graph.inputs.map((_, index) => `input ${index}`),
    outputs: graph.outputs.map((_, index) => `output ${index}`),
    offsets: constants.map(({ offset }) => offset),
    shard: Uint8Array.from(bytes),
  };
}

/** A tensor as it is fed to an input of the name. */
export function feedOf(name: string, { dataType, shape, data }: Tensor): Feed {
  const dtype = faceTypeOf(dataType);
  return { kind: 'tensor', name, dtype, shape, data: new DTYPES[dtype](data) };
}

/** The answers of a graph's module, in the order of its outputs. */
export async function compiledAnswers(whole: Graph, feeds: ReadonlyMap<string, Tensor>, build: Build): Promise<readonly Tensor[]> {
  const model = packed(bindSizes(whole, sizesOf(whole, feeds)));
  const { inputs, outputs } = model;
  const graph = compileModel(model, build).bytes.buffer;
  const session = await (await engine).open({ name: 'model', graph, weights: [model.shard.buffer], controlFlow: false });
  const given = whole.inputs.map(({ name }, index) => feedOf(inputs[index]!, feeds.get(name)!));
  const call = { feeds: given, outputs, deadlineMs: Number.POSITIVE_INFINITY };
  // The second run finds what the first one left in memory.
  await session.run(call);
  const answers = await session.run(call);
  session.dispose();
  return answers.outputs.map(({ shape, data }, index) => {
    const { dataType } = whole.outputs[index]!.type!;
    return { dataType, shape, data: new DATA_TYPES[dataType](data) };
  });
}

/** A tensor as an engine gives it. */
export const rawOutput = ({ dataType, ...rest }: Tensor): RawOutput => ({ ...rest, dtype: dataType }) as RawOutput;

/** The differences of a case; none if it is right. */
export async function problemsOf(each: KernelCase, build: Build): Promise<readonly string[]> {
  const wanted = expectedOf(each.graph, each.feeds);
  const got = await compiledAnswers(each.graph, new Map(Object.entries(each.feeds)), build);
  const allowed = allowedOf(each, wanted, 'wasm');
  return wanted.flatMap((tensor, index) => {
    const difference = differenceOf(tensor, rawOutput(got[index]!), allowed[index] ?? (() => 0));
    return difference === undefined ? [] : [`${each.id}: ${difference}`];
  });
}

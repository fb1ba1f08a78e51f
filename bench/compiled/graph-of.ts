/** The graph of a public model as the compiler takes it, in Node. */
import { bindSizes } from '../../src/graph/bind-sizes.js';
import type { Graph } from '../../src/graph/graph.js';
import { isOpen } from '../../src/graph/size.js';
import type { TensorType } from '../../src/graph/tensor.js';
import { planModel } from '../../src/pack/planned-model.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';

/** Reads and simplifies a model, with a batch of one. @param inputs options of the packer */
export async function graphOf(model: string, inputs?: object): Promise<Graph> {
  const { read } = await planModel({ model, ...inputs });
  const sizes = new Map(
    read.graph.inputs.flatMap(({ type }) => (type as TensorType).shape.flatMap((size) => (isOpen(size) ? [[size.text, 1] as const] : []))),
  );
  return runPasses(bindSizes(read.graph, sizes), PORTABLE_PASSES).graph;
}

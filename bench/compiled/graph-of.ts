/** The graph of a public model as the compiler takes it, in Node. */
import { bindSizes } from '../../src/graph/bind-sizes.js';
import type { Graph } from '../../src/graph/graph.js';
import { isOpen } from '../../src/graph/size.js';
import type { TensorType } from '../../src/graph/tensor.js';
import type { PackOptions } from '../../src/pack/options.js';
import { planModel } from '../../src/pack/planned-model.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';

/**
 * Reads and simplifies a model.
 * @param shapes of the inputs, in order, where sizes are open; by default each open size is 1, which is a batch of one
 */
export async function graphOf(options: Omit<PackOptions, 'out'>, shapes: readonly (readonly number[])[] = []): Promise<Graph> {
  const { read } = await planModel(options);
  const sizes = new Map(
    read.graph.inputs.flatMap(({ type }, input) =>
      (type as TensorType).shape.flatMap((size, axis) => (isOpen(size) ? [[size.text, shapes[input]?.[axis] ?? 1] as const] : [])),
    ),
  );
  return runPasses(bindSizes(read.graph, sizes), PORTABLE_PASSES).graph;
}

/** The compiler's door: a packed graph, whose batch may be open, becomes a module. */
import { bindSizes } from '../../graph/bind-sizes.js';
import { nodeError } from '../../graph/node-error.js';
import { type Compiled, type CompileOptions, compile } from './compile.js';
import type { Build } from './kernels/kernel.js';
import type { ClosedModel, ModelGraph } from './make-plan.js';
import { openBatchOf } from './open-batch.js';

/** Numbers for open sizes of a graph, by their names. */
export type Sizes = ReadonlyMap<string, number>;

/**
 * Compiles the graph of a packed model. An open batch becomes one row, which the engine runs once for each row of a call.
 * @param sizes one or more choices of the other open sizes, each of which the module computes
 * @throws {PannierError} `model-format`: which node, input or size cannot be compiled
 */
export function compileModel(model: ModelGraph, build: Build, options: CompileOptions = {}, sizes: readonly Sizes[] = []): Compiled {
  const opaque = model.graph.nodes.find(({ op }) => op === 'tfjsGraph');
  if (opaque !== undefined) throw nodeError(opaque.origin, 'is computed by TF.js only');
  const [first = new Map(), ...others] = sizes;
  return compile([closed(model, first), ...others.map((each) => closed(model, each))], build, options);
}

function closed(model: ModelGraph, sizes: Sizes): ClosedModel {
  const graph = sizes.size === 0 ? model.graph : bindSizes(model.graph, sizes);
  const batch = openBatchOf({ ...model, graph });
  if (batch === undefined) return { ...model, graph, isBatched: graph.inputs.map(() => false) };
  return { ...model, graph: bindSizes(graph, new Map([[batch.name, 1]])), isBatched: batch.isBatched };
}

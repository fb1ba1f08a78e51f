/** The compiler's door: a packed graph, whose batch may be open, becomes a module. */
import { bindSizes } from '../../graph/bind-sizes.js';
import { nodeError } from '../../graph/node-error.js';
import { type Compiled, type CompileOptions, compile } from './compile.js';
import type { Build } from './kernels/kernel.js';
import type { ModelGraph } from './make-plan.js';
import { openBatchOf } from './open-batch.js';

/**
 * Compiles the graph of a packed model. An open batch becomes one row, which the engine runs once for each row of a call.
 * @throws {PannierError} `model-format`: which node, input or size cannot be compiled
 */
export function compileModel(model: ModelGraph, build: Build, options: CompileOptions = {}): Compiled {
  const { graph } = model;
  const opaque = graph.nodes.find(({ op }) => op === 'tfjsGraph');
  if (opaque !== undefined) throw nodeError(opaque.origin, 'is computed by TF.js only');
  const batch = openBatchOf(model);
  if (batch === undefined) return compile({ ...model, isBatched: graph.inputs.map(() => false) }, build, options);
  return compile({ ...model, graph: bindSizes(graph, new Map([[batch.name, 1]])), isBatched: batch.isBatched }, build, options);
}

/** A graph as the compiler and a benchmark's page take it, in Node. */
import type { ModelGraph } from '../../src/engines/compiled/make-plan.js';
import { isFloat } from '../../src/graph/element-type.js';
import { writeGraph } from '../../src/graph/file.js';
import type { Graph } from '../../src/graph/graph.js';
import type { TensorType } from '../../src/graph/tensor.js';

/** @returns the graph by its own names, the bytes of its constants, and what the page needs to know of it */
export function dataOf(graph: Graph) {
  const { json, bytes } = writeGraph(graph);
  const { constants } = json as { readonly constants: readonly { readonly offset: number }[] };
  const model: ModelGraph = {
    graph,
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    offsets: constants.map(({ offset }) => offset),
  };
  const inputs = graph.inputs.map(({ name, type }) => {
    const { dataType, shape } = type as TensorType;
    return { name, shape: shape as readonly number[], isFloat: isFloat(dataType) };
  });
  return { model, weights: bytes, about: { inputs } };
}

/** The constants of a graph as weights that can be stored in fewer bytes, and back. */
import { storageOf } from '../../formats/tfjs/read/constant.js';
import type { Weight } from '../../formats/tfjs/weights.js';
import { storedWeight } from '../../formats/tfjs/write/weight.js';
import type { Graph } from '../../graph/graph.js';

/** The weights of a graph, in the order of its constants. */
export const weightsOf = ({ constants }: Graph): readonly Weight[] =>
  constants.map((constant) => ({
    name: constant.value.name,
    ...storedWeight(constant, constant.value.type.shape as readonly number[]),
  }));

/**
 * The graph with other weights.
 * @param before the graph's own, of {@link weightsOf}
 * @param after in the same order; one that is the same object stays
 */
export const withWeights = (graph: Graph, before: readonly Weight[], after: readonly Weight[]): Graph => ({
  ...graph,
  constants: graph.constants.map((constant, index) => {
    const weight = after[index] as Weight;
    if (weight === before[index]) return constant;
    return { ...constant, bytes: weight.bytes, storage: storageOf(weight) };
  }),
});

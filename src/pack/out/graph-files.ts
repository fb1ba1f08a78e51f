/** A graph as the files that TF.js opens, and the names that it has in them. */

import { indexed } from '../../formats/tfjs/ends.js';
import { ASYNC_OPS } from '../../formats/tfjs/tfjs-table.js';
import { type TfjsGraphModel, writeTfjs } from '../../formats/tfjs/write/write.js';
import type { Graph } from '../../graph/graph.js';
import type { GraphSignature } from '../model/signature.js';
import { cutShards, graphFile, type PackedFile } from './shards.js';

export interface GraphFiles {
  readonly graph: PackedFile;
  readonly shards: readonly PackedFile[];
  /** The signature, whose nodes are those of the file. */
  readonly signature: GraphSignature;
  /** Whether TF.js must run the graph asynchronously: it has loops, branches, or sizes that depend on values. */
  readonly controlFlow: boolean;
  /** The nodes of all inputs of the graph. */
  readonly inputs: readonly string[];
}

/**
 * Writes a graph for TF.js.
 * @param signature of the graph's first inputs and of its outputs, in its order
 * @throws {PannierError} `model-format`, naming the node, if TF.js cannot compute it right
 */
export function graphFiles(graph: Graph, signature: GraphSignature): GraphFiles {
  const written = writeTfjs(graph);
  const shards = cutShards(written.weights);
  const placed = inGraph(signature, written);
  return {
    graph: graphFile(written.topology, placed, written.weights, shards),
    shards,
    signature: placed,
    controlFlow: (written.topology['node'] as readonly { readonly op: string }[]).some(({ op }) => ASYNC_OPS.has(op)),
    inputs: written.inputs,
  };
}

/** A signature whose nodes are those of a written graph. */
const inGraph = ({ inputs, outputs }: GraphSignature, written: TfjsGraphModel): GraphSignature => ({
  inputs: inputs.map((input, index) => ({ ...input, node: written.inputs[index] as string })),
  outputs: outputs.map((output, index) => ({ ...output, node: indexed(written.outputs[index] as string) })),
});

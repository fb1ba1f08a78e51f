/** A graph as the files of a packed model: ours, the one that TF.js opens, and the shards in which both have their weights. */

import { widened } from '../../base/dtype.js';
import type { ModelGraph } from '../../engines/compiled/make-plan.js';
import { indexed } from '../../formats/tfjs/ends.js';
import { ASYNC_OPS } from '../../formats/tfjs/tfjs-table.js';
import { type TfjsGraphModel, writeTfjs } from '../../formats/tfjs/write/write.js';
import { faceTypeOf } from '../../graph/element-type.js';
import { graphJson } from '../../graph/file.js';
import type { Graph, Value } from '../../graph/graph.js';
import type { GraphSignature } from '../model/signature.js';
import { placeConstants } from './places.js';
import { cutShards, jsonFile, type PackedFile, tfjsFile } from './shards.js';

export interface GraphFiles {
  /** Our graph, whose constants lie in the shards. */
  readonly graph: PackedFile;
  /** The same graph as the compiler takes it. */
  readonly toCompile: ModelGraph;
  /** The graph as the tfjs engine opens it. */
  readonly tfjs: PackedFile;
  readonly shards: readonly PackedFile[];
  /** The signature, whose nodes are those of TF.js's file. */
  readonly signature: GraphSignature;
  /** Whether TF.js must run the graph asynchronously: it has loops, branches, or sizes that depend on values. */
  readonly controlFlow: boolean;
}

/**
 * Writes a graph.
 * @param signature of the graph's first inputs and of its outputs, in its order
 * @param inputNames the names of all inputs of the graph, if it has more than the signature
 * @throws {PannierError} `model-format`, naming the node, if TF.js cannot compute it right
 */
export function graphFiles(
  graph: Graph,
  signature: GraphSignature,
  inputNames: readonly string[] = signature.inputs.map(({ name }) => name),
): GraphFiles {
  const written = writeTfjs(graph);
  const { offsets, others } = placeConstants(graph, written.weights);
  const shards = cutShards([...written.weights, ...others]);
  const placed = inGraph(signature, written);
  const narrow = placed.outputs.flatMap(({ name }, index) => {
    const { type } = graph.outputs[index] as Value;
    const dtype = type && faceTypeOf(type.dataType);
    return dtype === null || dtype === widened(dtype) ? [] : [[name, dtype] as const];
  });
  const nodes = {
    inputs: Object.fromEntries(inputNames.map((name, index) => [name, written.inputs[index] as string])),
    outputs: Object.fromEntries(placed.outputs.map(({ name, node }) => [name, node])),
    ...(narrow.length > 0 && { dtypes: Object.fromEntries(narrow) }),
  };
  return {
    graph: jsonFile('graph', graphJson(graph, offsets)),
    toCompile: { graph, inputs: inputNames, outputs: placed.outputs.map(({ name }) => name), offsets },
    tfjs: tfjsFile(written.topology, placed, nodes, written.weights, shards),
    shards,
    signature: placed,
    controlFlow: (written.topology['node'] as readonly { readonly op: string }[]).some(({ op }) => ASYNC_OPS.has(op)),
  };
}

/** A signature whose nodes are those of a written graph. */
const inGraph = ({ inputs, outputs }: GraphSignature, written: TfjsGraphModel): GraphSignature => ({
  inputs: inputs.map((input, index) => ({ ...input, node: written.inputs[index] as string })),
  outputs: outputs.map((output, index) => ({ ...output, node: indexed(written.outputs[index] as string) })),
});

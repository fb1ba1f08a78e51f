/** The tfjs engine's own file of a packed model: TF.js graph-model JSON, with the nodes of the inputs and outputs by their names. */
import type { DType } from '../../base/dtype.js';
import { WeightDecoder, type WeightSpec } from './decode.js';

/** The nodes of a graph by the names that calls use. */
export interface NamedNodes {
  readonly inputs: Readonly<Record<string, string>>;
  /** The name has the number of the node's output, such as `TopK:1`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The element types of outputs that TF.js has as int32, such as uint8; others are as TF.js says. */
  readonly dtypes?: Readonly<Record<string, DType>>;
}

/** The parts of the file that the engine reads itself. */
interface GraphFile {
  readonly nodes: NamedNodes;
  readonly weightsManifest: readonly { readonly weights: readonly WeightSpec[] }[];
}

/** Reads the object that TF.js builds the graph from, and makes the decoder of its weights. */
export function readGraph(graph: ArrayBuffer): { readonly file: unknown; readonly nodes: NamedNodes; readonly decoder: WeightDecoder } {
  const { nodes, weightsManifest, ...file }: GraphFile = JSON.parse(new TextDecoder().decode(graph));
  return { file, nodes, decoder: new WeightDecoder(weightsManifest.flatMap((group) => group.weights)) };
}

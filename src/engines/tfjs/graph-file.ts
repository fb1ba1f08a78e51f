/** A graph file: TF.js graph-model JSON. */
import { WeightDecoder, type WeightSpec } from './decode.js';

/** The parts of a graph file that are needed here. */
interface GraphFile {
  readonly weightsManifest: readonly { readonly weights: readonly WeightSpec[] }[];
}

/** What TF.js builds the graph of, and the decoder for its weights. */
export function readGraph(graph: ArrayBuffer): { readonly file: unknown; readonly decoder: WeightDecoder } {
  const { weightsManifest, ...file }: GraphFile = JSON.parse(new TextDecoder().decode(graph));
  return { file, decoder: new WeightDecoder(weightsManifest.flatMap((group) => group.weights)) };
}

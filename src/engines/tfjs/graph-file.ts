/** A graph file: TF.js graph-model JSON. */
import { WeightDecoder, type WeightSpec } from './decode.js';

/** The part of a graph file that the decoder needs. */
interface GraphFile {
  readonly weightsManifest: readonly { readonly weights: readonly WeightSpec[] }[];
}

/** Reads the object that TF.js builds the graph from, and makes the decoder of its weights. */
export function readGraph(graph: ArrayBuffer): { readonly file: unknown; readonly decoder: WeightDecoder } {
  const { weightsManifest, ...file }: GraphFile = JSON.parse(new TextDecoder().decode(graph));
  return { file, decoder: new WeightDecoder(weightsManifest.flatMap((group) => group.weights)) };
}

/** A packed model at an address of this server, with the nodes of its graph: the page knows inputs and outputs by them, since names may change. */
import type { ModelSource } from '../../src/index.js';

/** The nodes of the inputs and of the outputs, by name. */
type NamedNodes = Readonly<Record<'inputs' | 'outputs', Readonly<Record<string, string>>>>;

export interface PackedModel {
  /** The address of its `model.js`. */
  readonly url: string;
  readonly manifest: ModelSource;
  /** The nodes by name; an output's node stands without `:0`. */
  readonly nodes: NamedNodes;
}

/** Imports the model.js, and reads the nodes from the file of the tfjs engine. */
export async function importPacked(url: string): Promise<PackedModel> {
  const { default: manifest } = (await import(url)) as { default: ModelSource };
  const { nodes } = (await (await fetch(manifest.targets.tfjs.graph.url())).json()) as { nodes: NamedNodes };
  const outputs = Object.entries(nodes.outputs).map(([name, node]) => [name, node.replace(/:0$/, '')]);
  return { url, manifest, nodes: { inputs: nodes.inputs, outputs: Object.fromEntries(outputs) } };
}

/** The name of the input or output that is this node; undefined if there is none. */
export const nameOf = (nodes: Readonly<Record<string, string>> | undefined, wanted: string | undefined): string | undefined =>
  Object.entries(nodes ?? {}).find(([, node]) => node === wanted)?.[0];

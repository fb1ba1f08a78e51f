/** The signature of a TF.js graph model: which tensors are its inputs and outputs. */
import type { Fields } from '../../base/fields.js';
import type { Graph, Value } from '../../graph/graph.js';
import type { TfjsGraphModel } from './write.js';
import { attr, dtypeOf } from './write-attributes.js';

/** The keys of a graph's inputs and outputs, in the order of the graph. */
export interface SignatureKeys {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The signature that a converter writes for a graph. @param model written of the graph @param keys each once on its side */
export const writeSignature = (graph: Graph, model: TfjsGraphModel, keys: SignatureKeys): Fields => ({
  inputs: entriesOf(keys.inputs, graph.inputs, model.inputs),
  outputs: entriesOf(keys.outputs, graph.outputs, model.outputs),
});

const entriesOf = (keys: readonly string[], values: readonly Value[], tensors: readonly string[]): Fields =>
  Object.fromEntries(keys.map((key, index) => [key, entryOf(values[index] as Value, tensors[index] as string)]));

/** TF.js takes `node` for `node:0`, but other readers do not. */
function entryOf({ type }: Value, tensor: string): Fields {
  const name = tensor.includes(':') ? tensor : `${tensor}:0`;
  return type === null ? { name } : { name, dtype: attr.type(dtypeOf(type.dataType)).type, tensorShape: attr.shape(type.shape).shape };
}

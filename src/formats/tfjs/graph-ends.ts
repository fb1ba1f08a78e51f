/** The inputs and outputs of a graph that was not read from a GraphDef, in the form that a signature has. */
import type { Fields } from '../../base/fields.js';
import { faceTypeOf } from '../../graph/element-type.js';
import type { Graph, TypedValue } from '../../graph/graph.js';
import { isOpen, type Size } from '../../graph/size.js';
import type { Dim } from '../../manifest/signature.js';
import type { Ends } from './ends.js';
import { attr, dtypeOf } from './write/attributes.js';

/** The keys of a graph's inputs and outputs, in the order of the graph. */
export interface SignatureKeys {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The ends of a graph whose inputs and outputs all have a type. @param keys each once on its side */
export const endsOf = (graph: Graph, keys: SignatureKeys): Ends => ({
  inputs: keys.inputs.map((key, index) => {
    const input = graph.inputs[index] as TypedValue;
    return { ...endOf(key, input), dtype: faceTypeOf(input.type.dataType) };
  }),
  outputs: keys.outputs.map((key, index) => endOf(key, graph.outputs[index] as TypedValue)),
});

function endOf(key: string, { name, type }: TypedValue) {
  const fields: Fields = { dtype: attr.type(dtypeOf(type.dataType)).type, tensorShape: attr.shape(type.shape).shape };
  return { key, tensor: name, fields, shape: type.shape.map((size: Size): Dim => (isOpen(size) ? null : size)) };
}

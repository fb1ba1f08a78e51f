/** Inputs that only embeddings read are whole numbers, whatever the file says: apps give indices then, not floats. */
import type { Graph, Node, TypedValue, Value } from '../../graph/graph.js';

/** Makes such inputs int32, and takes out their casts. */
export function withIndexInputs(graph: Graph): Graph {
  const replaced = new Map<Value, Value>();
  const inputs = graph.inputs.map((input) => {
    const readers = graph.nodes.filter((node) => node.inputs.includes(input));
    if (readers.length === 0 || graph.outputs.includes(input) || !readers.every(isIndexCast)) return input;
    const { type } = input as TypedValue;
    const indices: TypedValue = { ...input, type: { ...type, dataType: 'int32' } };
    for (const { outputs } of readers) replaced.set(outputs[0] as Value, indices);
    return indices;
  });
  const nodes = graph.nodes
    .filter(({ outputs }) => !replaced.has(outputs[0] as Value))
    .map((node) => ({ ...node, inputs: node.inputs.map((each) => (each && replaced.get(each)) ?? each) }) as Node);
  return { ...graph, inputs, nodes };
}

const isIndexCast = ({ op, attributes }: Node): boolean => op === 'cast' && attributes.to === 'int32';

/** Gives values of a graph other names. */
import type { Graph, Node, Value } from './graph.js';

/**
 * The graph with other names.
 * @param names the new names by the old ones, which no other value has
 */
export function renameValues(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const renamed = new Map<Value, Value>();
  const named = <V extends Value | null>(value: V): V => {
    const name = value === null ? undefined : names.get(value.name);
    if (value === null || name === undefined) return value;
    const made = renamed.get(value) ?? { ...value, name };
    renamed.set(value, made);
    return made as V;
  };
  return {
    inputs: graph.inputs.map(named),
    constants: graph.constants.map((constant) => ({ ...constant, value: named(constant.value) })),
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(named), outputs: node.outputs.map(named) }) as Node),
    outputs: graph.outputs.map(named),
  };
}

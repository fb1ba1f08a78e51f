/** The names that a model file has for the values of the graph that was read from it. */
import type { Graph } from '../../graph/graph.js';

/**
 * The names in the file of the values that nodes make, where no other value has them.
 * @param tensorNames the names of tensors in the file, by the names of the values that they are in the graph
 */
export function namesInFile({ inputs, constants, nodes }: Graph, tensorNames: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  const taken = new Set([...made, ...inputs.map(({ name }) => name), ...constants.map(({ value }) => value.name)]);
  const names = new Map<string, string>();
  for (const [value, tensor] of tensorNames) {
    if (!made.has(value) || taken.has(tensor)) continue;
    names.set(value, tensor);
    taken.add(tensor);
  }
  return names;
}

/** Writes parts of TF.js graphs, which stand in our graph as they were read. */
import { indexed } from '../ends.js';
import { nodeOf, readFunctions, readNodes } from '../graph-def.js';
import type { Call } from './call.js';
import type { WrittenTensor } from './graph-def.js';

/**
 * Writes the nodes of the part, which take the part's inputs from the tensors that these became. Names change where others have them,
 * except for the names of the library's weights, by which TF.js finds them.
 */
export function tfjsGraph(call: Call<'tfjsGraph'>): readonly WrittenTensor[] {
  const { nodes, library, inputNames, outputNames } = call.attributes;
  const functions = readFunctions(library ?? undefined);
  for (const [name, { json, nodes }] of functions) {
    for (const [index, input] of inputNames.entries()) if (nodes.get(input)?.op === 'Const') call.weight(index, input);
    call.addFunction(name, json, [...nodes.keys()]);
  }
  const inputs = new Map(inputNames.map((name, index) => [indexed(name), index]));
  const part = readNodes(nodes, 'tfjsGraph.nodes');
  const written = new Map([...part.values()].map(({ name, op, attr }) => [name, call.addNamed(name, op, attr)]));
  const find = (name: string): WrittenTensor => {
    const node = written.get(nodeOf(name));
    if (node !== undefined) return { node, output: name.startsWith('^') ? 'control' : Number(indexed(name).split(':').at(-1)) };
    const input = inputs.get(indexed(name));
    if (input === undefined) throw call.refused(`takes "${name}", which is not there`);
    return call.input(input);
  };
  for (const { name, input } of part.values()) written.get(name)?.inputs.push(...input.map(find));
  return outputNames.map(find);
}

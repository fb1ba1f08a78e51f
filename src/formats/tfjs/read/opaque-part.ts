/** The part of a GraphDef that our ops cannot say, as one node of our graph. */
import type { GraphBuilder } from '../../../graph/builder.js';
import type { Value } from '../../../graph/graph.js';
import type { Tensors } from '../../reading/tensors.js';
import { calledBy, type Graph as GraphDef, type GraphFunction, type GraphNode, nodeOf } from '../graph-def.js';
import type { Weight } from '../weights.js';
import { takenBy } from './call.js';
import { constantOf } from './constant.js';

interface Model {
  readonly def: GraphDef;
  readonly weights: readonly Weight[];
  readonly builder: GraphBuilder;
  readonly tensors: Tensors;
}

/**
 * Adds the nodes to the graph as one `tfjsGraph`, if there are any.
 * @param wanted the tensors that the graph gives
 * @returns of these, the ones that the nodes give
 */
export function opaquePart(nodes: readonly GraphNode[], wanted: readonly string[], model: Model): ReadonlyMap<string, Value> {
  const [first] = nodes;
  if (first === undefined) return new Map();
  const { def, weights, builder, tensors } = model;
  const names = new Set(nodes.map(({ name }) => name));
  const taken = [...new Set(nodes.flatMap(takenBy))].filter((tensor) => !names.has(nodeOf(tensor)));
  const functions = functionsOf(nodes, def);
  const within = new Set(functions.flatMap((each) => [...each.nodes.values()].flatMap(({ op, name }) => (op === 'Const' ? [name] : []))));
  const constants = weights.filter(({ name }) => within.has(name));
  const inputs = [...taken.map((tensor) => tensors.value(tensor)), ...constants.map((each) => builder.constant(constantOf(each)))];
  const outputNames = [...new Set(wanted)].filter((tensor) => names.has(nodeOf(tensor)));
  const attributes = {
    nodes: nodes.map((node) => ({ ...node, input: node.input.filter((each) => !each.startsWith('^') || names.has(nodeOf(each))) })),
    library: functions.length === 0 ? null : { function: functions.map(({ json }) => json) },
    inputNames: [...taken, ...constants.map(({ name }) => name)],
    outputNames,
  };
  const values = builder.opaque(inputs, attributes, { format: 'tfjs', op: first.op, name: first.name }, outputNames);
  return new Map(outputNames.map((tensor, index) => [tensor, values[index] as Value]));
}

/** The functions that nodes call, and those that these call. */
function functionsOf(nodes: readonly GraphNode[], { functions }: GraphDef): readonly GraphFunction[] {
  const found = new Set<string>();
  const waiting = nodes.flatMap(calledBy);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    waiting.push(...[...(functions.get(name) as GraphFunction).nodes.values()].flatMap(calledBy));
  }
  return [...found].map((name) => functions.get(name) as GraphFunction);
}

/** Puts the nodes of a function of the file in the place of a node that calls it. */
import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from '../proto.js';

/** The text by which a function is found. */
export const keyOf = ({ domain, name, overload }: Pick<FunctionProto, 'domain' | 'name' | 'overload'>): string =>
  JSON.stringify([domain, name, overload]);

/** The nodes of a call, and the names of the function's outputs in them. */
export interface Inlined {
  readonly nodes: readonly NodeProto[];
  readonly outputs: readonly string[];
  /** How many nodes there are, those in graphs of others and those that nothing needs among them. */
  readonly count: number;
}

/**
 * The function's nodes with the call's inputs and attributes. Outputs have the names that the call gives them; other names begin with
 * that of the function and a number, so that no two calls share one, and none grows with the depth of calls.
 * @param number that no other call has
 */
export function inlined(call: NodeProto, called: FunctionProto, number: number): Inlined {
  const prefix = `${called.name}@${number}/`;
  // An input that is handed on as an output keeps the name of the input.
  const names = new Map([
    ...called.outputs.map((name, index): [string, string] => [name, call.outputs[index] || `${prefix}${name}`]),
    ...called.inputs.map((name, index): [string, string] => [name, call.inputs[index] ?? '']),
  ]);
  const given = new Map([...called.defaults, ...call.attributes].map((each) => [each.name, each]));
  const renaming: Renaming = { given, prefix, count: 0, name: (name) => (name === '' ? '' : (names.get(name) ?? `${prefix}${name}`)) };
  const nodes = called.nodes.map((node) => renamedNode(node, renaming));
  return { nodes, outputs: called.outputs.map(renaming.name), count: renaming.count };
}

interface Renaming {
  /** The attributes of the call. */
  readonly given: ReadonlyMap<string, AttributeProto>;
  readonly prefix: string;
  /** How many nodes have been renamed. */
  count: number;
  name(name: string): string;
}

function renamedNode(node: NodeProto, renaming: Renaming): NodeProto {
  renaming.count++;
  return {
    ...node,
    name: `${renaming.prefix}${node.name || node.outputs.find(Boolean) || node.op}`,
    inputs: node.inputs.map(renaming.name),
    outputs: node.outputs.map(renaming.name),
    attributes: node.attributes.flatMap((attribute) => renamedAttribute(attribute, renaming)),
  };
}

/** An attribute that refers to one of the call is that one under its own name, or absent if the call has none. */
function renamedAttribute(attribute: AttributeProto, renaming: Renaming): readonly AttributeProto[] {
  const { name, reference, graph } = attribute;
  if (reference !== '') {
    const given = renaming.given.get(reference);
    return given === undefined ? [] : [{ ...given, name }];
  }
  return graph === undefined ? [attribute] : [{ ...attribute, graph: renamedGraph(graph, renaming) }];
}

function renamedGraph(graph: GraphProto, renaming: Renaming): GraphProto {
  const renamed = <T extends { readonly name: string }>(each: T): T => ({ ...each, name: renaming.name(each.name) });
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renamedNode(node, renaming)),
    initializers: graph.initializers.map(renamed),
    inputs: graph.inputs.map(renamed),
    outputs: graph.outputs.map(renamed),
  };
}

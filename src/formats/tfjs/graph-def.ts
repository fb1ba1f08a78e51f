/** Checks a GraphDef: names of nodes are unique, ops known, inputs exist, constants have weights. */
import { describe } from '../../base/describe.js';
import type { Fields } from '../../base/fields.js';
import { arrayAt, broken, nameAt, objectAt, textAt } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { cycleIn } from './cycles.js';
import { ASYNC_OPS, SYNC_OPS } from './tfjs-table.js';
import type { Weight } from './weights.js';

/** One node of the graph. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** The names in the graph: `node`, `node:1`, or `^node` for a control dependency. */
  readonly input: readonly string[];
  readonly attr: Fields;
}

/** A function of the library: the body of a loop or a branch. */
export interface GraphFunction {
  /** As it stands in the file. */
  readonly json: Fields;
  readonly nodes: ReadonlyMap<string, GraphNode>;
}

/** The graph that a model.json describes. */
export interface Graph {
  /** The nodes of the top level. Bodies of loops and branches are functions of the library. */
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** The functions of the library by name. */
  readonly functions: ReadonlyMap<string, GraphFunction>;
  /** Counts by op, functions included, sorted by name. */
  readonly ops: Readonly<Record<string, number>>;
}

/**
 * Checks a GraphDef against its weights.
 * @throws {PannierError} `model-format`; ops that TF.js cannot execute are listed with their nodes
 */
export function readGraph(topology: Fields, weights: readonly Weight[]): Graph {
  const nodes = readNodes(topology['node'], 'modelTopology.node');
  const functions = readFunctions(topology['library']);
  const all = [...nodes.values(), ...[...functions.values()].flatMap((each) => [...each.nodes.values()])];
  if (all.length > LIMITS.nodes) throw broken(`The graph has ${all.length} nodes; the limit is ${LIMITS.nodes}.`);
  checkOps(all);
  for (const node of nodes.values()) checkInputs(node, nodes);
  for (const node of all) checkCalls(node, functions);
  checkCycles(nodes, functions);
  checkConstants(all, weights);
  const counts = new Map<string, number>();
  for (const { op } of all) counts.set(op, (counts.get(op) ?? 0) + 1);
  return { nodes, functions, ops: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** The node of a tensor or control dependency: `^a` and `a:1` belong to `a`. */
export const nodeOf = (tensor: string): string => tensor.replace(/^\^/, '').split(':')[0] as string;

/** The nodes that the given tensors depend on, their own nodes included. */
export function reachableFrom(graph: Graph, tensors: Iterable<string>): Set<string> {
  const seen = new Set<string>();
  const waiting = [...tensors].map(nodeOf);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    waiting.push(...(graph.nodes.get(name)?.input ?? []).map(nodeOf));
  }
  return seen;
}

/** Whether TF.js must run these outputs asynchronously: control flow, or sizes that depend on data. */
export function isAsync(graph: Graph, outputs: Iterable<string>): boolean {
  return [...reachableFrom(graph, outputs)].some((name) => ASYNC_OPS.has(graph.nodes.get(name)?.op ?? ''));
}

/** Reads nodes by their names. @throws {PannierError} `model-format` */
export function readNodes(value: unknown, place: string): Map<string, GraphNode> {
  const nodes = new Map<string, GraphNode>();
  for (const [index, item] of arrayAt(value, place, LIMITS.nodes).entries()) {
    const fields = objectAt(item, `${place}[${index}]`);
    const name = nameAt(fields['name'], `${place}[${index}].name`);
    if (nodes.has(name)) throw broken(`Node "${name}" occurs twice in ${place}; names must be unique.`);
    const input = arrayAt(fields['input'] ?? [], `${place}[${index}].input`, LIMITS.nodes).map((each) =>
      textAt(each, `Node "${name}"'s input`),
    );
    nodes.set(name, {
      name,
      op: nameAt(fields['op'], `Node "${name}"'s op`),
      input,
      attr: objectAt(fields['attr'] ?? {}, `Node "${name}"'s attr`),
    });
  }
  return nodes;
}

/** Reads the functions of a GraphDef's library by their names. @throws {PannierError} `model-format` */
export function readFunctions(library: unknown): Map<string, GraphFunction> {
  const functions = new Map<string, GraphFunction>();
  if (library === undefined) return functions;
  const list = objectAt(library, 'modelTopology.library')['function'] ?? [];
  for (const [index, item] of arrayAt(list, 'modelTopology.library.function', LIMITS.nodes).entries()) {
    const place = `modelTopology.library.function[${index}]`;
    const fields = objectAt(item, place);
    const signature = objectAt(fields['signature'], `${place}.signature`);
    const name = nameAt(signature['name'], `${place}.signature.name`);
    if (functions.has(name)) throw broken(`Function "${name}" occurs twice in the graph's library; names must be unique.`);
    for (const side of ['inputArg', 'outputArg']) {
      for (const arg of arrayAt(signature[side] ?? [], `${place}.signature.${side}`, LIMITS.nodes)) {
        nameAt(objectAt(arg, `${place}.signature.${side}`)['name'], `${place}.signature.${side}'s name`);
      }
    }
    functions.set(name, { json: fields, nodes: readNodes(fields['nodeDef'] ?? [], `${place}.nodeDef`) });
  }
  return functions;
}

function checkOps(nodes: readonly GraphNode[]): void {
  const unknown = nodes.filter(({ op }) => !SYNC_OPS.has(op) && !ASYNC_OPS.has(op));
  if (unknown.length === 0) return;
  const listed = unknown.slice(0, 8).map(({ name, op }) => `${op} (node "${name}")`);
  const more = unknown.length > listed.length ? ` and ${unknown.length - listed.length} more` : '';
  throw broken(
    `The graph uses ops that TF.js does not execute, or that work on text: ${listed.join(', ')}${more}. Export the model without them.`,
    {
      nodes: unknown.map(({ name }) => name),
    },
  );
}

function checkInputs({ name, input }: GraphNode, nodes: ReadonlyMap<string, GraphNode>): void {
  for (const from of input) {
    if (!nodes.has(nodeOf(from))) throw broken(`Node "${name}" takes ${describe(from)}, which is not in the graph.`);
  }
}

/** Attributes such as a loop's `cond` and `body` name functions of the library. */
function checkCalls(node: GraphNode, functions: ReadonlyMap<string, unknown>): void {
  const lost = calledBy(node).find((called) => !functions.has(called));
  if (lost !== undefined) throw broken(`Node "${node.name}" calls function ${describe(lost)}, which the graph's library does not have.`);
}

/** A loop of TensorFlow 1 takes its own result by a NextIteration; nothing else can, and TF.js would call a function without end. */
function checkCycles(nodes: Graph['nodes'], functions: Graph['functions']): void {
  for (const each of [nodes, ...[...functions.values()].map((called) => called.nodes)]) {
    const cycle = cycleIn(new Map([...each].map(([name, node]) => [name, node.op === 'NextIteration' ? [] : takenBy(node)])));
    if (cycle !== undefined) throw broken(`Node "${cycle[0]}" takes its own result${byWayOf(cycle)}; only a loop may, by a NextIteration.`);
  }
  const calls = [...functions].map(([name, called]) => [name, [...called.nodes.values()].flatMap(calledBy)] as const);
  const cycle = cycleIn(new Map(calls));
  if (cycle !== undefined) throw broken(`Function "${cycle[0]}" calls itself${byWayOf(cycle)}, which TF.js cannot run.`);
}

/** The nodes whose values a node takes. */
const takenBy = ({ input }: GraphNode): readonly string[] => input.filter((from) => !from.startsWith('^')).map(nodeOf);

const byWayOf = ([, ...others]: readonly string[]): string => {
  const [shown, more] = [others.slice(0, 5).map((name) => `"${name}"`), others.length - 5];
  return others.length === 0 ? '' : `, by way of ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** The names of the functions that a node calls. @throws {PannierError} `model-format` */
export const calledBy = ({ name, attr }: GraphNode): readonly string[] =>
  Object.entries(attr).flatMap(([key, value]) => {
    const place = `Node "${name}"'s attr.${key}`;
    const { func } = objectAt(value, place);
    return func === undefined ? [] : [textAt(objectAt(func, `${place}.func`)['name'], `${place}.func.name`)];
  });

/** Checks that every constant has a weight and every weight a constant. */
function checkConstants(nodes: readonly GraphNode[], weights: readonly Weight[]): void {
  const constants = new Set(nodes.filter(({ op }) => op === 'Const').map(({ name }) => name));
  for (const { name } of weights) {
    if (!constants.delete(name))
      throw broken(`Weight "${name}" belongs to no constant of the graph; model.json and weights are not from one export.`);
  }
  const [without] = constants;
  if (without !== undefined)
    throw broken(`Constant "${without}" has no weight in the weightsManifest; model.json and weights are not from one export.`);
}

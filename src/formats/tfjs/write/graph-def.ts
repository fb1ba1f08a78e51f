/** A GraphDef under construction: its nodes, their names, and its constants with their weights. */
import { WIDE_DTYPES, type WideDType } from '../../../base/dtype.js';
import type { Fields } from '../../../base/fields.js';
import { Names } from '../../../base/names.js';
import type { Constant } from '../../../graph/graph.js';
import { broken, isReserved } from '../../file-fields.js';
import { LIMITS } from '../../limits.js';
import type { Weight } from '../weights.js';
import { attr } from './attributes.js';
import { type StoredWeight, storedWeight } from './weight.js';

/** A node that is being written. */
export interface WrittenNode {
  readonly op: string;
  /** May grow until the GraphDef is complete, since TF.js's own loops take what stands behind them. */
  readonly inputs: WrittenTensor[];
  readonly attr: Fields;
  /** The name that the node should have, if it makes a value of the graph. */
  name?: string;
  /** The value that it helps to compute, if it has no name of its own. */
  readonly scope: string;
  /** The values of a constant. */
  readonly weight?: StoredWeight;
}

/** One output of a node that is being written; without a number, the node as a control dependency. */
export interface WrittenTensor {
  readonly node: WrittenNode;
  readonly output: number | 'control';
}

/** The first output of a node. */
export const outputOf = (node: WrittenNode, output = 0): WrittenTensor => ({ node, output });

/** A GraphDef whose nodes have their names. */
export interface BuiltGraphDef {
  /** In the form of JSON. */
  readonly topology: Fields;
  /** In the order of their nodes; those of the library's functions come last. */
  readonly weights: readonly Weight[];
  readonly nameOf: (tensor: WrittenTensor) => string;
}

export class GraphDef {
  readonly #nodes: WrittenNode[] = [];
  /** Constants by what they hold. */
  readonly #constants = new Map<string, WrittenTensor>();
  /** The functions of the library by name, and the weights that they take. */
  readonly #functions = new Map<string, Fields>();
  readonly #functionWeights = new Map<string, StoredWeight>();
  readonly #names = new Names();

  /** Adds a node. @param scope the value that it helps to compute @param name the one that it should have */
  add(op: string, inputs: readonly WrittenTensor[], attributes: Fields, scope: string, name?: string): WrittenNode {
    const node: WrittenNode = { op, inputs: [...inputs], attr: attributes, scope, ...(name !== undefined && { name }) };
    this.#nodes.push(node);
    return node;
  }

  /** A constant of the graph in a shape of as many elements. */
  constant(constant: Constant, shape: readonly number[]): WrittenTensor {
    const { name } = constant.value;
    return this.#constant(`constant ${name} [${shape}]`, name, () => storedWeight(constant, shape));
  }

  /**
   * Numbers that nodes take. Equal ones become one constant, unless one is a parameter and one is computed with: TF.js on webgpu reads
   * parameters without waiting, for which they must never have been copied to the GPU.
   */
  numbers(use: 'parameter' | 'operand', dtype: WideDType, values: readonly number[], shape: readonly number[]): WrittenTensor {
    const key = `${use} ${dtype} [${shape}] ${values.map((value) => (Object.is(value, -0) ? '-0' : value))}`;
    return this.#constant(key, undefined, () => {
      const data = WIDE_DTYPES[dtype].from(values);
      return { shape, dtype, bytes: new Uint8Array(data.buffer) };
    });
  }

  /**
   * Adds a function of the library. TF.js finds its weights by their names, for which nothing else may have the name of one of its nodes.
   * @throws {PannierError} `model-format` if another function has the name
   */
  addFunction(name: string, json: Fields, nodes: readonly string[]): void {
    const known = this.#functions.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(json)) throw broken(`Two functions have the name "${name}".`);
    this.#functions.set(name, json);
    for (const node of nodes) this.#names.take(node);
  }

  /** A constant as a weight of functions. */
  addFunctionWeight(name: string, constant: Constant): void {
    this.#functionWeights.set(name, storedWeight(constant, constant.value.type.shape as readonly number[]));
  }

  #constant(key: string, name: string | undefined, weightOf: () => StoredWeight): WrittenTensor {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const weight = weightOf();
    const isTaken = name !== undefined && this.#nodes.some((node) => node.weight !== undefined && node.name === name);
    const node: WrittenNode = {
      op: 'Const',
      inputs: [],
      attr: { dtype: attr.type(weight.dtype) },
      scope: name ?? 'constant',
      ...(name !== undefined && !isTaken && { name }),
      weight,
    };
    this.#nodes.push(node);
    const made = outputOf(node);
    this.#constants.set(key, made);
    return made;
  }

  /** Names the nodes, and gives all in the form of JSON, with the weights in the order of their nodes. */
  build(): BuiltGraphDef {
    const names = namesOf(this.#nodes, this.#names);
    const nameOf = ({ node, output }: WrittenTensor): string => {
      const name = names.get(node) as string;
      if (output === 'control') return `^${name}`;
      return output === 0 ? name : `${name}:${output}`;
    };
    const nodes = this.#nodes.map((node) => ({
      name: names.get(node),
      op: node.op,
      ...(node.inputs.length > 0 && { input: node.inputs.map(nameOf) }),
      attr: node.attr,
    }));
    const weights = this.#nodes.flatMap((node) => (node.weight ? [{ name: names.get(node) as string, ...node.weight }] : []));
    const ofFunctions = [...this.#functionWeights].map(([name, weight]) => ({ name, ...weight }));
    const functions = [...this.#functions.values()];
    // TF.js's GraphModel fails without `versions`.
    const topology = { node: nodes, versions: {}, ...(functions.length > 0 && { library: { function: functions } }) };
    return { topology, weights: [...weights, ...ofFunctions], nameOf };
  }
}

/** Names that are legal in a GraphDef and differ from each other and from those that are taken. Those of values are given first, so that they are kept. */
function namesOf(nodes: readonly WrittenNode[], taken: Names): ReadonlyMap<WrittenNode, string> {
  const names = new Map<WrittenNode, string>();
  const give = (node: WrittenNode, wanted: string): void => {
    const legal = wanted.replace(/[^\w./>\\-]/g, '_').slice(0, LIMITS.nameBytes - 8) || 'node';
    names.set(node, taken.take(legal, isReserved));
  };
  for (const node of nodes) if (node.name !== undefined) give(node, node.name);
  for (const node of nodes) if (node.name === undefined) give(node, `${node.scope}/${node.op}`);
  // A map's order is that of the names; the nodes' own order counts.
  return names;
}

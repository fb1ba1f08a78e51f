/** A GraphDef under construction: its nodes, their names, and its constants with their weights. */
import { DTYPES, type DType } from '../../base/dtype.js';
import type { Fields } from '../../base/fields.js';
import { Names } from '../../base/names.js';
import type { Constant } from '../../graph/graph.js';
import { isReserved } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import type { Weight } from './weights.js';
import { attr } from './write-attributes.js';
import { type StoredWeight, storedWeight } from './write-weight.js';

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

export class GraphDef {
  readonly #nodes: WrittenNode[] = [];
  /** Constants by what they hold. */
  readonly #constants = new Map<string, WrittenTensor>();

  /** Adds a node. @param scope the value that it helps to compute */
  add(op: string, inputs: readonly WrittenTensor[], attributes: Fields, scope: string): WrittenNode {
    const node: WrittenNode = { op, inputs: [...inputs], attr: attributes, scope };
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
  numbers(use: 'parameter' | 'operand', dtype: DType, values: readonly number[], shape: readonly number[]): WrittenTensor {
    const key = `${use} ${dtype} [${shape}] ${values.map((value) => (Object.is(value, -0) ? '-0' : value))}`;
    return this.#constant(key, undefined, () => {
      const data = DTYPES[dtype].from(values);
      return { shape, dtype, bytes: new Uint8Array(data.buffer) };
    });
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

  /** Names the nodes, and gives them in the form of JSON with the weights in the same order. */
  build(): { readonly nodes: readonly Fields[]; readonly weights: readonly Weight[]; readonly nameOf: (tensor: WrittenTensor) => string } {
    const names = namesOf(this.#nodes);
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
    return { nodes, weights, nameOf };
  }
}

/** Names that are legal in a GraphDef and differ. Those of values are given first, so that they are kept. */
function namesOf(nodes: readonly WrittenNode[]): ReadonlyMap<WrittenNode, string> {
  const names = new Map<WrittenNode, string>();
  const taken = new Names();
  const give = (node: WrittenNode, wanted: string): void => {
    const legal = wanted.replace(/[^\w./>\\-]/g, '_').slice(0, LIMITS.nameBytes - 8) || 'node';
    names.set(node, taken.take(legal, isReserved));
  };
  for (const node of nodes) if (node.name !== undefined) give(node, node.name);
  for (const node of nodes) if (node.name === undefined) give(node, `${node.scope}/${node.op}`);
  // A map's order is that of the names; the nodes' own order counts.
  return names;
}

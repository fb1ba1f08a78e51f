/** One node of a GraphDef while it is read. */
import type { GraphBuilder } from '../../../graph/builder.js';
import type { AttributeReader } from '../../reading/attribute-reader.js';
import { NodeCall } from '../../reading/node-call.js';
import type { ReadTensor, Tensors } from '../../reading/tensors.js';
import { bare } from '../ends.js';
import type { GraphNode } from '../graph-def.js';
import { Attributes } from './attributes.js';

/** Reads one node: adds ops that compute the same, and gives its outputs. @throws {CannotExpress} where our ops cannot say it */
export type Importer = (call: Call) => ReadTensor | readonly ReadTensor[];

export type Importers = Readonly<Record<string, Importer>>;

/**
 * A node of TensorFlow's while it is read. A .tflite file has the same ops under other names, so that the importers take its nodes, too,
 * whose attributes have the names that TensorFlow gives them.
 */
export interface Call extends NodeCall {
  readonly attributes: AttributeReader;
  /** Whether anything takes an output behind the first one. */
  wants(index: number): boolean;
}

/** A call whose inputs are tensors `node` or `node:1`. Control dependencies do not count. */
export class GraphDefCall extends NodeCall implements Call {
  readonly attributes: Attributes;
  readonly #taken: ReadonlySet<string>;

  /** @param taken the tensors that nodes of the graph take, or that it gives */
  constructor(node: GraphNode, builder: GraphBuilder, tensors: Tensors, taken: ReadonlySet<string>) {
    super(takenBy(node), { format: 'tfjs', op: node.op, name: node.name }, builder, tensors);
    this.attributes = new Attributes(node);
    this.#taken = taken;
  }

  wants(index: number): boolean {
    return this.#taken.has(`${this.origin.name}:${index}`);
  }
}

/** The tensors that a node takes, by the names that the reader knows them by. */
export const takenBy = ({ input }: GraphNode): readonly string[] => input.filter((name) => !name.startsWith('^')).map(bare);

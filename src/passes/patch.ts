/** Makes a patch node by node: types are inferred, names are unique. */
import { constantOf } from '../graph/constant.js';
import { DATA_TYPES, type DataType } from '../graph/element-type.js';
import type { Constant, Node, NodeOf, Origin, TypedValue, Value } from '../graph/graph.js';
import { inferTypes } from '../graph/infer.js';
import type { OpAttributes, OpName } from '../graph/ops/index.js';
import type { Tensor } from '../graph/tensor.js';
import type { GraphView, Patch } from './pass.js';

/** A patch under construction. */
export class PatchBuilder {
  readonly #graph: GraphView;
  readonly #constants: Constant[] = [];
  readonly #nodes: Node[] = [];
  readonly #replaced: (readonly [Value, Value])[] = [];

  constructor(graph: GraphView) {
    this.#graph = graph;
  }

  /** A constant as it is stored. Its name is changed if it is taken. */
  constant(constant: Constant): TypedValue {
    const value = { ...constant.value, name: this.#graph.uniqueName(constant.value.name) };
    this.#constants.push({ ...constant, value });
    return value;
  }

  /** A constant of these values. @param name the wanted one, such as that of the weight which it replaces */
  tensor(tensor: Tensor, name: string): TypedValue {
    return this.constant(constantOf(name, tensor));
  }

  /** A constant of one number, without axes. */
  number(dataType: Exclude<DataType, 'float16'>, value: number, name: string): TypedValue {
    return this.tensor({ dataType, shape: [], data: new DATA_TYPES[dataType]([value]) }, name);
  }

  /**
   * Adds a node with one output.
   * @param origin of the node whose place it takes, for messages
   * @throws {PannierError} `model-format`, naming the node, if inputs or attributes do not fit the op
   */
  op<Name extends OpName>(op: Name, inputs: readonly (Value | null)[], attributes: OpAttributes[Name], origin: Origin): TypedValue {
    return this.ops(op, inputs, attributes, origin)[0] as TypedValue;
  }

  /** Adds a node. */
  ops<Name extends OpName>(
    op: Name,
    inputs: readonly (Value | null)[],
    attributes: OpAttributes[Name],
    origin: Origin,
  ): readonly TypedValue[] {
    const types = inferTypes({ op, inputs, attributes: attributes as Readonly<Record<string, unknown>>, origin });
    const outputs = types.map((type) => ({ name: this.#graph.uniqueName(origin.name), type }));
    this.#nodes.push({ op, attributes, inputs, outputs, origin } satisfies NodeOf<Name> as unknown as Node);
    return outputs;
  }

  /** Lets all that takes a value take another one. @returns this patch, which may be its last change */
  replace(old: Value, by: Value): this {
    this.#replaced.push([old, by]);
    return this;
  }

  build(): Patch {
    return { constants: this.#constants, nodes: this.#nodes, replaced: this.#replaced };
  }
}

/** A patch that lets all that takes a value take another one, which there is already. */
export const replacing = (old: Value, by: Value): Patch => ({ constants: [], nodes: [], replaced: [[old, by]] });

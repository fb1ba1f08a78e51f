/** Builds a graph node by node: types are inferred, names are unique, equal numbers are kept once. */
import { sizeOf } from '../base/dtype.js';
import { Names } from '../base/names.js';
import { constantOf } from './constant.js';
import { DATA_TYPES, type DataType } from './element-type.js';
import type { Constant, Graph, Node, NodeOf, Origin, TypedValue, Value } from './graph.js';
import { inferTypes } from './infer.js';
import { nodeError } from './node-error.js';
import type { OpAttributes, OpName } from './ops/index.js';
import type { Tensor, TensorType } from './tensor.js';

/** A graph under construction. */
export class GraphBuilder {
  readonly #inputs: Value[] = [];
  readonly #constants: Constant[] = [];
  readonly #nodes: Node[] = [];
  readonly #names = new Names();
  readonly #numbers = new Map<string, TypedValue>();
  readonly #maxMade: number;
  #made = 0;

  /** @param maxMade how many values the nodes may make: a small file can unroll to any number */
  constructor(maxMade = Number.POSITIVE_INFINITY) {
    this.#maxMade = maxMade;
  }

  /** An input of the graph. @param type null if only TF.js knows it */
  input(name: string, type: TensorType): TypedValue;
  input(name: string, type: TensorType | null): Value;
  input(name: string, type: TensorType | null): Value {
    const value = { name: this.uniqueName(name), type };
    this.#inputs.push(value);
    return value;
  }

  /** A weight of the model file. Its name is changed if it is taken. */
  constant(constant: Constant): TypedValue {
    const value = { ...constant.value, name: this.uniqueName(constant.value.name) };
    this.#constants.push({ ...constant, value });
    return value;
  }

  /** A constant of numbers that the graph computes with. Equal ones become one constant. @param shape default a list */
  numbers(dataType: DataType, values: readonly number[], shape: readonly number[] = [values.length]): TypedValue {
    const key = `${dataType} [${shape}] ${values.map((value) => (Object.is(value, -0) ? '-0' : value))}`;
    const found = this.#numbers.get(key);
    if (found !== undefined) return found;
    const data = new DATA_TYPES[dataType](sizeOf(shape));
    data.set(values);
    const made = this.constant(constantOf(`constant_${this.#numbers.size}`, { dataType, shape, data } satisfies Tensor));
    this.#numbers.set(key, made);
    return made;
  }

  /** A constant of one number, without axes. */
  number(dataType: DataType, value: number): TypedValue {
    return this.numbers(dataType, [value], []);
  }

  /**
   * Adds a node with one output.
   * @param name of the output; default the node's name in the model file
   * @throws {PannierError} `model-format`, naming the node
   */
  op<Name extends OpName>(
    op: Name,
    inputs: readonly (Value | null)[],
    attributes: OpAttributes[Name],
    origin: Origin,
    name: string = origin.name,
  ): TypedValue {
    return this.ops(op, inputs, attributes, origin, [name])[0] as TypedValue;
  }

  /** Adds a node. @param names of its outputs; those that are missing are made of the node's name in the model file */
  ops<Name extends OpName>(
    op: Name,
    inputs: readonly (Value | null)[],
    attributes: OpAttributes[Name],
    origin: Origin,
    names: readonly string[] = [],
  ): readonly TypedValue[] {
    const types = inferTypes({ op, inputs, attributes: attributes as Readonly<Record<string, unknown>>, origin });
    this.#made += types.length;
    if (this.#made > this.#maxMade) throw nodeError(origin, `makes the graph larger than ${this.#maxMade} values; that is the limit`);
    const outputs = types.map((type, index) => ({ name: this.uniqueName(names[index] ?? `${origin.name}:${index}`), type }));
    this.#nodes.push({ op, attributes, inputs, outputs, origin } satisfies NodeOf<Name> as unknown as Node);
    return outputs;
  }

  /** Adds a part of a TF.js graph, whose outputs have types that only TF.js knows. @param names of its outputs */
  opaque(inputs: readonly Value[], attributes: OpAttributes['tfjsGraph'], origin: Origin, names: readonly string[]): readonly Value[] {
    const outputs = names.map((name) => ({ name: this.uniqueName(name), type: null }));
    this.#nodes.push({ op: 'tfjsGraph', attributes, inputs, outputs, origin });
    return outputs;
  }

  /** The inputs that a value is computed from. */
  sourcesOf(value: Value): readonly Value[] {
    const seen = new Set<Value>([value]);
    // Nodes stand behind all that they take.
    for (const { inputs, outputs } of this.#nodes.toReversed()) {
      if (outputs.some((output) => seen.has(output))) for (const input of inputs) if (input) seen.add(input);
    }
    return this.#inputs.filter((input) => seen.has(input));
  }

  /** The graph with these outputs. */
  build(outputs: readonly Value[]): Graph {
    return { inputs: this.#inputs, constants: this.#constants, nodes: this.#nodes, outputs };
  }

  /** A name that no value has yet: the wanted one, or one with a number behind it. Nothing else gets this name later. */
  uniqueName(wanted: string): string {
    return this.#names.take(wanted);
  }
}

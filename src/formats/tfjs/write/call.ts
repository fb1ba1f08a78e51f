/** What the writer of an op gets: one node of the graph, and the GraphDef to write into. */
import type { WideDType } from '../../../base/dtype.js';
import type { Fields } from '../../../base/fields.js';
import { tensorOf } from '../../../graph/constant.js';
import type { Constant, Node, NodeOf, TypedValue, Value } from '../../../graph/graph.js';
import { nodeError } from '../../../graph/node-error.js';
import type { OpAttributes, OpName } from '../../../graph/ops/index.js';
import type { Size } from '../../../graph/size.js';
import type { TensorType } from '../../../graph/tensor.js';
import { dtypeOf } from './attributes.js';
import { type GraphDef, outputOf, type WrittenNode, type WrittenTensor } from './graph-def.js';
import type { WrittenSizes } from './sizes.js';

/** Writes one node as nodes of a GraphDef, and says which tensors are its outputs. */
export type WriteOp<Name extends OpName> = (call: Call<Name>) => WrittenTensor | readonly WrittenTensor[];

/** A writer for each of some ops. */
export type WriteOps<Names extends OpName> = { readonly [Name in Names]: WriteOp<Name> };

/** An activation that TF.js computes in the node before it. */
export interface FusedActivation {
  /** As the attribute `fused_ops` names it. */
  readonly op: string;
  /** The factor of LeakyRelu for what is below 0. */
  readonly alpha?: number;
  /** The factors of Prelu, one for each channel. */
  readonly slope?: Value;
}

/** The ops that TF.js computes in the node that is written. */
export interface Fusion {
  /** One number for each channel, which is added. Absent where the bias is an input of the node. */
  readonly bias?: Value;
  readonly activation?: FusedActivation;
  /** The value that the node makes then. */
  readonly output: Value;
}

/** Where a node is written, and where its inputs were written. */
export interface Target {
  readonly def: GraphDef;
  readonly sizes: WrittenSizes;
  /** The ops that are computed in the node, if there are any. */
  readonly fusion: Fusion | undefined;
  /** The tensor that a value became. @param shape of as many elements, if it is wanted in another one */
  find(value: Value, shape?: readonly number[]): WrittenTensor;
  /** The constant that a value is, if it is one. */
  constant(value: Value): Constant | undefined;
}

/** One node of the graph while it is written, without its attributes. */
export class NodeWriter {
  readonly #node: Node;
  readonly #target: Target;

  constructor(node: Node, target: Target) {
    this.#node = node;
    this.#target = target;
  }

  /** The inputs that there are, in order. */
  get inputs(): readonly WrittenTensor[] {
    return this.#node.inputs.flatMap((value) => (value === null ? [] : [this.#target.find(value)]));
  }

  /** An input that the op always has. */
  input(index = 0): WrittenTensor {
    return this.#target.find(this.#node.inputs[index] as Value);
  }

  /** Whether there is an input that may be absent. */
  has(index: number): boolean {
    return Boolean(this.#node.inputs[index]);
  }

  /** An input that may be absent. */
  optionalInput(index: number): WrittenTensor | undefined {
    const value = this.#node.inputs[index];
    return value ? this.#target.find(value) : undefined;
  }

  /** An input in another shape of as many elements. A constant is written in that shape. */
  inputAs(index: number, shape: readonly number[]): WrittenTensor {
    return this.#target.find(this.#node.inputs[index] as Value, shape);
  }

  /** The tensor of a value that the node does not take, such as one that it is fused with. @param shape of as many elements */
  tensor(value: Value, shape?: readonly number[]): WrittenTensor {
    return this.#target.find(value, shape);
  }

  /** The ops that are computed in the node, if there are any. */
  get fusion(): Fusion | undefined {
    return this.#target.fusion;
  }

  /** The type of an input. */
  type(index = 0): TensorType {
    return (this.#node.inputs[index] as TypedValue).type;
  }

  /** The type of an output. */
  outputType(index = 0): TensorType {
    return (this.#node.outputs[index] as TypedValue).type;
  }

  /** Adds a node, and gives its first output. */
  add(op: string, inputs: readonly WrittenTensor[], attributes: Fields = {}): WrittenTensor {
    return outputOf(this.#target.def.add(op, inputs, attributes, this.#scope));
  }

  /** Adds a node with several outputs. */
  addMany(op: string, inputs: readonly WrittenTensor[], attributes: Fields, count: number): readonly WrittenTensor[] {
    const node = this.#target.def.add(op, inputs, attributes, this.#scope);
    return Array.from({ length: count }, (_, output) => outputOf(node, output));
  }

  /** Adds a node that should have a name. Its inputs may be added later. */
  addNamed(name: string, op: string, attributes: Fields): WrittenNode {
    return this.#target.def.add(op, [], attributes, this.#scope, name);
  }

  /** Adds a function to the library. @param nodes the names of its nodes */
  addFunction(name: string, json: Fields, nodes: readonly string[]): void {
    this.#target.def.addFunction(name, json, nodes);
  }

  /** An input as a weight of functions. */
  weight(index: number, name: string): void {
    const constant = this.#target.constant(this.#node.inputs[index] as Value);
    if (constant === undefined) throw this.refused(`computes the weight "${name}" of a function`);
    this.#target.def.addFunctionWeight(name, constant);
  }

  /** An input as numbers, if it is a constant. */
  constantNumbers(index: number): readonly number[] | undefined {
    const constant = this.#target.constant(this.#node.inputs[index] as Value);
    return constant && Array.from(tensorOf(constant).data);
  }

  /** A number that is computed with, of the dtype that the first input's element type becomes. */
  number(value: number, dtype: WideDType = dtypeOf(this.type().dataType)): WrittenTensor {
    return this.#target.def.numbers('operand', dtype, [value], []);
  }

  /** A constant that is computed with. */
  numbers(dtype: WideDType, values: readonly number[], shape: readonly number[] = [values.length]): WrittenTensor {
    return this.#target.def.numbers('operand', dtype, values, shape);
  }

  /** A number that is a parameter of a node, such as an axis. */
  parameter(value: number, dtype: WideDType = 'int32'): WrittenTensor {
    return this.#target.def.numbers('parameter', dtype, [value], []);
  }

  /** Whole numbers that are a parameter of a node, such as axes. */
  parameters(values: readonly number[], shape: readonly number[] = [values.length]): WrittenTensor {
    return this.#target.def.numbers('parameter', 'int32', values, shape);
  }

  /** Sizes that are a parameter of a node. Those that are open are computed. */
  sizes(sizes: readonly Size[]): WrittenTensor {
    return this.#target.sizes.list(sizes);
  }

  /** One size as a parameter without axes. */
  size(size: Size): WrittenTensor {
    return this.#target.sizes.one(size);
  }

  /** The error of a node that cannot be written. @param problem the rest of a sentence: `has …` */
  refused(problem: string): Error {
    return nodeError(this.#node.origin, `cannot run in TF.js: it ${problem}`);
  }

  get #scope(): string {
    return this.#node.outputs[0]?.name ?? this.#node.origin.name;
  }
}

/** One node of the graph while it is written. */
export class Call<Name extends OpName> extends NodeWriter {
  readonly attributes: OpAttributes[Name];

  constructor(node: NodeOf<Name>, target: Target) {
    super(node as unknown as Node, target);
    this.attributes = node.attributes;
  }
}

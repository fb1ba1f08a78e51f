/** One node of a GraphDef while it is read: its inputs, its attributes, and the ops that it becomes. */
import type { GraphBuilder } from '../../../graph/builder.js';
import type { DataType } from '../../../graph/element-type.js';
import type { Origin, TypedValue, Value } from '../../../graph/graph.js';
import { nodeError } from '../../../graph/node-error.js';
import type { OpAttributes, OpName } from '../../../graph/ops/index.js';
import { isOpen, type Size, sizeText } from '../../../graph/size.js';
import { type Tensor, type TensorType, typeText } from '../../../graph/tensor.js';
import { bare } from '../ends.js';
import type { GraphNode } from '../graph-def.js';
import { Attributes } from './attributes.js';
import { cannotExpress } from './cannot-express.js';
import type { SizeTensor } from './size-tensor.js';
import type { ReadTensor, Tensors } from './tensors.js';

/** Reads one node: adds ops that compute the same, and gives its outputs. @throws {CannotExpress} where our ops cannot say it */
export type Importer = (call: Call) => ReadTensor | readonly ReadTensor[];

export type Importers = Readonly<Record<string, Importer>>;

export class Call {
  readonly op: string;
  readonly attributes: Attributes;
  readonly origin: Origin;
  /** The tensors that the node takes: `node` or `node:1`. */
  readonly #tensorNames: readonly string[];
  readonly #builder: GraphBuilder;
  readonly #tensors: Tensors;

  constructor(node: GraphNode, builder: GraphBuilder, tensors: Tensors) {
    this.op = node.op;
    this.attributes = new Attributes(node);
    this.origin = { format: 'tfjs', op: node.op, name: node.name };
    this.#tensorNames = takenBy(node);
    this.#builder = builder;
    this.#tensors = tensors;
  }

  /** How many tensors the node takes. Control dependencies do not count. */
  get count(): number {
    return this.#tensorNames.length;
  }

  /** An input as a value. @throws {CannotExpress} if only TF.js knows its type */
  value(index = 0): TypedValue {
    const value = this.#tensors.value(this.#name(index));
    if (!isTyped(value)) throw cannotExpress(`takes "${value.name}", whose type only TF.js knows`);
    return value;
  }

  /** An input of so many dimensions. */
  ofRank(rank: number, index = 0): TypedValue {
    const value = this.value(index);
    if (value.type.shape.length !== rank) throw this.broken(`takes ${rank} dimensions, but got ${typeText(value.type)}`);
    return value;
  }

  /** Inputs from one to another as values; without bounds, all of them. */
  values(start = 0, end = this.count): readonly TypedValue[] {
    return Array.from({ length: end - start }, (_, index) => this.value(start + index));
  }

  /** An input in another shape of as many elements. A constant gets the shape without a node. */
  valueAs(index: number, shape: readonly number[]): TypedValue {
    const constant = this.#tensors.constantAs(this.#name(index), shape);
    return constant ?? this.step('reshape', [this.value(index)], { newShape: shape });
  }

  /** The type of an input. */
  type(index = 0): TensorType {
    return this.value(index).type;
  }

  /** An input as sizes, if its numbers are known. */
  knownSizes(index: number): SizeTensor | undefined {
    return this.#tensors.sizes(this.#name(index));
  }

  /** An input as a list of sizes. @throws {CannotExpress} if it is computed from values */
  sizes(index: number, what: string): readonly Size[] {
    const known = this.knownSizes(index);
    if (known === undefined) throw cannotExpress(`takes ${what} that are computed while the model runs`);
    return known.sizes;
  }

  /** An input as whole numbers. @throws {CannotExpress} if they depend on values or on open sizes */
  wholes(index: number, what: string): readonly number[] {
    const sizes = this.sizes(index, what);
    const open = sizes.find(isOpen);
    if (open !== undefined) throw cannotExpress(`takes ${what} of the open size ${sizeText(open)}`);
    return sizes as readonly number[];
  }

  /** An input as one whole number. */
  whole(index: number, what: string): number {
    const [value, ...others] = this.wholes(index, what);
    if (value === undefined || others.length > 0) throw this.broken(`takes one number as ${what}, but got ${others.length + 1}`);
    return value;
  }

  /** Axes of a tensor, of which those below 0 count from the end. */
  axes(index: number, rank: number): readonly number[] {
    return this.wholes(index, 'axes').map((axis) => this.axisOf(axis, rank));
  }

  /** One axis. */
  axis(index: number, rank: number): number {
    return this.axisOf(this.whole(index, 'an axis'), rank);
  }

  /** An axis that may count from the end. */
  axisOf(axis: number, rank: number): number {
    if (axis < -rank || axis >= rank) throw this.broken(`has the axis ${axis}, but its input has ${rank} dimensions`);
    return axis < 0 ? axis + rank : axis;
  }

  /** The numbers of an input that is a constant. */
  constant(index: number): Tensor | undefined {
    return this.#tensors.constant(this.#name(index));
  }

  /** A number that the graph computes with, without axes. */
  number(value: number, dataType: Exclude<DataType, 'float16'> = this.type().dataType as Exclude<DataType, 'float16'>): TypedValue {
    return this.#builder.number(dataType, value);
  }

  /** Numbers that the graph computes with. */
  numbers(dataType: Exclude<DataType, 'float16'>, values: readonly number[], shape?: readonly number[]): TypedValue {
    return this.#builder.numbers(dataType, values, shape);
  }

  /** Adds the op whose output is the node's. */
  add<Name extends OpName>(op: Name, inputs: readonly (Value | null)[], attributes: OpAttributes[Name]): TypedValue {
    return this.#builder.op(op, inputs, attributes, this.origin);
  }

  /** Adds the op whose outputs are the node's. */
  addMany<Name extends OpName>(op: Name, inputs: readonly (Value | null)[], attributes: OpAttributes[Name]): readonly TypedValue[] {
    return this.#builder.ops(op, inputs, attributes, this.origin, [this.origin.name]);
  }

  /** Adds an op on the way to the node's output. */
  step<Name extends OpName>(op: Name, inputs: readonly (Value | null)[], attributes: OpAttributes[Name]): TypedValue {
    return this.#builder.op(op, inputs, attributes, this.origin, `${this.origin.name}/${op}`);
  }

  /** Adds an op with several outputs on the way to the node's output. */
  steps<Name extends OpName>(op: Name, inputs: readonly (Value | null)[], attributes: OpAttributes[Name]): readonly TypedValue[] {
    return this.#builder.ops(op, inputs, attributes, this.origin, [`${this.origin.name}/${op}`]);
  }

  /** A name for an open size that the node makes. */
  openName(wanted: string): string {
    return this.#tensors.openName(wanted);
  }

  /** The error of a node that contradicts itself. @param problem the rest of a sentence */
  broken(problem: string): Error {
    return nodeError(this.origin, problem);
  }

  #name(index: number): string {
    const name = this.#tensorNames[index];
    if (name === undefined) throw this.broken(`lacks its input ${index}`);
    return name;
  }
}

/** The tensors that a node takes, by the names that the reader knows them by. */
export const takenBy = ({ input }: GraphNode): readonly string[] => input.filter((name) => !name.startsWith('^')).map(bare);

const isTyped = (value: Value): value is TypedValue => value.type !== null;

/** One node of a model file while it is read: its inputs, and the ops that it becomes. */
import type { GraphBuilder } from '../../graph/builder.js';
import type { DataType } from '../../graph/element-type.js';
import type { Constant, Origin, TypedValue, Value } from '../../graph/graph.js';
import { nodeError } from '../../graph/node-error.js';
import type { OpAttributes, OpName } from '../../graph/ops/index.js';
import { isOpen, isSameSize, type Size, sizeText } from '../../graph/size.js';
import { type Shape, type Tensor, type TensorType, typeText } from '../../graph/tensor.js';
import { cannotExpress } from './cannot-express.js';
import type { SizeTensor } from './size-tensor.js';
import type { ReadTensor, Tensors } from './tensors.js';

/** The part of a call that every format has; each adds its own attributes. */
export class NodeCall {
  readonly op: string;
  readonly origin: Origin;
  readonly #tensorNames: readonly string[];
  readonly #builder: GraphBuilder;
  readonly #tensors: Tensors;

  /** @param tensorNames the tensors that the node takes, by the names that the reader knows them by; '' where one is absent */
  constructor(tensorNames: readonly string[], origin: Origin, builder: GraphBuilder, tensors: Tensors) {
    this.op = origin.op;
    this.origin = origin;
    this.#tensorNames = tensorNames;
    this.#builder = builder;
    this.#tensors = tensors;
  }

  /** How many tensors the node takes. */
  get count(): number {
    return this.#tensorNames.length;
  }

  /** Whether an input is there that may be absent. */
  has(index: number): boolean {
    return Boolean(this.#tensorNames[index]);
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

  /** An input with its axes in another order. A constant is put in that order here, so that no node has to do it. */
  valueTransposed(index: number, permutation: readonly number[]): TypedValue {
    const constant = this.#tensors.constantTransposed(this.#name(index), permutation);
    return constant ?? this.step('transpose', [this.value(index)], { permutation });
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

  /** A tensor that has been read, as a value. */
  asValue(tensor: ReadTensor): TypedValue {
    return this.#tensors.asValue(tensor, this.origin);
  }

  /** The numbers of an input that is a constant. */
  constant(index: number): Tensor | undefined {
    return this.#tensors.constant(this.#name(index));
  }

  /** The inputs of the graph that a value is computed from; none if it is computed from constants and sizes. */
  sourcesOf(value: TypedValue): readonly Value[] {
    return this.#builder.sourcesOf(value);
  }

  /** A number that the graph computes with, without axes. */
  number(value: number, dataType: DataType = this.type().dataType): TypedValue {
    return this.#builder.number(dataType, value);
  }

  /** Numbers that the graph computes with. */
  numbers(dataType: DataType, values: readonly number[], shape?: readonly number[]): TypedValue {
    return this.#builder.numbers(dataType, values, shape);
  }

  /** A constant that the node has by itself. */
  given(constant: Constant): TypedValue {
    return this.#builder.constant(constant);
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

  /** A value in another shape, on the way to the node's output. */
  reshaped(value: TypedValue, newShape: Shape): TypedValue {
    const { shape } = value.type;
    const isSame = shape.length === newShape.length && shape.every((size, axis) => isSameSize(size, newShape[axis] as Size));
    return isSame ? value : this.step('reshape', [value], { newShape });
  }

  /** A value with its axes in another order, on the way to the node's output. */
  transposed(value: TypedValue, permutation: readonly number[]): TypedValue {
    return permutation.every((axis, place) => axis === place) ? value : this.step('transpose', [value], { permutation });
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
    if (!name) throw this.broken(`lacks its input ${index}`);
    return name;
  }
}

const isTyped = (value: Value): value is TypedValue => value.type !== null;

/** One node of an ONNX graph while it is read. */
import type { GraphBuilder } from '../../../graph/builder.js';
import type { DataType } from '../../../graph/element-type.js';
import type { TypedValue, Value } from '../../../graph/graph.js';
import type { OpAttributes } from '../../../graph/ops/index.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { NodeCall } from '../../reading/node-call.js';
import type { PlainOp } from '../../reading/plain-ops.js';
import type { ReadTensor, Tensors } from '../../reading/tensors.js';
import { dataTypeOf, elementTypeName } from '../element-types.js';
import type { GraphProto, NodeProto } from '../proto.js';
import { Attributes } from './attributes.js';
import type { Notes, Vocabularies } from './ml/texts.js';

/** Reads one node: adds ops that compute the same, and gives its outputs. @throws {CannotExpress} where our ops cannot say it */
export type Importer = (call: Call) => ReadTensor | readonly ReadTensor[];

export type Importers = Readonly<Record<string, Importer>>;

/** Reads the graph of an attribute, and gives its outputs. @param given its inputs, which some ops give it */
export type ReadSubgraph = (graph: GraphProto, given: readonly ReadTensor[]) => readonly ReadTensor[];

export class Call extends NodeCall {
  readonly attributes: Attributes;
  /** The version of the op's domain, which decides what the op means. */
  readonly opset: number;
  readonly subgraph: ReadSubgraph;
  readonly #inputs: readonly string[];
  readonly #outputs: readonly string[];
  readonly #notes: Notes;

  constructor(node: NodeProto, opset: number, subgraph: ReadSubgraph, builder: GraphBuilder, tensors: Tensors, notes: Notes) {
    super(node.inputs, originOf(node), builder, tensors);
    this.attributes = new Attributes(node.attributes, this.origin);
    this.opset = opset;
    this.subgraph = subgraph;
    this.#inputs = node.inputs;
    this.#outputs = node.outputs;
    this.#notes = notes;
  }

  /** Whether an output has a name, so that something may take it. */
  wants(index: number): boolean {
    return Boolean(this.#outputs[index]);
  }

  /** How many outputs the node has. */
  get outputCount(): number {
    return this.#outputs.length;
  }

  /** The lists of the texts that an input has; undefined if it has numbers. */
  texts(index: number): Vocabularies | undefined {
    return this.#notes.texts(this.#inputs[index] ?? '');
  }

  /** Notes the lists of an output's texts, whose places in them the output is. */
  noteTexts(index: number, texts: Vocabularies): void {
    this.#notes.setTexts(this.#outputs[index] ?? '', texts);
  }

  /** Notes the names of the classes along the last axis of an output. */
  noteClassNames(index: number, names: readonly string[]): void {
    this.#notes.setClassNames(this.#outputs[index] ?? '', names);
  }

  /** Notes for the only output the names of the classes along the last axis of the only input. */
  keepClassNames(): void {
    const names = this.#notes.classNames(this.#inputs[0] ?? '');
    if (names !== undefined) this.noteClassNames(0, names);
  }

  /** An input that may be absent. */
  optional(index: number): TypedValue | undefined {
    return this.has(index) ? this.value(index) : undefined;
  }

  /** Whole numbers that newer opsets give as an input, and older ones as an attribute; undefined if neither is there. */
  wholesAt(index: number, attribute: string): readonly number[] | undefined {
    return this.has(index) ? this.wholes(index, attribute) : this.attributes.wholes(attribute);
  }

  /** Axes that newer opsets give as an input, and older ones as an attribute; undefined if neither is there. */
  axesAt(index: number, rank: number, attribute = 'axes'): readonly number[] | undefined {
    return this.wholesAt(index, attribute)?.map((axis) => this.axisOf(axis, rank));
  }

  /** The axis that an attribute gives. */
  axisAt(rank: number, absent: number, attribute = 'axis'): number {
    return this.axisOf(this.attributes.whole(attribute, absent), rank);
  }

  /** The only number of an input that is a constant; undefined if it is computed, or has more. */
  scalar(index: number): number | undefined {
    const constant = this.has(index) ? this.constant(index) : undefined;
    return constant?.data.length === 1 ? constant.data[0] : undefined;
  }

  /** The numbers of an input that is a constant. @throws {CannotExpress} if it is computed */
  constantNumbers(index: number, what: string): readonly number[] {
    const constant = this.constant(index);
    if (constant === undefined) throw cannotExpress(`takes ${what} that are computed while the model runs`);
    return [...constant.data];
  }

  /** The element type of an attribute. */
  dataType(attribute: string, absent?: number): DataType {
    const number = this.attributes.whole(attribute, absent);
    const dataType = dataTypeOf(number);
    if (dataType === undefined) throw cannotExpress(`gives ${elementTypeName(number)}, which our graph does not have`);
    return dataType;
  }

  /** Adds ops without attributes behind each other on the way to the output. */
  apply<Name extends PlainOp>(op: Name, ...inputs: readonly (Value | null)[]): TypedValue {
    return this.step(op, inputs, {} as OpAttributes[Name]);
  }

  /** A value as another element type. */
  cast(value: TypedValue, to: DataType): TypedValue {
    return value.type.dataType === to ? value : this.step('cast', [value], { to });
  }
}

/** A node without a name is named after its first output. */
export const originOf = ({ op, name, outputs, domain }: NodeProto) =>
  ({ format: 'onnx', op: domain === '' ? op : `${domain}.${op}`, name: name || outputs.find(Boolean) || op }) as const;

/** One operator of a .tflite file while it is read. */
import type { GraphBuilder } from '../../../graph/builder.js';
import type { DataType } from '../../../graph/element-type.js';
import type { Origin, TypedValue, Value } from '../../../graph/graph.js';
import type { OpAttributes } from '../../../graph/ops/index.js';
import { NodeCall } from '../../reading/node-call.js';
import type { PlainOp } from '../../reading/plain-ops.js';
import type { ReadTensor, Tensors } from '../../reading/tensors.js';
import type { Call as TensorFlowCall } from '../../tfjs/read/call.js';
import { dataTypeOf } from '../element-types.js';
import type { TfliteOperator, TfliteTensor } from '../model.js';
import { Options } from '../options.js';

/** Reads one operator: adds ops that compute the same, and gives its outputs. @throws {CannotExpress} where our ops cannot say it */
export type Importer = (call: Call) => ReadTensor | readonly ReadTensor[];

export type Importers = Readonly<Record<string, Importer>>;

/** Reads a subgraph in the place of the operator that names it, and gives its outputs. */
export type ReadSubgraph = (index: number, given: readonly ReadTensor[]) => readonly ReadTensor[];

/** The tensors of an operator, by the names that the reader knows them by, and as the file describes them. */
export interface OperatorTensors {
  /** '' where an optional input is absent. */
  readonly inputNames: readonly string[];
  readonly inputs: readonly (TfliteTensor | undefined)[];
  readonly outputs: readonly TfliteTensor[];
  /** Whether an input is a constant. */
  readonly isConstant: readonly boolean[];
  /** Whether anything takes an output. */
  readonly isTaken: readonly boolean[];
  /** Gives an input that keeps its elements from call to call other ones. */
  readonly keep: (index: number, value: TypedValue) => void;
  /** The nearest floats that an input can hold: others than given where its whole numbers stand for them. */
  readonly held: (index: number, value: TypedValue) => TypedValue;
}

/** Options have the names that TensorFlow has for the attributes of the same op. */
export class Call extends NodeCall implements TensorFlowCall {
  readonly attributes: Options;
  readonly tensors: OperatorTensors;
  readonly customOptions: Uint8Array;
  readonly subgraph: ReadSubgraph;

  constructor(
    operator: TfliteOperator,
    given: OperatorTensors,
    subgraph: ReadSubgraph,
    origin: Origin,
    builder: GraphBuilder,
    tensors: Tensors,
  ) {
    super(given.inputNames, origin, builder, tensors);
    this.attributes = new Options(operator.options, origin);
    this.tensors = given;
    this.customOptions = operator.customOptions;
    this.subgraph = subgraph;
  }

  wants(index: number): boolean {
    return this.tensors.isTaken[index] === true;
  }

  /** An input that may be absent. */
  optional(index: number): TypedValue | null {
    return this.has(index) ? this.value(index) : null;
  }

  /** All inputs as they have been read: what a subgraph is given. */
  allInputs(): readonly ReadTensor[] {
    return Array.from({ length: this.count }, (_, index) => this.knownSizes(index) ?? this.value(index));
  }

  /** The element type that the file says of an output; undefined if our graph does not have it. */
  outputType(index = 0): DataType | undefined {
    return dataTypeOf(this.tensors.outputs[index]?.elementType ?? -1);
  }

  /** Adds an op without attributes on the way to the output. */
  apply<Name extends PlainOp>(op: Name, ...inputs: readonly (Value | null)[]): TypedValue {
    return this.step(op, inputs, {} as OpAttributes[Name]);
  }

  /** A value as another element type. */
  cast(value: TypedValue, to: DataType): TypedValue {
    return value.type.dataType === to ? value : this.step('cast', [value], { to });
  }
}

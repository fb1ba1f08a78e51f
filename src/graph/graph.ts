/** The graph in the middle: what every format is read into, and what every engine runs. */
import type { OpAttributes, OpName } from './ops/index.js';
import type { TensorType } from './tensor.js';

/** A tensor of the graph. An input, a constant or an output of one node makes it; any number of nodes take it. */
export interface Value {
  /** Unique in the graph. */
  readonly name: string;
  /** `null` where only TF.js knows the type: the value comes out of a `tfjsGraph` node. */
  readonly type: TensorType | null;
}

/** A value whose type is known. */
export interface TypedValue extends Value {
  readonly type: TensorType;
}

/**
 * How the bytes of a constant are stored: as they are, as float16, as `stored × scale + min`, or as `stored × scale` with a scale for
 * each place along an axis. The scales of an axis, float32, stand before the values.
 */
export type Storage =
  | { readonly kind: 'plain' }
  | { readonly kind: 'float16' }
  | { readonly kind: 'uint8' | 'uint16'; readonly scale: number; readonly min: number }
  | { readonly kind: 'int8'; readonly axis: number };

/** A value that the model file gives: a weight, or a number that the graph computes with. */
export interface Constant {
  readonly value: TypedValue;
  /** Little-endian, row by row. */
  readonly bytes: Uint8Array;
  readonly storage: Storage;
}

/** Where a node comes from, for messages: the op and the name in the model file. */
export interface Origin {
  readonly format: 'tfjs' | 'keras' | 'onnx' | 'tflite' | 'pannier';
  readonly op: string;
  readonly name: string;
}

/** One operation of the graph. */
export interface NodeOf<Name extends OpName> {
  readonly op: Name;
  readonly attributes: OpAttributes[Name];
  /** In the order of the op's definition; `null` where an optional one is absent. */
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly origin: Origin;
}

/** A node of any op, whose attributes are typed by its op. */
export type Node = { readonly [Name in OpName]: NodeOf<Name> }[OpName];

/** A model's computation. Nodes stand in an order in which each comes after all that it takes. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly constants: readonly Constant[];
  readonly nodes: readonly Node[];
  /** A value may stand twice, and may be an input or a constant. */
  readonly outputs: readonly Value[];
}

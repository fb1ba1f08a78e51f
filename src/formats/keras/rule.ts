/** One call of a layer, as its rule sees it, and the checks that rules share. */
import type { Origin, TypedValue } from '../../graph/graph.js';
import type { OpAttributes, OpName } from '../../graph/ops/index.js';
import { isOpen, isSameSize, type Size } from '../../graph/size.js';
import { type Shape, shapeText } from '../../graph/tensor.js';
import type { Dim } from '../../manifest/signature.js';
import { broken } from '../file-fields.js';
import type { Weight } from '../tfjs/weights.js';
import type { LayerGraph } from './layer-graph.js';
import type { Settings } from './settings.js';
import type { LayerWeights } from './weights.js';

/** The parts of a call. */
export interface CallParts {
  readonly settings: Settings;
  /** The prefix of the names of the call's values and of the layer's weights. */
  readonly scope: string;
  /** At least one. */
  readonly inputs: readonly TypedValue[];
  /** Further tensors by the names of the arguments. */
  readonly tensors: ReadonlyMap<string, TypedValue>;
  /** The arguments of the call that are true. */
  readonly flags: ReadonlySet<string>;
  readonly graph: LayerGraph;
  readonly weights: LayerWeights;
  /** The weights of a layer inside this one, whose names begin with one of the scopes. */
  weightsOf(settings: Settings, ...scopes: readonly string[]): LayerWeights;
  /** Calls a layer inside this one. */
  callInner(settings: Settings, scope: string, inputs: readonly TypedValue[]): readonly TypedValue[];
}

/** One call of one layer. */
export class Call {
  readonly parts: CallParts;
  readonly settings: Settings;
  readonly inputs: readonly TypedValue[];
  readonly #origin: Origin;

  constructor(parts: CallParts) {
    this.parts = parts;
    this.settings = parts.settings;
    this.inputs = parts.inputs;
    this.#origin = { format: 'keras', op: parts.settings.kind, name: parts.settings.name };
  }

  /** The same call with other parts. */
  with(parts: Partial<CallParts>): Call {
    return new Call({ ...this.parts, ...parts });
  }

  /** Adds a node with one output. */
  op<Name extends OpName>(op: Name, inputs: readonly (TypedValue | null)[], attributes: OpAttributes[Name]): TypedValue {
    return this.ops(op, inputs, attributes)[0] as TypedValue;
  }

  /** Adds a node with several outputs. */
  ops<Name extends OpName>(
    op: Name,
    inputs: readonly (TypedValue | null)[],
    attributes: OpAttributes[Name],
    count = 1,
  ): readonly TypedValue[] {
    return this.parts.graph.ops(this.parts.scope, this.#origin, op, inputs, attributes, count);
  }

  /** A weight of the layer. @param shape `null` stands for any size @param newName its name in Keras 3, if it is another one */
  weight(name: string, shape: readonly Dim[], newName?: string): TypedValue {
    return this.constant(this.parts.weights.take(name, shape, newName));
  }

  /** A weight, or what a rule made of it, as a constant. */
  constant(weight: Weight): TypedValue {
    return this.parts.graph.weight(weight);
  }

  /** A tensor that the call has beside its inputs. */
  tensor(name: string): TypedValue | undefined {
    return this.parts.tensors.get(name);
  }

  /** Whether an argument of the call is true. */
  flag(name: string): boolean {
    return this.parts.flags.has(name);
  }

  /** A number that values are computed with. */
  number(value: number): TypedValue {
    return this.parts.graph.builder.number('float32', value);
  }

  /** Numbers that values are computed with. @param shape default a list */
  numbers(values: readonly number[], shape?: readonly number[]): TypedValue {
    return this.parts.graph.builder.numbers('float32', values, shape);
  }
}

/**
 * Adds a layer's nodes to the graph and returns its outputs.
 * @throws {PannierError} `model-format` for a config that is wrong, or that no rule computes
 */
export type Rule = (call: Call) => readonly TypedValue[];

/** The only input. */
export function onlyInput({ settings, inputs }: Call): TypedValue {
  if (inputs.length !== 1) throw broken(`${settings.what} takes one input, but is given ${inputs.length}.`);
  return inputs[0] as TypedValue;
}

/** The only input, which must have `rank` dimensions. */
export function inputOfRank(call: Call, rank: number): TypedValue {
  const input = onlyInput(call);
  const { shape } = input.type;
  if (shape.length !== rank)
    throw broken(`${call.settings.what} takes ${rank} dimensions, batch included, but is given ${shapeText(shape)}.`);
  return input;
}

/** A size of an input. The axis must be there. */
export const sizeAt = ({ type }: TypedValue, axis: number): Size => type.shape.at(axis) as Size;

/** A size that the rule needs to know. */
export function knownSize({ settings }: Call, { type: { shape } }: TypedValue, axis: number): number {
  const size = shape[axis] as Size;
  if (!isOpen(size)) return size;
  throw settings.refused(`with an open size: axis ${axis} of its input ${shapeText(shape)} must be known`);
}

/** Refuses the layout `channels_first`. */
export function checkChannelsLast({ settings }: Call): void {
  settings.only('data_format', ['channels_last'], 'channels must come last');
}

/** Gives a tensor another shape, if it has not that one. */
export function reshaped(call: Call, input: TypedValue, newShape: Shape): TypedValue {
  const { shape } = input.type;
  const isSame = shape.length === newShape.length && shape.every((size, axis) => isSameSize(size, newShape[axis] as Size));
  return isSame ? input : call.op('reshape', [input], { newShape });
}

/** Puts the axes of a tensor in another order, if they are not in that one. */
export const transposed = (call: Call, input: TypedValue, permutation: readonly number[]): TypedValue =>
  permutation.every((axis, place) => axis === place) ? input : call.op('transpose', [input], { permutation });

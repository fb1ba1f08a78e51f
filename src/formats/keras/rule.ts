/** The arguments of a layer's rule, and checks that rules share. */
import { shapeText } from '../../base/dtype.js';
import { broken } from '../file-fields.js';
import type { GraphBuilder, GraphTensor } from './builder.js';
import type { Settings } from './settings.js';
import type { LayerWeights } from './weights.js';

/** One call of one layer. */
export interface Call {
  readonly settings: Settings;
  /** The prefix of the names of the call's nodes and of the layer's weights. */
  readonly scope: string;
  /** At least one. */
  readonly inputs: readonly GraphTensor[];
  readonly graph: GraphBuilder;
  readonly weights: LayerWeights;
  /** The weights of a layer inside this one, whose names begin with `scope`. */
  weightsOf(settings: Settings, scope: string): LayerWeights;
  /** Calls a layer inside this one. */
  callInner(settings: Settings, scope: string, inputs: readonly GraphTensor[]): readonly GraphTensor[];
}

/**
 * Adds a layer's nodes to the graph and returns its outputs.
 * @throws {PannierError} `model-format` for a config that is wrong, or that no rule computes
 */
export type Rule = (call: Call) => readonly GraphTensor[];

/** The only input. */
export function onlyInput({ settings, inputs }: Call): GraphTensor {
  if (inputs.length !== 1) throw broken(`${settings.what} takes one input, but is given ${inputs.length}.`);
  return inputs[0] as GraphTensor;
}

/** The only input, which must have `rank` dimensions. */
export function inputOfRank(call: Call, rank: number): GraphTensor {
  const input = onlyInput(call);
  if (input.shape.length !== rank) {
    throw broken(`${call.settings.what} takes ${rank} dimensions, batch included, but is given ${shapeText(input.shape)}.`);
  }
  return input;
}

/** A size that the rule needs to know. */
export function knownSize({ settings }: Call, { shape }: GraphTensor, axis: number): number {
  const size = shape[axis];
  if (typeof size === 'number') return size;
  throw settings.refused(`with an open size: axis ${axis} of its input ${shapeText(shape)} must be known`);
}

/** All sizes except the batch. */
export const knownSizes = (call: Call, input: GraphTensor): readonly number[] =>
  input.shape.slice(1).map((_, index) => knownSize(call, input, index + 1));

/** Refuses the layout `channels_first`. */
export function checkChannelsLast({ settings }: Call): void {
  settings.only('data_format', ['channels_last'], 'channels must come last');
}

/** Reshapes a tensor. */
export const reshaped = ({ graph, scope }: Call, input: GraphTensor, shape: readonly (number | null)[]): GraphTensor =>
  graph.op(scope, 'Reshape', [input, graph.wholes(shape.map((dim) => dim ?? -1))], shape, {}, input.dtype);

/** The steps in which exporters write mean and variance of the elements along some axes. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { scalarOf } from './channels.js';
import { addendsOf, aloneOf } from './factors.js';
import type { GraphView } from './pass.js';

/** The mean and 1 / √(variance + epsilon) of x along axes. */
export interface Moments {
  readonly x: TypedValue;
  readonly mean: TypedValue;
  readonly axes: readonly number[];
  readonly epsilon: number;
}

/** Reads a value that one node takes as 1 / √(variance + epsilon). */
export function reciprocalDeviation(value: Value, graph: GraphView): Moments | undefined {
  const root = aloneOf(value, 'rsqrt', graph)?.inputs[0];
  if (root) return moments(root, graph);
  const power = aloneOf(value, 'pow', graph);
  if (power) return scalarOf(power.inputs[1], graph) === -0.5 ? moments(power.inputs[0] as Value, graph) : undefined;
  const reciprocal = aloneOf(value, 'reciprocal', graph) ?? reciprocalBy(value, graph);
  return reciprocal && deviation(reciprocal.inputs.at(-1) as Value, graph);
}

/** 1 / x as a quotient. */
function reciprocalBy(value: Value, graph: GraphView): Node | undefined {
  const quotient = aloneOf(value, 'div', graph);
  return quotient && scalarOf(quotient.inputs[0], graph) === 1 ? quotient : undefined;
}

/** Reads a value that one node takes as √(variance + epsilon). */
export function deviation(value: Value, graph: GraphView): Moments | undefined {
  const root = aloneOf(value, 'sqrt', graph)?.inputs[0];
  if (root) return moments(root, graph);
  const power = aloneOf(value, 'pow', graph);
  return power && scalarOf(power.inputs[1], graph) === 0.5 ? moments(power.inputs[0] as Value, graph) : undefined;
}

/** Reads a value as variance + epsilon. */
function moments(value: Value, graph: GraphView): Moments | undefined {
  const sum = graph.onlyUserOf(value) && addendsOf(graph.producerOf(value), graph);
  const variance = sum?.values.length === 1 && sum.number >= 0 ? aloneOf(sum.values[0], 'reduceMean', graph) : undefined;
  const squares = variance?.attributes.keepDimensions ? graph.producerOf(variance.inputs[0]) : undefined;
  if (sum === undefined || variance === undefined || squares === undefined || graph.onlyUserOf(variance.inputs[0] as Value) === undefined)
    return undefined;
  const { axes } = variance.attributes;
  const [x, mean] = differenceSquared(squares, graph) ?? [];
  const average = graph.producerOf(mean);
  if (x?.type.dataType !== 'float32' || average?.op !== 'reduceMean' || average.inputs[0] !== x) return undefined;
  const { axes: others, keepDimensions } = average.attributes;
  if (!keepDimensions || `${axes.toSorted()}` !== `${others.toSorted()}`) return undefined;
  return { x, mean: mean as TypedValue, axes, epsilon: sum.number };
}

/** Reads a node as (a - b)². */
function differenceSquared(node: Node, graph: GraphView): readonly [a: TypedValue, b: TypedValue] | undefined {
  const [one, other] = node.inputs as readonly [TypedValue, Value];
  if (node.op === 'squaredDifference') return [one, other as TypedValue];
  const isSquare = (node.op === 'mul' && one === other) || (node.op === 'pow' && scalarOf(other, graph) === 2);
  const difference = isSquare ? graph.producerOf(one) : undefined;
  return difference?.op === 'sub' ? (difference.inputs as readonly [TypedValue, TypedValue]) : undefined;
}

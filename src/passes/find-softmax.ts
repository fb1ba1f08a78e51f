/** Finds softmax and its logarithm, of which an exporter wrote every step. */

import { isFloat } from '../graph/element-type.js';
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { aloneOf } from './factors.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

/**
 * e^(x - max x) / Σ e^(x - max x) becomes `softmax`, and x - max x - ln Σ e^(x - max x) becomes `logSoftmax`. Without the greatest element
 * it is something else: e^x of a large x is infinite, and the quotient NaN.
 */
export const findSoftmax: Pass = {
  name: 'find softmax',
  rewrite(node, graph) {
    const found = softmaxAt(node, graph) ?? logSoftmaxAt(node, graph);
    if (found === undefined) return undefined;
    const patch = new PatchBuilder(graph);
    const result = patch.op(found.op, [found.input], { axis: found.axis }, node.origin);
    return patch.replace(node.outputs[0] as Value, result).build();
  },
};

interface Found {
  readonly op: 'softmax' | 'logSoftmax';
  readonly input: TypedValue;
  readonly axis: number;
}

/** x without its greatest element along an axis. */
interface Lowered {
  readonly input: TypedValue;
  readonly axis: number;
}

function softmaxAt({ op, inputs: [a, b] }: Node, graph: GraphView): Found | undefined {
  const power = graph.producerOf(a);
  const reciprocal = op === 'mul' ? aloneOf(b, 'reciprocal', graph) : undefined;
  const sum = aloneOf(op === 'div' ? b : reciprocal?.inputs[0], 'reduceSum', graph);
  if (power?.op !== 'exp' || sum === undefined || sum.inputs[0] !== a || !isTakenBy(a as Value, 2, graph)) return undefined;
  const difference = power.inputs[0] as Value;
  const lowered = graph.onlyUserOf(difference) && loweredAt(difference, graph);
  return lowered && isAlong(sum, lowered.axis) ? { op: 'softmax', ...lowered } : undefined;
}

function logSoftmaxAt({ op, inputs: [a, b] }: Node, graph: GraphView): Found | undefined {
  const logarithm = op === 'sub' ? aloneOf(b, 'log', graph) : undefined;
  const sum = aloneOf(logarithm?.inputs[0], 'reduceSum', graph);
  const power = aloneOf(sum?.inputs[0], 'exp', graph);
  if (sum === undefined || power?.inputs[0] !== a || !isTakenBy(a as Value, 2, graph)) return undefined;
  const lowered = loweredAt(a as Value, graph);
  return lowered && isAlong(sum, lowered.axis) ? { op: 'logSoftmax', ...lowered } : undefined;
}

/** Reads a value as x - max x. */
function loweredAt(value: Value, graph: GraphView): Lowered | undefined {
  const difference = graph.producerOf(value);
  if (difference?.op !== 'sub') return undefined;
  const [input, greatest] = difference.inputs as readonly [TypedValue, Value];
  const max = aloneOf(greatest, 'reduceMax', graph);
  const [axis, ...others] = max?.attributes.axes ?? [];
  if (max === undefined || max.inputs[0] !== input || axis === undefined || others.length > 0 || !isAlong(max, axis)) return undefined;
  return isFloat(input.type.dataType) ? { input, axis } : undefined;
}

const isAlong = ({ attributes: { axes, keepDimensions } }: Extract<Node, { op: 'reduceSum' | 'reduceMax' }>, axis: number): boolean =>
  keepDimensions && axes.length === 1 && axes[0] === axis;

const isTakenBy = (value: Value, count: number, graph: GraphView): boolean =>
  graph.usersOf(value).length === count && !graph.isOutput(value);

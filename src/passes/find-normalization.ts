/** Finds layer and instance normalisation, of which an exporter wrote every step. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { aloneOf, bothOrders } from './factors.js';
import { deviation, type Moments, reciprocalDeviation } from './moments.js';
import { parameterOf } from './normalization-parameter.js';
import type { GraphView, Pass, Patch } from './pass.js';
import { PatchBuilder } from './patch.js';

/**
 * (x - mean) / √(variance + epsilon) becomes a normalisation without scale and bias, which `give normalisations their scale and bias`
 * adds. x · f + (bias - mean · f) with f = scale / √(variance + epsilon), as Keras and TensorFlow compute it, becomes one with both.
 */
export const findNormalization: Pass = {
  name: 'find normalisations',
  rewrite(node, graph) {
    const found = quotientAt(node, graph);
    return found === undefined ? expandedAt(node, graph) : normalized(node, found, [], graph);
  },
};

/** Reads a node as (x - mean) / √(variance + epsilon). */
function quotientAt({ op, inputs }: Node, graph: GraphView): Moments | undefined {
  if (op !== 'mul' && op !== 'div') return undefined;
  const [a, b] = inputs as readonly [Value, Value];
  for (const [difference, factor] of op === 'div' ? ([[a, b]] as const) : bothOrders(a, b)) {
    const found = op === 'div' ? deviation(factor, graph) : reciprocalDeviation(factor, graph);
    const made = graph.producerOf(difference);
    if (found && made?.op === 'sub' && made.inputs[0] === found.x && made.inputs[1] === found.mean) return found;
  }
  return undefined;
}

/** Rewrites a node that is x · f + (bias - mean · f). */
function expandedAt(node: Node, graph: GraphView): Patch | undefined {
  if (node.op !== 'add') return undefined;
  const [a, b] = node.inputs as readonly [Value, Value];
  for (const [one, other] of bothOrders(a, b)) {
    const difference = aloneOf(other, 'sub', graph);
    const [product, shift] = [aloneOf(one, 'mul', graph), aloneOf(difference?.inputs[1], 'mul', graph)];
    const factor = product?.inputs.find((value) => value !== null && shift?.inputs.includes(value));
    if (!difference || !product || !shift || !factor || graph.usersOf(factor).length !== 2 || graph.isOutput(factor)) continue;
    const scaling = graph.producerOf(factor);
    if (scaling?.op !== 'mul') continue;
    const [first, second] = scaling.inputs as readonly [Value, Value];
    for (const [reciprocal, scale] of bothOrders(first, second)) {
      const found = reciprocalDeviation(reciprocal, graph);
      if (found && product.inputs.includes(found.x) && shift.inputs.includes(found.mean))
        return normalized(node, found, [scale, difference.inputs[0] as Value], graph);
    }
  }
  return undefined;
}

/** Puts a normalisation for a node. @param parameters its scale and its bias, or none */
function normalized(node: Node, { x, axes, epsilon }: Moments, parameters: readonly Value[], graph: GraphView): Patch | undefined {
  const sorted = axes.toSorted((a, b) => a - b);
  const isOfPictures = x.type.shape.length === 4 && `${sorted}` === '1,2';
  const constants = parameters.map((each) => parameterOf(each, x.type, isOfPictures ? [3] : sorted, graph));
  if (!constants.every((each) => each !== undefined)) return undefined;
  const patch = new PatchBuilder(graph);
  const inputs = [x, ...constants.map((each) => patch.constant(each))];
  const result = isOfPictures
    ? patch.op('instanceNormalization', inputs, { epsilon }, node.origin)
    : patch.op('layerNormalization', inputs, { axes: sorted, epsilon }, node.origin);
  return patch.replace(node.outputs[0] as TypedValue, result).build();
}

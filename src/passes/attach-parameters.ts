/** A multiplication and an addition behind a normalisation become its scale and its bias. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { parameterOf } from './normalization-parameter.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

type Normalization = Extract<Node, { op: 'layerNormalization' | 'instanceNormalization' }>;

export const attachParameters: Pass = {
  name: 'give normalisations their scale and bias',
  rewrite(node, graph) {
    if (node.op !== 'mul' && node.op !== 'add') return undefined;
    const [a, b] = node.inputs as readonly [TypedValue, TypedValue];
    const [value, other] = normalizationAt(a, node, graph) ? [a, b] : [b, a];
    const normalization = normalizationAt(value, node, graph);
    if (normalization === undefined) return undefined;
    const [x, scale = null, bias = null] = normalization.inputs as readonly [TypedValue, (Value | null)?, (Value | null)?];
    if (bias !== null || (node.op === 'mul' && scale !== null)) return undefined;
    const axes = normalization.op === 'layerNormalization' ? normalization.attributes.axes : [3];
    const isInOrder = axes.every((axis, index) => index === 0 || axis > (axes[index - 1] as number));
    const constant = isInOrder ? parameterOf(other, x.type, axes, graph) : undefined;
    if (constant === undefined) return undefined;
    const patch = new PatchBuilder(graph);
    const parameter = patch.constant(constant);
    const inputs = node.op === 'mul' ? [x, parameter] : [x, scale, parameter];
    const result = patch.op(normalization.op, inputs, normalization.attributes as never, normalization.origin);
    return patch.replace(node.outputs[0] as TypedValue, result).build();
  },
};

/** The normalisation that makes a value which this node alone takes. */
function normalizationAt(value: Value, node: Node, graph: GraphView): Normalization | undefined {
  const producer = graph.onlyUserOf(value) === node ? graph.producerOf(value) : undefined;
  return producer?.op === 'layerNormalization' || producer?.op === 'instanceNormalization' ? producer : undefined;
}

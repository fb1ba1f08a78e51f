/** Takes the value itself instead of a clamp or an activation that changes no number which the value can have. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { boundsOf } from './merge-clamps.js';
import type { GraphView, Pass } from './pass.js';
import { replacing } from './patch.js';

/** The least and the greatest number of a tensor, beside NaN. */
type Range = readonly [min: number, max: number];

const EVERYTHING: Range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

export const dropIdleClamps: Pass = {
  name: 'drop idle clamps',
  rewrite(node, graph) {
    const input = node.inputs[0] as Value | undefined;
    const output = node.outputs[0] as TypedValue;
    if (input === undefined || output.type?.dataType !== 'float32') return undefined;
    if (node.op === 'prelu' || node.op === 'leakyRelu') return rangeOf(input, graph)[0] >= 0 ? replacing(output, input) : undefined;
    const bounds = node.op === 'relu' || node.op === 'clamp' ? boundsOf(node, graph) : undefined;
    if (bounds === undefined) return undefined;
    const [min, max] = rangeOf(bounds.input, graph);
    return min >= bounds.min && max <= bounds.max ? replacing(output, bounds.input) : undefined;
  },
};

/** How many nodes that pass numbers on are looked through. */
const MAX_DEPTH = 8;

function rangeOf(value: Value, graph: GraphView, depth = 0): Range {
  const producer = graph.producerOf(value);
  if (producer === undefined || depth > MAX_DEPTH) return EVERYTHING;
  const through = (): Range => rangeOf(producer.inputs[0] as Value, graph, depth + 1);
  switch (producer.op) {
    case 'relu':
    case 'abs':
    case 'sqrt':
    case 'exp':
    case 'softplus':
      return [0, Number.POSITIVE_INFINITY];
    case 'clamp':
      return [producer.attributes.min, producer.attributes.max];
    case 'sigmoid':
    case 'hardSigmoid':
    case 'softmax':
      return [0, 1];
    case 'tanh':
    case 'erf':
    case 'sin':
    case 'cos':
      return [-1, 1];
    case 'reshape':
    case 'transpose':
    case 'slice':
    case 'split':
    case 'reverse':
    case 'tile':
    case 'expand':
      return through();
    case 'maxPool2d':
      return neverPads(producer) ? through() : EVERYTHING;
    default:
      return EVERYTHING;
  }
}

/** Whether no window lies in the padding alone. */
const neverPads = ({ attributes: { autoPad, padding, dilations } }: Extract<Node, { op: 'maxPool2d' }>): boolean =>
  Math.max(...dilations) === 1 && (autoPad === 'sameUpper' || (autoPad === 'explicit' && padding.every((side) => side === 0)));

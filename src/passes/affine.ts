/** Nodes that multiply each channel by a number and add one to it: batch normalisations, and arithmetic with constants. */
import type { Constant, Node, TypedValue, Value } from '../graph/graph.js';
import { type TensorType, typeText } from '../graph/tensor.js';
import { type ChannelNumbers, channelNumbers, channelsOf } from './channels.js';
import type { GraphView } from './pass.js';

/** The meaning of such a node: factor · x + offset in each channel. */
export interface Affine {
  readonly input: TypedValue;
  /** Absent where nothing is multiplied. */
  readonly factors?: ChannelNumbers;
  /** Absent where nothing is added. */
  readonly offsets?: ChannelNumbers;
  /** The constant whose numbers are the offsets as they are, if there is one. */
  readonly added?: Constant;
}

/** Reads a node as a factor and an offset for each channel, if it is that. Its numbers are finite. */
export function affineOf(node: Node, graph: GraphView): Affine | undefined {
  const [a, b] = node.inputs as readonly [TypedValue, TypedValue];
  const type = node.outputs[0]?.type as TensorType;
  switch (node.op) {
    case 'batchNormalization':
      return normalization(node, graph);
    case 'linear': {
      const channels = type.dataType === 'float32' ? channelsOf(type) : undefined;
      const everywhere = (number: number) => new Float64Array(channels ?? 0).fill(number);
      const numbers = { factors: everywhere(node.attributes.alpha), offsets: everywhere(node.attributes.beta) };
      return channels === undefined ? undefined : finite({ input: a, ...numbers });
    }
    case 'mul':
      return withConstant(node, graph, (factors) => ({ factors }));
    case 'add':
      return withConstant(node, graph, (offsets, constant) => ({ offsets, ...(constant && { added: constant }) }));
    case 'sub':
      return withSecond(a, b, type, graph, (numbers) => ({ offsets: numbers.map((each) => -each) }));
    case 'div':
      return withSecond(a, b, type, graph, (numbers) => ({ factors: numbers.map((each) => 1 / each) }));
    default:
      return undefined;
  }
}

type Meaning = Omit<Affine, 'input'>;

/** Reads a node with a constant on either side. */
function withConstant(
  { inputs, outputs }: Node,
  graph: GraphView,
  meaning: (numbers: ChannelNumbers, constant: Constant | undefined) => Meaning,
): Affine | undefined {
  const [a, b] = inputs as readonly [TypedValue, TypedValue];
  const type = outputs[0]?.type as TensorType;
  return withSecond(a, b, type, graph, meaning) ?? withSecond(b, a, type, graph, meaning);
}

/** Reads a node whose second input is a constant with a number for each channel of the first one. */
function withSecond(
  input: TypedValue,
  second: Value,
  type: TensorType,
  graph: GraphView,
  meaning: (numbers: ChannelNumbers, constant: Constant | undefined) => Meaning,
): Affine | undefined {
  const numbers = typeText(input.type) === typeText(type) ? channelNumbers(second, type, graph) : undefined;
  return numbers && finite({ input, ...meaning(numbers, graph.constantOf(second)) });
}

/** Reads a batch normalisation of the last axis: the factor is scale / √(variance + epsilon). */
function normalization({ inputs, attributes }: Extract<Node, { op: 'batchNormalization' }>, graph: GraphView): Affine | undefined {
  const [input, mean, variance, scale, bias] = inputs as readonly [TypedValue, TypedValue, TypedValue, Value?, Value?];
  const { shape } = input.type;
  if (attributes.axis !== shape.length - 1) return undefined;
  const [means, variances] = [mean, variance].map((each) => channelNumbers(each, input.type, graph));
  const [scales, biases] = [scale, bias].map((each) => (each ? channelNumbers(each, input.type, graph) : null));
  if (means === undefined || variances === undefined || scales === undefined || biases === undefined) return undefined;
  const factors = variances.map((each, channel) => (scales?.[channel] ?? 1) / Math.sqrt(each + attributes.epsilon));
  const offsets = factors.map((factor, channel) => (biases?.[channel] ?? 0) - (means[channel] as number) * factor);
  return finite({ input, factors, offsets });
}

function finite(found: Affine): Affine | undefined {
  return [found.factors, found.offsets].every((numbers) => numbers?.every(Number.isFinite) ?? true) ? found : undefined;
}

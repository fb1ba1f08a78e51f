/** Nodes that add products of their input and a weight: convolutions, their transposes, and products with a constant matrix. */
import type { Constant, Node, TypedValue, Value } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import { type Affine, affineOf } from './affine.js';
import { asFloats, type ChannelNumbers, channelNumbers, channelsOf } from './channels.js';
import { withShape } from './constant-shape.js';
import type { GraphView } from './pass.js';
import type { PatchBuilder } from './patch.js';
import { scaledWeights } from './scaled-weights.js';

/** A node that adds products, and the numbers that are added to its channels. */
export interface WeightedSum {
  readonly node: Extract<Node, { op: 'conv2d' | 'convTranspose2d' | 'matmul' }>;
  /** Absent where nothing is added. A matrix product has none of its own: an addition behind it adds them. */
  readonly bias?: ChannelNumbers;
}

/**
 * The weighted sum that makes a value which one node alone takes. Its weight may be no constant; its bias, if it has one, is.
 * @returns undefined if something else makes the value, or the sum is wanted by itself, too
 */
export function weightedSumAt(value: Value, graph: GraphView): WeightedSum | undefined {
  const node = graph.producerOf(value);
  if (node === undefined || graph.onlyUserOf(value) === undefined) return undefined;
  switch (node.op) {
    case 'conv2d':
    case 'convTranspose2d': {
      const bias = node.inputs[2];
      if (!bias) return { node };
      const numbers = channelNumbers(bias, node.outputs[0]?.type as TypedValue['type'], graph);
      return numbers && { node, bias: numbers };
    }
    case 'matmul':
      return { node };
    case 'add':
    case 'sub': {
      const { input, offsets } = affineOf(node, graph) ?? {};
      const product = input && graph.onlyUserOf(input) === node ? graph.producerOf(input) : undefined;
      return product?.op === 'matmul' && offsets ? { node: product, bias: offsets } : undefined;
    }
    default:
      return undefined;
  }
}

/** A weighted sum with other weights. Nothing of it is in the graph yet. */
export interface NewSum {
  readonly node: WeightedSum['node'];
  /** Absent where the weights stay as they are. */
  readonly weights?: Constant;
  readonly bias?: Constant | Float32Array<ArrayBuffer>;
}

/**
 * A weighted sum whose channels are multiplied and added to.
 * @returns undefined if its weights cannot be multiplied
 */
export function afterSum(
  { node, bias }: WeightedSum,
  { factors, offsets, added }: Omit<Affine, 'input'>,
  graph: GraphView,
): NewSum | undefined {
  const channels = channelsOf(node.outputs[0]?.type as TypedValue['type']);
  if (channels === undefined) return undefined;
  const weights = factors && scaledWeights(node.inputs[1] as Value, factors, channelOut(node), graph);
  if (factors !== undefined && weights === undefined) return undefined;
  const kept = { node, ...(weights && { weights }) };
  if (bias === undefined && offsets === undefined) return kept;
  const list = bias === undefined && factors === undefined ? listOf(added, channels) : undefined;
  if (list !== undefined) return { ...kept, bias: list };
  const sums = asFloats(
    Float64Array.from({ length: channels }, (_, channel) => (bias?.[channel] ?? 0) * (factors?.[channel] ?? 1) + (offsets?.[channel] ?? 0)),
  );
  return sums && { ...kept, bias: sums };
}

/** A constant that has a number for each channel as a list; its bytes stay as they are. */
const listOf = (constant: Constant | undefined, channels: number): Constant | undefined =>
  constant?.value.type.shape.at(-1) === channels ? withShape(constant, [channels]) : undefined;

/** The channel of the output that an element of a sum's weight belongs to. */
function channelOut({ op, inputs, attributes }: WeightedSum['node']): (index: number) => number {
  const shape = (inputs[1] as TypedValue).type.shape as readonly number[];
  const last = shape.at(-1) as number;
  if (op !== 'convTranspose2d') return (index) => index % last;
  const made = shape[2] as number;
  const takenPerGroup = last / attributes.groups;
  return (index) => Math.floor((index % last) / takenPerGroup) * made + (Math.floor(index / last) % made);
}

/** Adds a new sum to a patch. @returns the value that has its bias */
export function addSum({ node, weights, bias }: NewSum, patch: PatchBuilder, graph: GraphView): TypedValue {
  const [input, old, oldBias] = node.inputs as readonly [Value, Value, Value?];
  const weight = weights === undefined ? old : replacing(old, patch.constant(weights), patch, graph);
  const made = bias && biasOf(bias, node, patch);
  const numbers = made && oldBias ? replacing(oldBias, made, patch, graph) : made;
  if (node.op !== 'matmul') return patch.op(node.op, [input, weight, numbers ?? oldBias ?? null], node.attributes as never, node.origin);
  const product = patch.op('matmul', [input, weight], {}, node.origin);
  return numbers ? patch.op('add', [product, numbers], {}, node.origin) : product;
}

/** Lets a constant have the name of the one whose place it takes, by which the options of packing call a weight. */
function replacing(old: Value, by: TypedValue, patch: PatchBuilder, graph: GraphView): TypedValue {
  if (graph.onlyUserOf(old) !== undefined && typeText(old.type) === typeText(by.type)) patch.replace(old, by);
  return by;
}

function biasOf(
  bias: Constant | Float32Array<ArrayBuffer>,
  { origin, inputs, outputs }: WeightedSum['node'],
  patch: PatchBuilder,
): TypedValue {
  if ('bytes' in bias) return patch.constant(bias);
  const shape = [channelsOf((outputs[0] as TypedValue).type) as number];
  return patch.tensor({ dataType: 'float32', shape, data: bias }, inputs[2]?.name ?? `${origin.name}/bias`);
}

/** Multiplications, additions and batch normalisations of channels become part of the weights behind them. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import type { Tensor } from '../graph/tensor.js';
import { extent } from '../graph/window.js';
import { type Affine, affineOf } from './affine.js';
import { asFloats, type ChannelNumbers, channelNumbers } from './channels.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';
import { scaledWeights } from './scaled-weights.js';
import { addSum, type NewSum, type WeightedSum } from './weighted-sum.js';

/**
 * Σ w · (factor · x + offset) is Σ (w · factor) · x + Σ w · offset. Offsets are folded only where nothing is padded: padding is 0, whatever
 * is added to the picture. Weights that are 8 or 16 bits wide take offsets alone, which become a bias.
 */
export const foldIntoNext: Pass = {
  name: 'fold scales and offsets into the next weights',
  rewrite(node, graph) {
    if (node.op !== 'conv2d' && node.op !== 'convTranspose2d' && node.op !== 'matmul') return undefined;
    const [input] = node.inputs as readonly [TypedValue];
    const before = graph.onlyUserOf(input) === node ? graph.producerOf(input) : undefined;
    const affine = before && affineOf(before, graph);
    const sum = affine && beforeSum(node, affine, graph);
    if (affine === undefined || sum === undefined) return undefined;
    const patch = new PatchBuilder(graph);
    const result = addSum({ ...sum, node: { ...node, inputs: node.inputs.with(0, affine.input) } as typeof node }, patch, graph);
    return patch.replace(node.outputs[0] as Value, result).build();
  },
};

/** The sum that takes what a node's affine input takes. */
function beforeSum(node: WeightedSum['node'], { factors, offsets }: Affine, graph: GraphView): NewSum | undefined {
  const weight = node.inputs[1] as Value;
  const weights = factors && scaledWeights(weight, factors, channelIn(node), graph);
  if (factors !== undefined && weights === undefined) return undefined;
  const kept = { node, ...(weights && { weights }) };
  if (offsets === undefined) return kept;
  const bias = graph.constantOf(weight) && takesAllAlike(node) ? biasOf(node, offsets, graph) : undefined;
  return bias && { ...kept, bias };
}

type Filter = readonly [rows: number, columns: number, taken: number, made: number];

const shapeOf = ({ inputs }: Node): Filter => (inputs[1] as TypedValue).type.shape as unknown as Filter;

/** The channel of the input that an element of a sum's weight is multiplied with. */
function channelIn(node: WeightedSum['node']): (index: number) => number {
  const shape = (node.inputs[1] as TypedValue).type.shape as readonly number[];
  const [rows, columns] = [shape.at(-2) as number, shape.at(-1) as number];
  if (node.op === 'convTranspose2d') return (index) => index % columns;
  const row = (index: number) => Math.floor(index / columns) % rows;
  if (node.op === 'matmul') return row;
  const madePerGroup = columns / node.attributes.groups;
  return (index) => Math.floor((index % columns) / madePerGroup) * rows + row(index);
}

/** Whether each element that a sum gives is made of as many elements of the input: no padding, and the matrix is one. */
function takesAllAlike(node: WeightedSum['node']): boolean {
  if (node.op === 'matmul') return (node.inputs[1] as TypedValue).type.shape.length === 2;
  if (node.op !== 'conv2d') return false;
  const { autoPad, padding, dilations } = node.attributes;
  if (autoPad === 'explicit') return padding.every((side) => side === 0);
  return [0, 1].every((axis) => extent(shapeOf(node)[axis] as number, dilations[axis] as number) === 1);
}

/** The bias of a sum after Σ w · offset is added to it. */
function biasOf(node: WeightedSum['node'], offsets: ChannelNumbers, graph: GraphView): Float32Array<ArrayBuffer> | undefined {
  const { shape, data } = graph.tensorOf(node.inputs[1]) as Tensor;
  const channels = shape.at(-1) as number;
  const type = (node.outputs[0] as TypedValue).type;
  const own = node.inputs[2] ? channelNumbers(node.inputs[2], type, graph) : new Float64Array(channels);
  if (own === undefined || type.dataType !== 'float32') return undefined;
  const sums = own.slice();
  const channelOf = channelIn(node);
  for (const [index, weight] of data.entries())
    sums[index % channels] = (sums[index % channels] as number) + weight * (offsets[channelOf(index)] as number);
  return asFloats(sums);
}

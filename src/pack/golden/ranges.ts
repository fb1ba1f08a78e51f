/** The whole numbers that an input may hold, found in the tables and clips of the graph that bound them. */

import { rangeOf } from '../../golden/compare.js';
import { tensorOf } from '../../graph/constant.js';
import { INTEGER_RANGE, isFloat } from '../../graph/element-type.js';
import type { Constant, Graph, Node, Value } from '../../graph/graph.js';
import { evaluate, namesIn, type Size } from '../../graph/size.js';

/** The least and the greatest number, both allowed; infinite where nothing bounds them. */
type Range = readonly [min: number, max: number];

const ANY: Range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

const isAny = ([min, max]: Range): boolean => min === ANY[0] && max === ANY[1];

/** The numbers that two uses allow; undefined if one of the uses is not known. */
const both = (a: Range | undefined, b: Range | undefined): Range | undefined => a && b && [Math.max(a[0], b[0]), Math.min(a[1], b[1])];

/** By op, the inputs whose elements are the elements of its outputs, in another order or beside constants. */
const CARRIED: Readonly<Partial<Record<Node['op'], readonly number[]>>> = {
  ...{ identity: [0], reshape: [0], transpose: [0], expand: [0], slice: [0], split: [0], tile: [0], reverse: [0], pad: [0] },
  ...{ where: [1, 2], gather: [0], gatherElements: [0], gatherND: [0], scatterElements: [0, 2], scatterND: [0, 2] },
  ...{ reduceMax: [0], reduceMin: [0] },
};

/**
 * The range of whole numbers that the uses of an input allow together: an index lies within its table, a clip and a remainder have
 * bounds. A float input has a range if it is cast to an index, as Keras does before an embedding.
 * @param input of the graph
 * @param sizes the values of open sizes, since a table may be as long as one
 * @returns undefined if nothing bounds the numbers on both sides, or if a part of the graph takes them that only TF.js knows: they
 * may decide a size there
 */
export function integerRange(
  graph: Graph,
  input: Value,
  sizes: ReadonlyMap<string, number> = new Map(),
): readonly [min: number, max: number] | undefined {
  const constants = new Map<Value, Constant>(graph.constants.map((each) => [each.value, each]));
  const divisorOf = (value: Value): number | undefined => {
    const constant = constants.get(value);
    return constant && rangeOf(tensorOf(constant).data).min;
  };
  const allowed = new Map<Value, Range | undefined>();
  const allowedBy = (value: Value): Range | undefined => (allowed.has(value) ? allowed.get(value) : ANY);
  // From the last node to the first: what a node's outputs allow is known before its inputs are asked.
  for (const node of graph.nodes.toReversed()) {
    const below = node.outputs.map(allowedBy).reduce(both, ANY);
    for (const [index, value] of node.inputs.entries())
      if (value !== null) allowed.set(value, both(allowedBy(value), rangeIn(node, index, below, sizes, divisorOf)));
  }
  const range = allowedBy(input);
  if (!range?.every(Number.isFinite)) return undefined;
  const [min, max] = both(range, (input.type && INTEGER_RANGE[input.type.dataType]) ?? ANY) as Range;
  return min <= max ? [min, max] : undefined;
}

/** Ops that compute with the numbers that whole numbers stand for. */
const ARITHMETIC: ReadonlySet<Node['op']> = new Set(['sub', 'add', 'mul', 'conv2d', 'matmul', 'reduceSum', 'averagePool2d', 'requantize']);

/**
 * All numbers of 8 or 16 bits, for an input whose numbers a network computes with, as a quantised one does: they are widened first.
 * @returns undefined for every other input
 */
export function quantizedRange({ nodes }: Graph, { name, type }: Value): Range | undefined {
  if (type === null || !['int8', 'uint8', 'int16'].includes(type.dataType)) return undefined;
  const widened = new Set<string>();
  const carried = new Set([name]);
  for (const { op, inputs, outputs } of nodes) {
    const taken = (names: ReadonlySet<string>) => inputs.some((input) => input !== null && names.has(input.name));
    if (taken(widened) && ARITHMETIC.has(op)) return INTEGER_RANGE[type.dataType];
    const into = op === 'cast' && taken(carried) ? widened : CARRIED[op] !== undefined && taken(carried) ? carried : undefined;
    for (const output of into === undefined ? [] : outputs) into?.add(output.name);
  }
  return undefined;
}

/**
 * The numbers that one use allows.
 * @param index which of the node's inputs it is
 * @param below the numbers that the uses of the node's outputs allow
 */
function rangeIn(
  node: Node,
  index: number,
  below: Range | undefined,
  sizes: ReadonlyMap<string, number>,
  divisorOf: (value: Value) => number | undefined,
): Range | undefined {
  if (node.op === 'tfjsGraph') return undefined;
  if (CARRIED[node.op]?.includes(index) || node.op === 'concat') return below;
  const [table, indices] = node.inputs;
  const along = (axis: number) => placesOf(table?.type?.shape[axis], sizes);
  // A row of indices is a place along several axes, of which the shortest bounds all numbers.
  const alongRow = (first: number) => {
    const depth = Number(indices?.type?.shape.at(-1));
    return Array.from({ length: depth }, (_, at) => along(first + at)).reduce(both, ANY);
  };
  switch (node.op) {
    case 'cast':
      return node.attributes.to === 'bool' ? ANY : below;
    case 'clamp':
      return clipped([Math.ceil(node.attributes.min), Math.floor(node.attributes.max)], below, node);
    case 'mod':
      return index === 0 ? clipped(remainders(divisorOf(indices as Value)), below, node) : ANY;
    case 'gather':
    case 'gatherElements':
    case 'scatterElements':
      return index === 1 ? along(node.attributes.axis) : ANY;
    case 'gatherND':
    case 'scatterND':
      return index === 1 ? alongRow('batchDimensions' in node.attributes ? node.attributes.batchDimensions : 0) : ANY;
    case 'oneHot':
      return index === 0 ? placesOf(node.attributes.depth, sizes) : ANY;
    case 'cropAndResize':
      return index === 2 ? along(0) : ANY;
    default:
      return ANY;
  }
}

/** A float is no index because it is clipped: many networks clip their activations. It has bounds if what follows has bounds. */
function clipped(bounds: Range, below: Range | undefined, { inputs: [input] }: Node): Range | undefined {
  const isActivation = below !== undefined && isAny(below) && input?.type != null && isFloat(input.type.dataType);
  return isActivation ? ANY : both(bounds, below);
}

/** The places along an axis. Of a size that is not known, the first place is the likeliest to exist. */
function placesOf(size: Size | undefined, sizes: ReadonlyMap<string, number>): Range {
  if (size === undefined) return ANY;
  return [...namesIn(size)].every((name) => sizes.has(name)) ? [0, evaluate(size, sizes) - 1] : [0, 0];
}

/** The numbers that are their own remainders of a division by a constant. */
const remainders = (divisor: number | undefined): Range => (divisor !== undefined && divisor >= 1 ? [0, Math.ceil(divisor) - 1] : ANY);

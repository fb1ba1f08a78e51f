/** Finds PReLU and leaky ReLU, which give x where it is above 0, and a multiple of it below. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { type Tensor, typeText } from '../graph/tensor.js';
import { asFloats } from './channels.js';
import { aloneOf, bothOrders, factorsOf } from './factors.js';
import { MAX_GROWTH_BYTES } from './fold-constants.js';
import { boundsOf } from './merge-clamps.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';
import { growthAsFloats } from './scaled-weights.js';

/** The multiple of x below 0: factor · slope + offset. */
interface Slope {
  readonly factor: number;
  readonly offset: number;
  /** Absent if it is one number for all elements: the factor. */
  readonly slope?: Value;
}

/**
 * Forms of MXNet, Keras and TF-Slim: max(x, 0) + a · min(x, 0), relu(x) - a · relu(-x), relu(x) + a · (x - |x|) / 2, and the last one with x
 * itself for relu(x). All mean the same for finite numbers.
 */
export const findPrelu: Pass = {
  name: 'find PReLU',
  rewrite(node, graph) {
    if (node.op !== 'add' && node.op !== 'sub') return undefined;
    const [a, b] = node.inputs as readonly [TypedValue, TypedValue];
    for (const [above, below] of node.op === 'add' ? bothOrders(a, b) : ([[a, b]] as const)) {
      const part = negativePart(below, graph);
      if (part === undefined) continue;
      const offset = above === part.x ? 1 : isPositivePart(above, part.x, graph) ? 0 : undefined;
      if (offset === undefined) continue;
      const factor = node.op === 'add' ? part.factor : -part.factor;
      return rewritten(node, part.x, { factor, offset, ...(part.slope && { slope: part.slope }) }, graph);
    }
    return undefined;
  },
};

/** Whether a value that one node takes is max(x, 0). */
function isPositivePart(value: TypedValue, x: TypedValue, graph: GraphView): boolean {
  const producer = graph.onlyUserOf(value) && graph.producerOf(value);
  const bounds = producer && boundsOf(producer, graph);
  return bounds?.input === x && bounds.min === 0 && bounds.max === Number.POSITIVE_INFINITY;
}

/** Reads a value that one node takes as factor · slope · min(x, 0). */
function negativePart(value: TypedValue, graph: GraphView): (Omit<Slope, 'offset'> & { readonly x: TypedValue }) | undefined {
  const producer = graph.onlyUserOf(value) && graph.producerOf(value);
  const product = producer && factorsOf(producer, graph);
  if (product === undefined || product.values.length > 2) return undefined;
  for (const [index, each] of product.values.entries()) {
    const found = multipleOfMin(each, graph);
    if (found === undefined) continue;
    const slope = product.values[1 - index];
    return { x: found.x, factor: product.number * found.factor, ...(slope && { slope }) };
  }
  return undefined;
}

/** Reads a value that one node takes as a number times min(x, 0). */
function multipleOfMin(value: TypedValue, graph: GraphView): { readonly x: TypedValue; readonly factor: number } | undefined {
  const producer = graph.onlyUserOf(value) && graph.producerOf(value);
  if (producer === undefined) return undefined;
  const bounds = boundsOf(producer, graph);
  if (bounds?.min === Number.NEGATIVE_INFINITY && bounds.max === 0) return { x: bounds.input, factor: 1 };
  if (bounds?.min === 0 && bounds.max === Number.POSITIVE_INFINITY) {
    const negated = aloneOf(bounds.input, 'neg', graph);
    return negated && { x: negated.inputs[0] as TypedValue, factor: -1 };
  }
  const size = producer.op === 'sub' ? aloneOf(producer.inputs[1], 'abs', graph) : undefined;
  const x = producer.inputs[0] as TypedValue;
  return size?.inputs[0] === x ? { x, factor: 2 } : undefined;
}

function rewritten(node: Node, x: TypedValue, { factor, offset, slope }: Slope, graph: GraphView) {
  const patch = new PatchBuilder(graph);
  const output = node.outputs[0] as TypedValue;
  if (typeText(x.type) !== typeText(output.type)) return undefined;
  if (slope === undefined) return patch.replace(output, patch.op('leakyRelu', [x], { alpha: factor + offset }, node.origin)).build();
  const isSame = factor === 1 && offset === 0;
  const numbers = isSame ? undefined : newSlope(slope, factor, offset, graph);
  if (!isSame && numbers === undefined) return undefined;
  const value = numbers === undefined ? slope : patch.tensor(numbers, slope.name);
  return patch.replace(output, patch.op('prelu', [x, value], {}, node.origin)).build();
}

/** Other slopes. They are stored as float32, so they must not be many that were stored in fewer bytes. */
function newSlope(value: Value, factor: number, offset: number, graph: GraphView): Tensor | undefined {
  const constant = graph.constantOf(value);
  if (constant === undefined || growthAsFloats(constant) > MAX_GROWTH_BYTES) return undefined;
  const { shape, data } = graph.tensorOf(value) as Tensor;
  const slopes = asFloats(Float64Array.from(data, (each) => factor * each + offset));
  return slopes && { dataType: 'float32', shape, data: slopes };
}

/** Finds GELU: x · (1 + erf(x / √2)) / 2 becomes `gelu`, and so does its approximation by tanh. */
import type { Node, TypedValue } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import { scalarOf } from './channels.js';
import { addendsOf, aloneOf, bothOrders, factorsOf, isNearly } from './factors.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

export const findGelu: Pass = {
  name: 'find GELU',
  rewrite(node, graph) {
    const product = node.op === 'mul' || node.op === 'div' ? factorsOf(node, graph) : undefined;
    if (product?.values.length !== 2 || !isNearly(product.number, 0.5)) return undefined;
    const [a, b] = product.values as readonly [TypedValue, TypedValue];
    for (const [x, gate] of bothOrders(a, b)) {
      const approximation = approximationOf(x, gate, graph);
      const output = node.outputs[0] as TypedValue;
      if (approximation === undefined || typeText(x.type) !== typeText(output.type)) continue;
      const patch = new PatchBuilder(graph);
      return patch.replace(output, patch.op('gelu', [x], { approximation }, node.origin)).build();
    }
    return undefined;
  },
};

/** How a value is twice the normal distribution's Φ(x), if it is. */
function approximationOf(x: TypedValue, value: TypedValue, graph: GraphView): 'none' | 'tanh' | undefined {
  const sum = graph.onlyUserOf(value) && addendsOf(graph.producerOf(value), graph);
  if (sum?.number !== 1 || sum.values.length !== 1) return undefined;
  const [curve] = sum.values;
  const [erf, tanh] = [aloneOf(curve, 'erf', graph), aloneOf(curve, 'tanh', graph)];
  if (erf !== undefined && isMultiple(erf.inputs[0] as TypedValue, x, Math.SQRT1_2, graph)) return 'none';
  return tanh !== undefined && isTanhArgument(tanh.inputs[0] as TypedValue, x, graph) ? 'tanh' : undefined;
}

/** Whether a value that one node takes is a number times x. */
function isMultiple(value: TypedValue, x: TypedValue, factor: number, graph: GraphView): boolean {
  const product = productAt(value, graph);
  return product?.values.length === 1 && product.values[0] === x && isNearly(product.number, factor);
}

function productAt(value: TypedValue, graph: GraphView) {
  const producer = graph.onlyUserOf(value) && graph.producerOf(value);
  return producer && factorsOf(producer, graph);
}

const CUBE_FACTOR = 0.044715;
const TANH_FACTOR = Math.sqrt(2 / Math.PI);

/** Whether a value is √(2/π) · (x + 0.044715 · x³), or the same with x before the parentheses. */
function isTanhArgument(value: TypedValue, x: TypedValue, graph: GraphView): boolean {
  const product = productAt(value, graph);
  if (product === undefined || !isNearly(product.number, TANH_FACTOR)) return false;
  const [sum, ...others] = product.values.toSorted((a, b) => Number(a === x) - Number(b === x));
  const isFactoredOut = others.length === 1 && others[0] === x;
  if (sum === undefined || (others.length > 0 && !isFactoredOut) || graph.onlyUserOf(sum) === undefined) return false;
  const terms = addendsOf(graph.producerOf(sum), graph);
  if (terms === undefined || terms.number !== (isFactoredOut ? 1 : 0)) return false;
  const powers = terms.values.filter((each) => each !== x);
  return (
    powers.length === 1 &&
    terms.values.length === (isFactoredOut ? 1 : 2) &&
    isPower(powers[0] as TypedValue, x, isFactoredOut ? 2 : 3, graph)
  );
}

/** Whether a value is 0.044715 times a power of x. */
function isPower(value: TypedValue, x: TypedValue, exponent: number, graph: GraphView): boolean {
  const product = productAt(value, graph);
  if (product === undefined || !isNearly(product.number, CUBE_FACTOR)) return false;
  return product.values.reduce((sum, each) => sum + exponentOf(each, x, graph), 0) === exponent;
}

/** The exponent of a value that is a power of x; NaN if it is none. */
function exponentOf(value: TypedValue, x: TypedValue, graph: GraphView): number {
  if (value === x) return 1;
  const producer: Node | undefined = graph.onlyUserOf(value) && graph.producerOf(value);
  if (producer?.op === 'pow' && producer.inputs[0] === x) return scalarOf(producer.inputs[1], graph) ?? Number.NaN;
  const factors = producer && factorsOf(producer, graph);
  return factors?.number === 1 ? factors.values.reduce((sum, each) => sum + exponentOf(each, x, graph), 0) : Number.NaN;
}

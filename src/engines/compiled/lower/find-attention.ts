/** Finds attention in a graph: a product, an expression of its elements, softmax along rows, and a product of that with another matrix. */
import type { Node, NodeOf, Value } from '../../../graph/graph.js';
import { operandsOf, type Term } from './term.js';
import { elementCount, shapeOf } from './values.js';
import { plainView, type View, type ViewedGraph, viewOf } from './view.js';

/** softmax(term(queries · keys)) · values, by batches and heads. */
export interface Attention {
  readonly node: Node;
  /** The products: along the axes batches and heads, queries, keys. */
  readonly scores: Value;
  readonly queries: View;
  /** Along the axes batches and heads, depth, keys. */
  readonly keys: View;
  readonly values: View;
  /** The expression of the scores. */
  readonly term: Term;
  readonly output: Value;
  /** Elements between neighbours of the output: batches and heads, queries, columns. */
  readonly outputStrides: readonly number[];
  /** The nodes whose values nobody else takes: all of the chain but the node whose output is the chain's. */
  readonly chain: readonly Node[];
}

export interface SearchedGraph extends ViewedGraph {
  /** The node that makes a value which one node alone takes, and which is no output of the graph. */
  readonly onlyProducer: (value: Value) => Node | undefined;
  /** The expression that ends in a node, with the nodes in it. */
  readonly termOf: (node: Node) => { readonly term: Term; readonly nodes: readonly Node[] } | undefined;
}

const isMatmul = (node: Node | undefined): node is NodeOf<'matmul'> =>
  node?.op === 'matmul' &&
  node.outputs[0]?.type?.dataType === 'float32' &&
  [...node.inputs, ...node.outputs].every((each) => each !== null && elementCount(each) > 0);

/** The attention that ends in a node, or in the transpose that brings its heads back. */
export function attentionAt(root: Node, graph: SearchedGraph): Attention | undefined {
  const [output] = root.outputs as readonly [Value];
  const last = root.op === 'transpose' ? graph.onlyProducer(root.inputs[0] as Value) : root;
  if (!isMatmul(last)) return undefined;
  const [weights, values] = last.inputs as readonly [Value, Value];
  const softmax = graph.onlyProducer(weights) as NodeOf<'softmax'> | undefined;
  if (softmax?.op !== 'softmax' || softmax.attributes.axis !== shapeOf(weights).length - 1) return undefined;
  const found = scoresOf(softmax.inputs[0] as Value, graph);
  const batchOf = (value: Value): string => String(shapeOf(value).slice(0, -2));
  if (found === undefined || batchOf(found.scores) !== batchOf(last.outputs[0] as Value)) return undefined;
  const outputStrides = stridesBehind(root, last.outputs[0] as Value);
  if (outputStrides === undefined) return undefined;
  const [queries, keys] = found.product.inputs as readonly [Value, Value];
  const alongRows = viewOf(queries, graph);
  const summed = viewOf(values, graph);
  return {
    node: last,
    scores: found.scores,
    // A row of the left matrix is read element after element.
    queries: alongRows.strides.at(-1) === 1 ? alongRows : plainView(queries),
    keys: viewOf(keys, graph),
    // Scores have an expression that takes up a factor, sums of values have none.
    values: summed.factor === 1 ? summed : plainView(values),
    term: found.term,
    output,
    outputStrides,
    chain: [...found.nodes, found.product, softmax, ...(last === root ? [] : [last])],
  };
}

/** The product of queries and keys, and the expression of it that softmax takes. */
function scoresOf(value: Value, graph: SearchedGraph) {
  const producer = graph.onlyProducer(value);
  if (isMatmul(producer)) return { product: producer, scores: value, term: { kind: 'sums' } as Term, nodes: [] };
  const found = producer && graph.termOf(producer);
  if (found === undefined) return undefined;
  const shape = String(shapeOf(value));
  for (const scores of operandsOf(found.term)) {
    const product = graph.onlyProducer(scores);
    if (isMatmul(product) && String(shapeOf(scores)) === shape) return { ...found, product, scores };
  }
  return undefined;
}

/** The strides with which the product's elements lie in the output; undefined if a row's elements would not lie side by side. */
function stridesBehind(root: Node, product: Value): readonly number[] | undefined {
  if (root.op !== 'transpose') return plainView(product).strides;
  const { permutation } = (root as NodeOf<'transpose'>).attributes;
  const { strides } = plainView(root.outputs[0] as Value);
  const moved = permutation.map((_, axis) => strides[permutation.indexOf(axis)] as number);
  return moved.at(-1) === 1 ? moved : undefined;
}

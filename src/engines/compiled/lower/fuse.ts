/** Groups nodes that one kernel computes: a convolution with what follows it element by element, or such ops alone. */
import { tensorOf } from '../../../graph/constant.js';
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { Constant, Graph, Node, Value } from '../../../graph/graph.js';
import { HOST_FUNCTIONS } from '../kernels/kernel.js';
import { type Attention, attentionAt, type SearchedGraph } from './find-attention.js';
import { formulaOf } from './formula-table.js';
import { operandsOf, readsIn, type Term, withSums } from './term.js';
import { elementCount, isSameShape, shapeOf } from './values.js';

/** Nodes that become one step. */
export interface Group {
  /** The node whose output is the group's. */
  readonly root: Node;
  /** The node whose kernel computes the expression at its end; undefined if the group is element by element alone. */
  readonly anchor: Node | undefined;
  /** An expression of the anchor's sums, or of tensors; undefined if the root is no op of that kind and stands alone. */
  readonly term: Term | undefined;
  /** The attention that the group computes, if it is one. */
  readonly attention?: Attention;
}

/** Whether the kernel of a node computes an expression of its sums. */
function isAnchor({ op, inputs, outputs }: Node, constants: ReadonlyMap<string, Constant>): boolean {
  if (!isFloat(outputs[0]?.type?.dataType ?? 'bool')) return false;
  // Sums of no products are left to the host.
  if ([...inputs, ...outputs].some((each) => each !== null && elementCount(each) === 0)) return false;
  return op === 'matmul' || (op === 'conv2d' && inputs.slice(1).every((each) => each === null || constants.has(each.name)));
}

export const isElementwise = ({ op, inputs }: Node): boolean =>
  formulaOf(
    op,
    inputs.map((each) => each?.type?.dataType as DataType),
  ) !== undefined;

/** How an operand of an anchor is read: as the output, or one number for each channel, a constant. */
export const isChannelConstant = (value: Value, output: Value, constants: ReadonlyMap<string, Constant>): boolean => {
  const channels = shapeOf(output).at(-1) ?? 1;
  return constants.has(value.name) && elementCount(value) === channels && (shapeOf(value).at(-1) ?? 1) === channels;
};

/** The values that a group's step reads. */
function readsOf({ root, anchor, term, attention }: Group): readonly Value[] {
  if (attention !== undefined) {
    const { queries, keys, values, scores } = attention;
    return [...[queries, keys, values].map(({ source }) => source), ...operandsOf(attention.term).filter((each) => each !== scores)];
  }
  const inputs = (term === undefined ? root : anchor)?.inputs ?? [];
  return [...inputs.filter((each) => each !== null), ...(term === undefined ? [] : operandsOf(term))];
}

/** The groups of a graph, in an order in which each comes after all that it takes. Every size is known. */
export function groupsOf(graph: Graph): readonly Group[] {
  const constants = new Map(graph.constants.map((each) => [each.value.name, each]));
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map(({ name }) => [name, node] as const)));
  const order = new Map(graph.nodes.map((node, index) => [node, index]));
  const uses = new Map<string, number>();
  for (const value of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs, ...graph.outputs])
    if (value !== null) uses.set(value.name, (uses.get(value.name) ?? 0) + 1);
  const absorbed = new Set<Node>();
  const onlyHere = (value: Value, output: Value): Node | undefined =>
    uses.get(value.name) === 1 && isSameShape(value, output) ? producers.get(value.name) : undefined;

  /** @param taken gets the nodes whose ops are in the expression */
  const termOf = (node: Node, output: Value, taken: Set<Node>): Term => ({
    kind: 'op',
    node,
    inputs: (node.inputs as readonly Value[]).map((input): Term => {
      const constant = constants.get(input.name);
      if (constant !== undefined && elementCount(input) === 1)
        return { kind: 'number', value: tensorOf(constant).data[0] as number, isFloat: isFloat(constant.value.type.dataType) };
      const producer = onlyHere(input, output);
      if (producer === undefined || !isElementwise(producer)) return { kind: 'operand', value: input };
      taken.add(producer);
      return termOf(producer, output, taken);
    }),
  });

  const anchorOf = (term: Term, output: Value): Node | undefined => {
    if (isLong(term)) return undefined;
    const operands = operandsOf(term);
    const candidates = operands.flatMap((value) => {
      // Hard-swish of a sum reads it twice; nobody else may.
      const isOnlyHere = uses.get(value.name) === readsIn(term, value) && isSameShape(value, output);
      const producer = isOnlyHere ? producers.get(value.name) : undefined;
      return producer !== undefined && isAnchor(producer, constants) ? [producer] : [];
    });
    const anchor = candidates.sort((a, b) => (order.get(b) as number) - (order.get(a) as number))[0];
    // Panels that are laid out in each run have no room for constants by channel.
    const hasHead = anchor?.op === 'conv2d' || constants.has(anchor?.inputs[1]?.name ?? '');
    const isReadable = (value: Value): boolean =>
      (isSameShape(value, output) && !constants.has(value.name)) || (hasHead && isChannelConstant(value, output, constants));
    return operands.every(isReadable) ? anchor : undefined;
  };

  const searched: SearchedGraph = {
    ...{ producers, constants },
    onlyProducer: (value) => (uses.get(value.name) === 1 ? producers.get(value.name) : undefined),
    termOf: (node) => {
      if (!isElementwise(node)) return undefined;
      const nodes = new Set([node]);
      return { term: termOf(node, node.outputs[0] as Value, nodes), nodes: [...nodes] };
    },
  };

  const groups: Group[] = [];
  // Values that some step reads. Consumers come first here, so that a node is known to be needed, or read through, when its turn comes.
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const add = (group: Group): void => {
    groups.push(group);
    for (const { name } of readsOf(group)) needed.add(name);
  };
  for (const root of graph.nodes.toReversed()) {
    if (absorbed.has(root) || !root.outputs.some(({ name }) => needed.has(name))) continue;
    const output = root.outputs[0] as Value;
    const attention = attentionAt(root, searched);
    if (attention !== undefined) {
      for (const each of attention.chain) absorbed.add(each);
      add({ root, anchor: undefined, term: undefined, attention });
      continue;
    }
    if (isAnchor(root, constants)) add({ root, anchor: root, term: { kind: 'sums' } });
    else if (!isElementwise(root)) add({ root, anchor: undefined, term: undefined });
    else {
      const term = termOf(root, output, absorbed);
      const anchor = anchorOf(term, output);
      if (anchor !== undefined) absorbed.add(anchor);
      const sums = anchor?.outputs[0];
      add({ root, anchor, term: sums === undefined ? term : withSums(term, sums) });
    }
  }
  return groups.reverse();
}

/**
 * Ops whose formulas are long, or call the host. At the end of a kernel they would stand once for each sum of a tile, and push sums
 * out of registers.
 */
const LONG: ReadonlySet<string> = new Set([
  ...['exp', 'expm1', 'sigmoid', 'tanh', 'erf', 'gelu', 'elu', 'selu', 'log', 'log1p', 'softplus'],
  ...Object.keys(HOST_FUNCTIONS),
]);

const isLong = (term: Term): boolean => term.kind === 'op' && (LONG.has(term.node.op) || term.inputs.some(isLong));

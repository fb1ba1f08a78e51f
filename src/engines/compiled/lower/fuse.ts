/** Groups nodes that one kernel computes: a convolution with what follows it element by element, or such ops alone. */
import { tensorOf } from '../../../graph/constant.js';
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { Constant, Graph, Node, Value } from '../../../graph/graph.js';
import { HOST_FUNCTIONS } from '../kernels/kernel.js';
import { formulaOf } from './formula-table.js';
import { operandsOf, type Term } from './term.js';
import { elementCount, isSameShape, shapeOf } from './values.js';

/** Nodes that become one step. */
export interface Group {
  /** The node whose output is the group's. */
  readonly root: Node;
  /** The node whose kernel computes the expression at its end; undefined if the group is element by element alone. */
  readonly anchor: Node | undefined;
  /** An expression of the anchor's sums, or of tensors; undefined if the root is no op of that kind and stands alone. */
  readonly term: Term | undefined;
}

/** Whether the kernel of a node computes an expression of its sums. */
function isAnchor({ op, inputs, outputs }: Node, constants: ReadonlyMap<string, Constant>): boolean {
  if (!isFloat(outputs[0]?.type?.dataType ?? 'bool') || outputs.some((output) => elementCount(output) === 0)) return false;
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

  const termOf = (node: Node, output: Value): Term => ({
    kind: 'op',
    node,
    inputs: (node.inputs as readonly Value[]).map((input): Term => {
      const constant = constants.get(input.name);
      if (constant !== undefined && elementCount(input) === 1)
        return { kind: 'number', value: tensorOf(constant).data[0] as number, isFloat: isFloat(constant.value.type.dataType) };
      const producer = onlyHere(input, output);
      if (producer === undefined || !isElementwise(producer)) return { kind: 'operand', value: input };
      absorbed.add(producer);
      return termOf(producer, output);
    }),
  });

  const anchorOf = (term: Term, output: Value): Node | undefined => {
    if (isLong(term)) return undefined;
    const operands = operandsOf(term);
    const candidates = operands.flatMap((value) => {
      const producer = onlyHere(value, output);
      return producer !== undefined && isAnchor(producer, constants) ? [producer] : [];
    });
    const anchor = candidates.sort((a, b) => (order.get(b) as number) - (order.get(a) as number))[0];
    // Panels that are laid out in each run have no room for constants by channel.
    const hasHead = anchor?.op === 'conv2d' || constants.has(anchor?.inputs[1]?.name ?? '');
    const isReadable = (value: Value): boolean =>
      (isSameShape(value, output) && !constants.has(value.name)) || (hasHead && isChannelConstant(value, output, constants));
    return operands.every(isReadable) ? anchor : undefined;
  };

  const groups: Group[] = [];
  for (const root of graph.nodes.toReversed()) {
    if (absorbed.has(root)) continue;
    const output = root.outputs[0] as Value;
    if (isAnchor(root, constants)) groups.push({ root, anchor: root, term: { kind: 'sums' } });
    else if (!isElementwise(root)) groups.push({ root, anchor: undefined, term: undefined });
    else {
      const term = termOf(root, output);
      const anchor = anchorOf(term, output);
      if (anchor !== undefined) absorbed.add(anchor);
      const sums = anchor?.outputs[0];
      groups.push({ root, anchor, term: sums === undefined ? term : withSums(term, sums) });
    }
  }
  return groups.reverse();
}

/** Ops whose formulas are long, or call the host. At the end of a kernel they would stand once for each sum of a tile, and push sums out of registers. */
const LONG: ReadonlySet<string> = new Set([
  ...['exp', 'expm1', 'sigmoid', 'tanh', 'erf', 'gelu', 'elu', 'selu', 'log', 'log1p', 'softplus'],
  ...Object.keys(HOST_FUNCTIONS),
]);

const isLong = (term: Term): boolean => term.kind === 'op' && (LONG.has(term.node.op) || term.inputs.some(isLong));

/** An expression in which a tensor is the sums. */
function withSums(term: Term, sums: Value): Term {
  if (term.kind === 'operand') return term.value === sums ? { kind: 'sums' } : term;
  return term.kind === 'op' ? { ...term, inputs: term.inputs.map((each) => withSums(each, sums)) } : term;
}

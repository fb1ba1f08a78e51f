/** Products and sums as lists of what is multiplied or added, in whatever order and nesting a file has them. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import { scalarOf } from './channels.js';
import type { GraphView } from './pass.js';

/** A number and the values that are multiplied with it, or added to it. */
export interface Terms {
  readonly number: number;
  readonly values: readonly TypedValue[];
}

/** How terms of a kind are written. */
interface Kind {
  readonly op: 'mul' | 'add';
  /** The op that takes a number back. */
  readonly opposite: 'div' | 'sub';
  readonly neutral: number;
  readonly with: (a: number, b: number) => number;
  readonly without: (a: number, b: number) => number;
}

const PRODUCT: Kind = { op: 'mul', opposite: 'div', neutral: 1, with: (a, b) => a * b, without: (a, b) => a / b };
const SUM: Kind = { op: 'add', opposite: 'sub', neutral: 0, with: (a, b) => a + b, without: (a, b) => a - b };

/** The factors of a float32 product: of nodes `mul`, and `div` by a number, one behind the other. */
export const factorsOf = (node: Node, graph: GraphView): Terms | undefined => termsOf(node, graph, PRODUCT);

/** The terms of a float32 sum: of nodes `add`, and `sub` of a number, one behind the other. */
export const addendsOf = (node: Node | undefined, graph: GraphView): Terms | undefined => node && termsOf(node, graph, SUM);

/** No pattern has more nodes of one kind than this; a chain of hundreds is not read to its end from each of its nodes. */
const MAX_NODES = 8;

/** Nothing else takes the values between the nodes, and these are as large as the result. */
function termsOf(root: Node, graph: GraphView, kind: Kind): Terms | undefined {
  const whole = typeText(root.outputs[0]?.type ?? null);
  if (!whole.startsWith('float32[') || !isOfKind(root, graph, kind)) return undefined;
  let number = kind.neutral;
  const values: TypedValue[] = [];
  const left: { readonly value: TypedValue; readonly user: Node }[] = [];
  let nodes = 0;
  const open = (node: Node): void => {
    nodes++;
    const [a, b] = node.inputs as readonly [TypedValue, TypedValue];
    if (node.op === kind.opposite) number = kind.without(number, scalarOf(b, graph) as number);
    else left.push({ value: b, user: node });
    left.push({ value: a, user: node });
  };
  open(root);
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    if (nodes > MAX_NODES) return undefined;
    const { value, user } = each;
    const scalar = scalarOf(value, graph);
    const producer = graph.producerOf(value);
    if (scalar !== undefined) number = kind.with(number, scalar);
    else if (producer && typeText(value.type) === whole && graph.onlyUserOf(value) === user && isOfKind(producer, graph, kind))
      open(producer);
    else values.push(value);
  }
  return { number, values };
}

const isOfKind = ({ op, inputs }: Node, graph: GraphView, kind: Kind): boolean =>
  op === kind.op || (op === kind.opposite && scalarOf(inputs[1], graph) !== undefined);

/** Whether a number is the wanted one but for the rounding of float32. */
export const isNearly = (number: number | undefined, wanted: number): boolean =>
  number !== undefined && Math.abs(number - wanted) <= 1e-6 * Math.abs(wanted);

/** The node that makes a value, if it has this op and nothing else takes the value. */
export function aloneOf<Op extends Node['op']>(
  value: Value | null | undefined,
  op: Op,
  graph: GraphView,
): Extract<Node, { op: Op }> | undefined {
  const producer = graph.producerOf(value);
  const isAlone = producer?.op === op && graph.onlyUserOf(value as Value) !== undefined;
  return isAlone ? (producer as Extract<Node, { op: Op }>) : undefined;
}

/** Two values as they stand, and the other way round. */
export const bothOrders = <T>(a: T, b: T): readonly (readonly [T, T])[] => [
  [a, b],
  [b, a],
];

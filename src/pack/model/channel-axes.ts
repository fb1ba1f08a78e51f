/** Finds the axis of a weight that counts the output channels of a convolution or a matrix product, along which a scale each suits. */
import { sizeOf } from '../../base/dtype.js';
import type { Graph, Node, Value } from '../../graph/graph.js';
import { isClosed } from '../../graph/tensor.js';

/** By op, the input that is a filter, and the axis of the filter's output channels; from the end if it is below 0. */
const FILTERS: Readonly<Partial<Record<Node['op'], { readonly input: number; readonly axis: number }>>> = {
  conv2d: { input: 1, axis: 3 },
  convTranspose2d: { input: 1, axis: 2 },
  matmul: { input: 1, axis: -1 },
};

/**
 * The axis of the output channels of each constant that is a filter and nothing else, by the constant's name. Reshapes and transposes
 * between a constant and its filter are followed.
 */
export function channelAxes(graph: Graph): ReadonlyMap<string, number> {
  const takers = takersOf(graph);
  const found = graph.constants.map(({ value }) => [value.name, axisOf(value, takers)] as const);
  return new Map(found.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

/** A node and the number of its input by which it takes a value. */
interface Taker {
  readonly node: Node;
  readonly input: number;
}

function takersOf({ nodes, outputs }: Graph): ReadonlyMap<string, readonly (Taker | 'output')[]> {
  const takers = new Map<string, (Taker | 'output')[]>();
  const add = (name: string, taker: Taker | 'output') => {
    const known = takers.get(name);
    if (known === undefined) takers.set(name, [taker]);
    else known.push(taker);
  };
  for (const node of nodes) for (const [input, value] of node.inputs.entries()) if (value !== null) add(value.name, { node, input });
  for (const { name } of outputs) add(name, 'output');
  return takers;
}

/** The axis on which all takers of a value agree. */
function axisOf(value: Value, takers: ReturnType<typeof takersOf>): number | undefined {
  const axes = (takers.get(value.name) ?? []).map((taker) => (taker === 'output' ? undefined : axisBy(taker, value, takers)));
  return new Set(axes).size === 1 ? axes[0] : undefined;
}

function axisBy({ node, input }: Taker, value: Value, takers: ReturnType<typeof takersOf>): number | undefined {
  const shape = value.type?.shape;
  if (shape === undefined || !isClosed(shape)) return undefined;
  const filter = FILTERS[node.op];
  if (filter?.input === input) return filter.axis < 0 ? shape.length + filter.axis : filter.axis;
  const [output] = node.outputs;
  if (output === undefined || (node.op !== 'reshape' && node.op !== 'transpose' && node.op !== 'identity')) return undefined;
  const axis = axisOf(output, takers);
  if (axis === undefined || node.op === 'identity') return axis;
  if (node.op === 'transpose') return node.attributes.permutation[axis];
  return axisBefore(shape, output.type?.shape as readonly number[], axis);
}

/**
 * The axis before a reshape. Channels that were two axes, as those of TF.js's depthwise filters are, have a scale for each place along
 * the first of the two.
 * @param axis in the shape after it
 */
function axisBefore(before: readonly number[], after: readonly number[], axis: number): number | undefined {
  const inFront = sizeOf(after.slice(0, axis));
  const found = before.findIndex((size, index) => size > 1 && sizeOf(before.slice(0, index)) === inFront);
  if (found < 0) return undefined;
  const isWithin = (after[axis] as number) % (before[found] as number) === 0;
  return isWithin ? found : undefined;
}

/** Inputs that are off by a millionth, by which outputs are found that say nothing of a backend. */

import { rangeOf } from '../../golden/compare.js';
import { isInteger } from '../../graph/element-type.js';
import type { Graph, Node, Value } from '../../graph/graph.js';
import type { Feed } from '../../preprocess/feed.js';
import { toTensor } from '../../preprocess/resize.js';

/** The change of the inputs, as a share of their range. */
const NUDGE = 1e-6;

/**
 * A graph whose whole inputs are also fed as floats, behind the casts that turn them into floats: whole numbers cannot change by a
 * millionth.
 */
export interface NudgedGraph {
  readonly graph: Graph;
  /** By whole input, the casts of it, which are inputs of the graph behind those that it has. */
  readonly casts: ReadonlyMap<Value, readonly Value[]>;
}

/** Makes inputs of the casts of whole inputs. */
export function withCastsAsInputs(graph: Graph): NudgedGraph {
  const isCast = ({ op, attributes, inputs: [input] }: Node) =>
    op === 'cast' && (attributes as { to: string }).to === 'float32' && wholeInput(graph, input) !== undefined;
  const nodes = graph.nodes.filter(isCast);
  const casts = new Map<Value, Value[]>();
  for (const { inputs, outputs } of nodes) {
    const [input, output] = [wholeInput(graph, inputs[0]) as Value, outputs[0] as Value];
    casts.set(input, [...(casts.get(input) ?? []), output]);
  }
  const inputs = [...graph.inputs, ...[...casts.values()].flat()];
  return { graph: { ...graph, inputs, nodes: graph.nodes.filter((node) => !nodes.includes(node)) }, casts };
}

/** The input of whole numbers that a value is, or is a wider copy of. */
function wholeInput({ inputs, nodes }: Graph, value: Value | null | undefined): Value | undefined {
  if (value?.type == null || !isInteger(value.type.dataType)) return undefined;
  if (inputs.includes(value)) return value;
  const maker = nodes.find(({ outputs }) => outputs.includes(value));
  return maker?.op === 'cast' ? inputs.find((input) => input === maker.inputs[0]) : undefined;
}

/**
 * The same feeds, changed by a millionth of their range. An output that moves with this would also differ between two backends that
 * are both right.
 * @param castsOf the names under which the casts of an input are fed
 */
export function nudge(feeds: readonly Feed[], castsOf: (input: string) => readonly string[]): Feed[] {
  return feeds.flatMap((feed): Feed[] => {
    const { name, dtype, shape } = feed;
    if (dtype === 'bool') return [feed];
    const values = Float32Array.from(
      feed.kind === 'tensor' ? feed.data : toTensor(feed.picture as never, feed.image, feed.dtype, feed.map),
    );
    const { min, max } = rangeOf(values);
    const step = NUDGE * (max - min || 1);
    const data = values.map((value, index) => value + (index % 2 === 0 ? step : -step));
    const moved = (to: string): Feed => ({ kind: 'tensor', name: to, dtype: 'float32', shape, data });
    return dtype === 'float32' ? [moved(name)] : [feed, ...castsOf(name).map(moved)];
  });
}

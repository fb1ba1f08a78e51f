/** Inputs that are off by a millionth, by which outputs are found that say nothing of a backend. */
import type { EngineSignature } from '../../engines/engine.js';
import { type Graph, nodeOf } from '../../formats/tfjs/graph-def.js';
import { rangeOf } from '../../golden/compare.js';
import type { Feed } from '../../preprocess/feed.js';
import { toTensor } from '../../preprocess/resize.js';

/** The change of the inputs, as a share of their range. */
const NUDGE = 1e-6;

/**
 * The same feeds, changed by a millionth of their range. An output that moves with this would also differ between
 * two backends that are both right. Whole numbers cannot change by so little, so the graph is fed behind the casts
 * that turn them into floats.
 */
export function nudge(feeds: readonly Feed[], graph: Graph, inputs: EngineSignature['inputs']): Feed[] {
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
    if (dtype === 'float32') return [moved(name)];
    return [feed, ...castsOf(graph, inputs[name]?.node as string).map((cast) => moved(nameOfCast(cast)))];
  });
}

/** The casts that {@link nudge} feeds, as inputs of the session: the signature names none of them. */
export function castInputs(graph: Graph, inputs: EngineSignature['inputs']): EngineSignature['inputs'] {
  const casts = Object.values(inputs).flatMap(({ node }) => castsOf(graph, node));
  return Object.fromEntries(casts.map((node) => [nameOfCast(node), { node }]));
}

const nameOfCast = (node: string): string => `cast: ${node}`;

function castsOf(graph: Graph, node: string): string[] {
  const isCast = ({ op, input, attr }: { op: string; input: readonly string[]; attr: Readonly<Record<string, unknown>> }) =>
    op === 'Cast' && nodeOf(input[0] ?? '') === node && (attr['DstT'] as { type?: unknown } | undefined)?.type === 'DT_FLOAT';
  return [...graph.nodes.values()].filter(isCast).map(({ name }) => name);
}

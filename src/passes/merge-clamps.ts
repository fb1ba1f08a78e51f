/** Bounds become one clamp: of maxima and minima with a constant, ReLUs and clamps one behind the other. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import { scalarOf } from './channels.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

/** The value that a node bounds, and its bounds, which may be infinite. */
interface Bounded {
  readonly input: TypedValue;
  readonly min: number;
  readonly max: number;
}

/** max(x, 0) is relu(x); min(relu(x), 6) is clamp(x, 0, 6), which TF.js computes together with the convolution before. */
export const mergeClamps: Pass = {
  name: 'merge clamps',
  rewrite(node, graph) {
    const outer = boundsOf(node, graph);
    if (outer === undefined) return undefined;
    const before = graph.onlyUserOf(outer.input) === node ? graph.producerOf(outer.input) : undefined;
    const inner = before && boundsOf(before, graph);
    if (inner === undefined && (node.op === 'relu' || node.op === 'clamp')) return undefined;
    const { input } = inner ?? outer;
    const [min, max] = [inner?.min ?? outer.min, inner?.max ?? outer.max].map((each) => Math.min(Math.max(each, outer.min), outer.max));
    const patch = new PatchBuilder(graph);
    const result =
      min === 0 && max === Number.POSITIVE_INFINITY
        ? patch.op('relu', [input], {}, node.origin)
        : patch.op('clamp', [input], { min: min as number, max: max as number }, node.origin);
    return patch.replace(node.outputs[0] as TypedValue, result).build();
  },
};

/** Reads a node as a clamp of float32. */
export function boundsOf(node: Node, graph: GraphView): Bounded | undefined {
  const [input, other] = node.inputs as readonly [TypedValue, Value?];
  const output = node.outputs[0]?.type;
  if (output?.dataType !== 'float32') return undefined;
  switch (node.op) {
    case 'relu':
      return { input, min: 0, max: Number.POSITIVE_INFINITY };
    case 'clamp':
      return { input, ...node.attributes };
    case 'max':
    case 'min': {
      const [bound, left] = [scalarOf(other, graph), scalarOf(input, graph)];
      const [bounded, number] = bound !== undefined ? [input, bound] : [other as TypedValue, left];
      if (number === undefined || typeText(bounded.type) !== typeText(output)) return undefined;
      return node.op === 'max'
        ? { input: bounded, min: number, max: Number.POSITIVE_INFINITY }
        : { input: bounded, min: Number.NEGATIVE_INFINITY, max: number };
    }
    default:
      return undefined;
  }
}

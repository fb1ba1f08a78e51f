/** A value as elements of another one: transposes, reshapes, slices and splits become steps of an address, and factors one number. */
import { tensorOf } from '../../../graph/constant.js';
import type { Constant, Node, NodeOf, Value } from '../../../graph/graph.js';
import { rowMajor } from '../kernels/loops.js';
import { elementCount, shapeOf } from './values.js';

export interface View {
  readonly shape: readonly number[];
  readonly source: Value;
  /** The element of the source that is the first one of the view. */
  readonly first: number;
  /** Elements of the source between neighbours along each axis of the view. */
  readonly strides: readonly number[];
  /** Each element of the source times this number is one of the view. */
  readonly factor: number;
}

/** The nodes and constants of a graph, by the names of the values that they give. */
export interface ViewedGraph {
  readonly producers: ReadonlyMap<string, Node>;
  readonly constants: ReadonlyMap<string, Constant>;
}

/** All of a value, where it lies. */
export const plainView = (value: Value): View => ({
  ...{ shape: shapeOf(value), source: value, first: 0, strides: rowMajor(shapeOf(value)), factor: 1 },
});

/** A view of the earliest value whose elements are those of the given one in other places, or times a number. */
export function viewOf(value: Value, graph: ViewedGraph): View {
  const node = graph.producers.get(value.name);
  const view = node && throughNode(node, value, graph);
  return view === undefined ? plainView(value) : { ...view, shape: shapeOf(value) };
}

/** Undefined if the node does more than moving elements or scaling them. */
function throughNode(node: Node, value: Value, graph: ViewedGraph): View | undefined {
  switch (node.op) {
    case 'transpose': {
      const { attributes, inputs } = node as NodeOf<'transpose'>;
      const view = viewOf(inputs[0] as Value, graph);
      return { ...view, strides: attributes.permutation.map((axis) => view.strides[axis] as number) };
    }
    case 'reshape': {
      const view = viewOf(node.inputs[0] as Value, graph);
      const strides = reshapedStrides(shapeOf(node.inputs[0] as Value), view.strides, shapeOf(value));
      return strides && { ...view, strides };
    }
    case 'slice': {
      const { attributes, inputs } = node as NodeOf<'slice'>;
      const view = viewOf(inputs[0] as Value, graph);
      const starts = attributes.starts as readonly number[];
      const first = starts.reduce((sum, start, axis) => sum + start * (view.strides[axis] as number), view.first);
      return { ...view, first, strides: view.strides.map((stride, axis) => stride * (attributes.strides[axis] as number)) };
    }
    case 'split': {
      const { attributes, inputs, outputs } = node as NodeOf<'split'>;
      const view = viewOf(inputs[0] as Value, graph);
      const before = outputs.slice(
        0,
        outputs.findIndex(({ name }) => name === value.name),
      );
      const skipped = before.reduce((sum, each) => sum + (shapeOf(each)[attributes.axis] as number), 0);
      return { ...view, first: view.first + skipped * (view.strides[attributes.axis] as number) };
    }
    case 'mul':
    case 'div':
      return scaled(node, value, graph);
    default:
      return undefined;
  }
}

/** A product with one number, or a division by one. */
function scaled({ op, inputs }: Node, value: Value, graph: ViewedGraph): View | undefined {
  const [left, right] = inputs as readonly [Value, Value];
  const [x, by] = op === 'mul' && graph.constants.has(left.name) ? [right, left] : [left, right];
  const constant = graph.constants.get(by.name);
  if (constant === undefined || elementCount(by) !== 1 || String(shapeOf(x)) !== String(shapeOf(value))) return undefined;
  const number = tensorOf(constant).data[0] as number;
  const factor = op === 'mul' ? number : 1 / number;
  if (!Number.isFinite(factor) || factor === 0) return undefined;
  const view = viewOf(x, graph);
  return { ...view, factor: view.factor * factor };
}

/** The strides of the same elements in the same order under another shape; undefined if an axis would need two. */
function reshapedStrides(from: readonly number[], strides: readonly number[], to: readonly number[]): readonly number[] | undefined {
  // Neighbouring axes that are run through as one, the last one first.
  const runs: { size: number; readonly stride: number }[] = [];
  for (const [axis, size] of [...from.entries()].reverse()) {
    if (size === 1) continue;
    const inner = runs.at(-1);
    const stride = strides[axis] as number;
    if (inner !== undefined && stride === inner.stride * inner.size) inner.size *= size;
    else runs.push({ size, stride });
  }
  const result: number[] = [];
  let taken = 1;
  for (const size of to.toReversed()) {
    const run = runs[0];
    if (size === 1 || run === undefined) {
      result.unshift(0);
      continue;
    }
    if ((run.size / taken) % size !== 0) return undefined;
    result.unshift(run.stride * taken);
    taken *= size;
    if (taken === run.size) {
      runs.shift();
      taken = 1;
    }
  }
  return result;
}

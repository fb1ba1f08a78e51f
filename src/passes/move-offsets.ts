/** Additions of a constant move next to the weighted sum that can take them up. */
import type { Constant, Node, TypedValue } from '../graph/graph.js';
import { ELEMENTWISE_OPS } from '../graph/ops/elementwise.js';
import { isSameSize, type Size } from '../graph/size.js';
import { typeText } from '../graph/tensor.js';
import { affineOf } from './affine.js';
import { withShape } from './constant-shape.js';
import type { GraphView, Pass, Patch } from './pass.js';
import { PatchBuilder } from './patch.js';
import { weightedSumAt } from './weighted-sum.js';

/** (sum + x) + c is (sum + c) + x: a residual connection that the converter of a model added before the bias. */
export const moveOffsetsIntoTerms: Pass = {
  name: 'move offsets to the sum among two terms',
  rewrite(node, graph) {
    const { input, added } = node.op === 'add' ? (affineOf(node, graph) ?? {}) : {};
    if (input === undefined || added === undefined || graph.onlyUserOf(input) !== node) return undefined;
    const addition = graph.producerOf(input);
    if (addition?.op !== 'add') return undefined;
    const terms = addition.inputs as readonly [TypedValue, TypedValue];
    // Two constants behind a sum would change places for ever.
    if (terms.some((term) => graph.constantOf(term) !== undefined)) return undefined;
    const index = terms.findIndex((term) => isSum(term, input, graph));
    if (index < 0) return undefined;
    const patch = new PatchBuilder(graph);
    const sum = patch.op('add', [terms[index] as TypedValue, added.value], {}, node.origin);
    return patch.replace(node.outputs[0] as TypedValue, patch.op('add', terms.with(index, sum), {}, addition.origin)).build();
  },
};

/** Whether a term is a weighted sum that is as large as the result. */
const isSum = (term: TypedValue, result: TypedValue, graph: GraphView): boolean =>
  typeText(term.type) === typeText(result.type) && weightedSumAt(term, graph) !== undefined;

/**
 * reshape(sum) + c is reshape(sum + c) where the channels stay the last axis, and so an activation moves as well: TF.js and others compute
 * both together with the sum if they stand right behind it.
 */
export const moveBeforeReshapes: Pass = {
  name: 'move offsets and activations in front of reshapes',
  rewrite(node, graph) {
    const affine = node.op === 'add' ? affineOf(node, graph) : undefined;
    const input = affine?.input ?? (node.inputs[0] as TypedValue | null);
    const reshape = input && graph.onlyUserOf(input) === node ? graph.producerOf(input) : undefined;
    if (reshape?.op !== 'reshape') return undefined;
    const before = reshape.inputs[0] as TypedValue;
    if (weightedSumAt(before, graph) === undefined) return undefined;
    return affine?.added ? movedOffset(node, reshape, affine.added, graph) : movedActivation(node, reshape, graph);
  },
};

function movedOffset(node: Node, reshape: Node, added: Constant, graph: GraphView): Patch | undefined {
  const before = reshape.inputs[0] as TypedValue;
  const [channels, own] = [before, node.outputs[0] as TypedValue].map(({ type }) => type.shape.at(-1)) as [Size, Size];
  // The constant may have axes of one element in front of the channels, and more of them than the sum has axes.
  const list = withShape(added, [(added.value.type.shape.at(-1) as number | undefined) ?? 1]);
  if (list === undefined || !isSameSize(channels, own)) return undefined;
  const patch = new PatchBuilder(graph);
  return reshaped(node, reshape, patch.op('add', [before, patch.constant(list)], {}, node.origin), patch);
}

function movedActivation(node: Node, reshape: Node, graph: GraphView): Patch | undefined {
  if (!Object.hasOwn(ELEMENTWISE_OPS, node.op) || node.inputs.length !== 1) return undefined;
  const patch = new PatchBuilder(graph);
  return reshaped(node, reshape, patch.op(node.op, reshape.inputs, node.attributes as never, node.origin), patch);
}

function reshaped(node: Node, { attributes, origin }: Node, value: TypedValue, patch: PatchBuilder): Patch {
  const { newShape } = attributes as { readonly newShape: readonly Size[] };
  return patch.replace(node.outputs[0] as TypedValue, patch.op('reshape', [value], { newShape }, origin)).build();
}

/** Values as they were before a transpose. */
import { eachRow, stridesOf } from '../base/strided.js';
import { bytesPerElement } from '../graph/constant.js';
import type { Constant, Node, TypedValue } from '../graph/graph.js';
import type { Shape } from '../graph/tensor.js';
import { withShape } from './constant-shape.js';
import { keepsOrder } from './element-order.js';
import type { GraphView } from './pass.js';
import type { PatchBuilder } from './patch.js';
import { inverse, type Permutation, permuted } from './permutation.js';

/**
 * Finds how a node can take an input without a transpose.
 * @param input of the node @param permutation of the transpose
 * @param mayShare whether a constant that other nodes take may be stored a second time, since these will take it so, too
 * @returns a function that gives the value, and adds to a patch what that takes; undefined if it would take another transpose
 */
export function untransposed(
  input: TypedValue,
  permutation: Permutation,
  node: Node,
  graph: GraphView,
  mayShare = false,
): ((patch: PatchBuilder) => TypedValue) | undefined {
  const { shape } = input.type;
  const producer = graph.producerOf(input);
  if (producer?.op === 'transpose' && `${producer.attributes.permutation}` === `${permutation}`)
    return () => producer.inputs[0] as TypedValue;
  const before = transposedBefore(input, permutation, node, graph);
  if (before !== undefined) return () => before;
  if (shape.length > permutation.length) return undefined;
  if (shape.every((size) => size === 1)) return () => input;
  const whole: Shape = [...Array<number>(permutation.length - shape.length).fill(1), ...shape];
  const back = inverse(permutation);
  const newShape = permuted(whole, back);
  const constant = graph.constantOf(input);
  if (constant !== undefined) {
    const isFree = (mayShare || graph.usersOf(input).length === 1) && !graph.isOutput(input);
    const moved = keepsOrder(back, whole) ? constant : isFree ? transposed(constant, whole as readonly number[], back) : undefined;
    const made = moved && withShape(moved, newShape as readonly number[]);
    return made && ((patch) => patch.constant(made));
  }
  return keepsOrder(back, whole) ? (patch) => patch.op('reshape', [input], { newShape }, node.origin) : undefined;
}

/** A value in the wanted order that something takes already, such as the input of a network, which its first convolution takes. */
function transposedBefore(input: TypedValue, permutation: Permutation, node: Node, graph: GraphView): TypedValue | undefined {
  const wanted = `${inverse(permutation)}`;
  // x + xᵀ would become xᵀ + x, and that x + xᵀ again.
  if (wanted === `${permutation}`) return undefined;
  const found = graph
    .usersOf(input)
    .find((user) => user.op === 'transpose' && `${user.attributes.permutation}` === wanted && graph.isBefore(user, node));
  return found?.outputs[0] as TypedValue | undefined;
}

/**
 * A constant whose elements are in another order, stored as they were.
 * @param shape of it, with axes of one element in front
 * @returns undefined if it has scales for channels, which would have to move with their axis
 */
function transposed(constant: Constant, shape: readonly number[], permutation: Permutation): Constant | undefined {
  if (constant.storage.kind === 'int8') return undefined;
  const bytesEach = bytesPerElement(constant.value.type.dataType, constant.storage);
  const bytes = new Uint8Array(constant.bytes.length);
  let made = 0;
  eachRow(permuted(shape, permutation), [permuted(stridesOf(shape), permutation)], ([start = 0], length, [step = 0]) => {
    for (let index = 0; index < length; index++, made += bytesEach) {
      const from = (start + index * step) * bytesEach;
      bytes.set(constant.bytes.subarray(from, from + bytesEach), made);
    }
  });
  return { ...constant, bytes };
}

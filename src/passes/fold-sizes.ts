/** Computes with sizes when the model is packed: what depends on open sizes and whole numbers alone becomes expressions over them. */
import { sizeOf } from '../base/dtype.js';
import { DATA_TYPES } from '../graph/element-type.js';
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { add, floorDivide, isOpen, max, min, multiply, product, type Size, subtract, sum } from '../graph/size.js';
import { isClosed } from '../graph/tensor.js';
import type { GraphView, Pass, Patch } from './pass.js';
import { PatchBuilder } from './patch.js';

/** A longer list is no shape. */
const MAX_SIZES = 64;

/** Greater numbers are no sizes: their products may leave int32, where an expression does not wrap. */
const MAX_NUMBER = 2 ** 15;

export const foldSizes: Pass = {
  name: 'fold sizes',
  rewrite(node, graph): Patch | undefined {
    const [output] = node.outputs as readonly TypedValue[];
    if (output === undefined || !isListOfSizes(output) || node.inputs.every((value) => graph.constantOf(value) !== undefined))
      return undefined;
    try {
      const values = computed(node, graph);
      return values?.length === sizeOf(output.type.shape as readonly number[]) ? patchOf(node, output, values, graph) : undefined;
    } catch (thrown) {
      // An expression that is too long, or a division by zero, stays as it is.
      if (thrown instanceof RangeError) return undefined;
      throw thrown;
    }
  },
};

const isListOfSizes = ({ type }: Value): boolean =>
  (type?.dataType === 'int32' || type?.dataType === 'int64') && isClosed(type.shape) && sizeOf(type.shape) <= MAX_SIZES;

/** The elements of a value that holds sizes, row by row; undefined if they are not known. */
function sizesIn(value: Value | null | undefined, graph: GraphView): readonly Size[] | undefined {
  if (value == null || !isListOfSizes(value)) return undefined;
  const numbers = graph.tensorOf(value)?.data;
  if (numbers !== undefined) return numbers.every((each) => Math.abs(each) <= MAX_NUMBER) ? Array.from(numbers) : undefined;
  const node = graph.producerOf(value);
  if (node?.op === 'sizes') return node.attributes.values;
  return node?.op === 'reshape' ? sizesIn(node.inputs[0], graph) : undefined;
}

const ELEMENTWISE: Readonly<Partial<Record<Node['op'], (a: Size, b: Size) => Size>>> = {
  ...{ add, sub: subtract, mul: multiply, floorDiv: floorDivide, max, min },
};

/** The elements of a node's output, if its inputs hold sizes. Fewer than it has mean that they are not known. */
function computed(node: Node, graph: GraphView): readonly Size[] | undefined {
  const { op, attributes, inputs } = node;
  const known = inputs.map((value) => sizesIn(value, graph));
  const [first, second = []] = known;
  if (first === undefined || known.includes(undefined)) return undefined;
  const rank = (inputs[0] as TypedValue).type.shape.length;
  switch (op) {
    case 'cast':
      return first;
    case 'concat':
      return rank === 1 ? (known as (readonly Size[])[]).flat() : undefined;
    case 'slice':
      return rank === 1
        ? sliced(first, attributes.starts[0] as Size, attributes.sizes[0] as Size, attributes.strides[0] as number)
        : undefined;
    case 'gather':
      return rank === 1 ? second.flatMap((index) => (isOpen(index) ? [] : first.slice(index, index + 1))) : undefined;
    case 'reduceSum':
      return attributes.axes.length === rank ? [sum(first)] : undefined;
    case 'reduceProduct':
      return attributes.axes.length === rank ? [product(first)] : undefined;
    default: {
      const operation = ELEMENTWISE[op];
      return operation && pairwise(operation, first, second);
    }
  }
}

/** A part of a list, whose place is known. */
function sliced(sizes: readonly Size[], start: Size, length: Size, stride: number): readonly Size[] | undefined {
  return isOpen(start) || isOpen(length) || stride !== 1 ? undefined : sizes.slice(start, start + length);
}

/** The results of an operation on two lists of one length, or on a list and one size. */
function pairwise(operation: (a: Size, b: Size) => Size, left: readonly Size[], right: readonly Size[]): readonly Size[] | undefined {
  if (left.length !== right.length && left.length !== 1 && right.length !== 1) return undefined;
  const at = (sizes: readonly Size[], index: number) => sizes[sizes.length === 1 ? 0 : index] as Size;
  // Beside an empty list, one size is repeated as often as there are sizes, which is never.
  return Array.from({ length: left.length === 1 ? right.length : left.length }, (_, index) => operation(at(left, index), at(right, index)));
}

function patchOf({ origin }: Node, output: TypedValue, values: readonly Size[], graph: GraphView): Patch {
  const patch = new PatchBuilder(graph);
  const { dataType, shape } = output.type as { readonly dataType: 'int32' | 'int64'; readonly shape: readonly number[] };
  if (!values.some(isOpen))
    return patch
      .replace(output, patch.tensor({ dataType, shape, data: new DATA_TYPES[dataType](values as number[]) }, output.name))
      .build();
  const list = patch.op('sizes', [], { values, dataType }, origin);
  return patch.replace(output, shape.length === 1 ? list : patch.op('reshape', [list], { newShape: shape }, origin)).build();
}

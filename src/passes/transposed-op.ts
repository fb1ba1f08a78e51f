/** An op that takes the input of a transpose instead of its output, and is followed by a transpose instead. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { ELEMENTWISE_OPS } from '../graph/ops/elementwise.js';
import type { Size } from '../graph/size.js';
import { inverse, type Permutation, permuted } from './permutation.js';
import { transposedReshape } from './transposed-reshape.js';

/** The op before the transpose. */
export interface TransposedOp {
  readonly attributes: Node['attributes'];
  /** The permutation of the transpose behind the op. */
  readonly permutation: Permutation;
  /** How many of the inputs were transposed, from the first on. The others belong to an axis. */
  readonly transposed: number;
  /** Whether kernels take all axes alike. Else the last axis is best, and the transpose should move only if it then cancels another one. */
  readonly isAlike: boolean;
}

/**
 * Moves a transpose from the inputs of an op behind it.
 * @param permutation of the transpose whose output the node takes
 * @returns undefined if the op cannot have its axes in another order, as a convolution cannot, or has another number of axes
 */
export function transposedOp(node: Node, permutation: Permutation): TransposedOp | undefined {
  const { op, inputs, attributes } = node;
  const all = inputs.length;
  const isElementwise = Object.hasOwn(ELEMENTWISE_OPS, op);
  if ((isElementwise ? node.outputs[0] : inputs[0])?.type?.shape.length !== permutation.length) return undefined;
  if (isElementwise) return { attributes, permutation, transposed: all, isAlike: true };
  // What an attribute says of each axis, in the order that the axes have before the transpose.
  const before = <T>(each: readonly T[]) => permuted(each, inverse(permutation));
  const moved = (changed: object, isAlike = true, transposed = 1): TransposedOp => ({
    ...{ attributes: { ...attributes, ...changed } as Node['attributes'], permutation, transposed, isAlike },
  });
  switch (op) {
    case 'conv2d':
      return isPointwise(node) && permutation.at(-1) === permutation.length - 1 ? moved({}) : undefined;
    case 'pad':
      return moved({ beginning: before<Size>(attributes.beginning), ending: before<Size>(attributes.ending) });
    case 'slice': {
      const { starts, sizes, strides } = attributes;
      return moved({ starts: before<Size>(starts), sizes: before<Size>(sizes), strides: before(strides) });
    }
    case 'tile':
      return moved({ repetitions: before<Size>(attributes.repetitions) });
    case 'expand':
      if (attributes.newShape.length !== permutation.length) return undefined;
      return moved({ newShape: before<Size>(attributes.newShape) }, false);
    case 'reverse':
      return moved({ axes: permuted(permutation, attributes.axes) });
    case 'concat':
      return moved({ axis: permutation[attributes.axis] }, true, all);
    case 'split':
      return moved({ axis: permutation[attributes.axis] });
    case 'batchNormalization':
      return moved({ axis: permutation[attributes.axis] });
    case 'softmax':
    case 'logSoftmax':
      return moved({ axis: permutation[attributes.axis] }, false);
    case 'argMax':
    case 'argMin': {
      const { axis, keepDimensions } = attributes;
      return { ...moved({ axis: permutation[axis] }, false), permutation: reduced(permutation, [axis], keepDimensions) };
    }
    case 'reshape': {
      const shapes = [(inputs[0] as TypedValue).type.shape, attributes.newShape] as const;
      const { newShape, permutation: behind } = transposedReshape(...shapes, permutation) ?? {};
      return behind && { ...moved({ newShape }), permutation: behind };
    }
    default: {
      // A reduction.
      if (!('axes' in attributes && 'keepDimensions' in attributes)) return undefined;
      const { axes, keepDimensions } = attributes;
      return { ...moved({ axes: permuted(permutation, axes) }), permutation: reduced(permutation, axes, keepDimensions) };
    }
  }
}

/** Whether each place of a picture is convolved by itself, so that all places may change theirs. */
function isPointwise({ inputs: [, filter], attributes: { strides, padding } }: Extract<Node, { op: 'conv2d' }>): boolean {
  const [rows, columns] = (filter as TypedValue).type.shape;
  return rows === 1 && columns === 1 && [...strides, ...padding.map((side) => side + 1)].every((each) => each === 1);
}

/** The permutation of the axes that a reduction leaves. */
function reduced(permutation: Permutation, axes: readonly number[], keepDimensions: boolean): Permutation {
  if (keepDimensions) return permutation;
  const kept = permutation.filter((_, axis) => !axes.includes(axis));
  const sorted = kept.toSorted((a, b) => a - b);
  return kept.map((axis) => sorted.indexOf(axis));
}

/** Whether a value is one of the inputs from which a transpose moves. */
export const isTransposedInput = (value: Value, { inputs }: Node, { transposed }: TransposedOp): boolean => {
  const index = inputs.indexOf(value);
  return index >= 0 && index < transposed;
};

/** Padding becomes part of the convolution or the pool behind it. */
import type { Node, TypedValue } from '../graph/graph.js';
import type { Size } from '../graph/size.js';
import { isClosed, typeText } from '../graph/tensor.js';
import { paddingOf } from '../graph/window.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

type Windowed = Extract<Node, { op: 'conv2d' | 'averagePool2d' | 'maxPool2d' | 'l2Pool2d' }>;
type Padding = readonly [top: number, bottom: number, left: number, right: number];

/**
 * A window that moves over a picture with zeros around it is one whose own padding is as wide. Padding of a greatest element is minus
 * infinity; that of a mean counts. What else takes the padded picture still takes it.
 */
export const foldPadding: Pass = {
  name: 'fold padding into windows',
  rewrite(node, graph) {
    if (!isWindowed(node)) return undefined;
    const pad = graph.producerOf(node.inputs[0]);
    if (pad?.op !== 'pad') return undefined;
    const added = paddingOfPicture(pad);
    const own = ownPadding(node);
    if (added === undefined || own === undefined || !isPaddedSo(node, pad.attributes.value, own)) return undefined;
    const padding = added.map((side, index) => side + (own[index] as number));
    const patch = new PatchBuilder(graph);
    const input = pad.inputs[0] as TypedValue;
    const isSame = node.op === 'maxPool2d' && isSameUpper(node, input, padding);
    const attributes = {
      ...node.attributes,
      ...(isSame ? { autoPad: 'sameUpper', padding: [0, 0, 0, 0] } : { autoPad: 'explicit', padding }),
      ...(node.op === 'averagePool2d' && { countPadding: true }),
    };
    const result = patch.op(node.op, node.inputs.with(0, input), attributes as never, node.origin);
    const output = node.outputs[0] as TypedValue;
    // Of a number of places that is rounded up, those in the padding are left out. An open size may be the same in another form.
    return typeText(result.type) === typeText(output.type) ? patch.replace(output, result).build() : undefined;
  },
};

const isWindowed = (node: Node): node is Windowed =>
  node.op === 'conv2d' || node.op === 'averagePool2d' || node.op === 'maxPool2d' || node.op === 'l2Pool2d';

/** The padding around height and width, if nothing else is padded and it is known. */
function paddingOfPicture({ attributes: { beginning, ending, mode } }: Extract<Node, { op: 'pad' }>): Padding | undefined {
  const [top, left] = [beginning[1], beginning[2]] as [Size, Size];
  const sides = [top, ending[1], left, ending[2]] as readonly Size[];
  const others = [beginning[0], ending[0], beginning[3], ending[3]];
  return mode === 'constant' && others.every((side) => side === 0) && isClosed(sides) ? (sides as unknown as Padding) : undefined;
}

/** The padding that a window has by itself, if it is known. */
function ownPadding(node: Windowed): Padding | undefined {
  const [, ...sizes] = (node.inputs[0] as TypedValue).type.shape;
  const sides = [0, 1].flatMap((axis) =>
    paddingOf(sizes[axis] as Size, windowSizeOf(node)[axis] as number, axis as 0 | 1, node.attributes),
  );
  return isClosed(sides) ? (sides as unknown as Padding) : undefined;
}

const windowSizeOf = ({ op, attributes, inputs }: Windowed): readonly number[] =>
  op === 'conv2d' ? ((inputs[1] as TypedValue).type.shape as readonly number[]) : attributes.windowDimensions;

/** Whether a padding is the one that TensorFlow calls SAME, for which TF.js has a kernel. */
function isSameUpper(node: Windowed, { type: { shape } }: TypedValue, padding: readonly number[]): boolean {
  const attributes = { ...node.attributes, autoPad: 'sameUpper' } as const;
  return [0, 1].every((axis) => {
    const sides = paddingOf(shape[axis + 1] as Size, windowSizeOf(node)[axis] as number, axis as 0 | 1, attributes);
    return sides.every((side, index) => side === padding[2 * axis + index]);
  });
}

/** Whether a window pads with this number, and counts its padding as the picture's own elements are counted. */
function isPaddedSo(node: Windowed, value: number, own: Padding): boolean {
  if (node.op === 'conv2d') return value === 0;
  if (node.op === 'maxPool2d') return value === Number.NEGATIVE_INFINITY;
  const isCounted = node.op === 'l2Pool2d' || node.attributes.countPadding || own.every((side) => side === 0);
  return value === 0 && isCounted;
}

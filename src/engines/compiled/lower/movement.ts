/** Ops that move elements: each is a copy with steps of its own along every axis. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { broadcastStrides, rowMajor } from '../kernels/loops.js';
import { elementAt, type Move, movesStep } from './moves.js';
import type { Lowering, Step } from './step.js';
import { shapeOf } from './values.js';

type Sizes = readonly number[];

const firstOf = (values: readonly (Value | null)[]): Value => values[0] as Value;

export const MOVEMENT = {
  transpose: (node: NodeOf<'transpose'>, lowering: Lowering): Step => {
    const strides = rowMajor(shapeOf(firstOf(node.inputs)));
    const sizes = shapeOf(firstOf(node.outputs));
    const from = node.attributes.permutation.map((axis) => strides[axis] as number);
    return movesStep(node, lowering, [{ axes: { sizes, strides: [from, rowMajor(sizes)] } }]);
  },
  expand: (node: NodeOf<'expand'>, lowering: Lowering): Step => {
    const sizes = shapeOf(firstOf(node.outputs));
    return movesStep(node, lowering, [
      { axes: { sizes, strides: [broadcastStrides(shapeOf(firstOf(node.inputs)), sizes), rowMajor(sizes)] } },
    ]);
  },
  slice: (node: NodeOf<'slice'>, lowering: Lowering): Step => {
    const strides = rowMajor(shapeOf(firstOf(node.inputs)));
    const sizes = shapeOf(firstOf(node.outputs));
    const from = strides.map((stride, axis) => stride * (node.attributes.strides[axis] as number));
    return movesStep(node, lowering, [
      { axes: { sizes, strides: [from, rowMajor(sizes)] }, from: { element: elementAt(node.attributes.starts as Sizes, strides) } },
    ]);
  },
  concat: (node: NodeOf<'concat'>, lowering: Lowering): Step => {
    const { axis } = node.attributes;
    const strides = rowMajor(shapeOf(firstOf(node.outputs)));
    let done = 0;
    const moves = (node.inputs as readonly Value[]).map((each, input): Move => {
      const sizes = shapeOf(each);
      const element = done * (strides[axis] as number);
      done += sizes[axis] as number;
      return { axes: { sizes, strides: [rowMajor(sizes), strides] }, from: { input }, to: { element } };
    });
    return movesStep(node, lowering, moves);
  },
  split: (node: NodeOf<'split'>, lowering: Lowering): Step => {
    const { axis } = node.attributes;
    const strides = rowMajor(shapeOf(firstOf(node.inputs)));
    let done = 0;
    const moves = node.outputs.map((each, output): Move => {
      const sizes = shapeOf(each);
      const element = done * (strides[axis] as number);
      done += sizes[axis] as number;
      return { axes: { sizes, strides: [strides, rowMajor(sizes)] }, from: { element }, to: { output } };
    });
    return movesStep(node, lowering, moves);
  },
  tile: (node: NodeOf<'tile'>, lowering: Lowering): Step => {
    const shape = shapeOf(firstOf(node.inputs));
    const strides = rowMajor(shape);
    const times = node.attributes.repetitions as Sizes;
    const sizes = shape.flatMap((size, axis) => [times[axis] as number, size]);
    return movesStep(node, lowering, [{ axes: { sizes, strides: [strides.flatMap((stride) => [0, stride]), rowMajor(sizes)] } }]);
  },
  reverse: (node: NodeOf<'reverse'>, lowering: Lowering): Step => {
    const sizes = shapeOf(firstOf(node.inputs));
    const strides = rowMajor(sizes);
    const isReversed = (axis: number): boolean => node.attributes.axes.includes(axis);
    const from = strides.map((stride, axis) => (isReversed(axis) ? -stride : stride));
    const element = elementAt(
      sizes.map((size, axis) => (isReversed(axis) ? size - 1 : 0)),
      strides,
    );
    return movesStep(node, lowering, [{ axes: { sizes, strides: [from, strides] }, from: { element } }]);
  },
  spaceToDepth: (node: NodeOf<'spaceToDepth'>, lowering: Lowering): Step => {
    const [batch, height, width, channels] = shapeOf(firstOf(node.outputs)) as [number, number, number, number];
    const block = node.attributes.blockSize;
    const taken = channels / block ** 2;
    // Axes of the output: rows and columns of blocks, then rows and columns within them.
    const sizes = [batch, height, width, block, block, taken];
    const [b, y, rowInside, x, columnInside, c] = rowMajor([batch, height, block, width, block, taken]) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return movesStep(node, lowering, [{ axes: { sizes, strides: [[b, y, x, rowInside, columnInside, c], rowMajor(sizes)] } }]);
  },
  depthToSpace: (node: NodeOf<'depthToSpace'>, lowering: Lowering): Step => {
    const [batch, height, width, channels] = shapeOf(firstOf(node.inputs)) as [number, number, number, number];
    const { blockSize: block, order } = node.attributes;
    const made = channels / block ** 2;
    // Axes of the output: rows, rows within blocks, columns, columns within blocks, channels.
    const sizes = [batch, height, block, width, block, made];
    const [b, y, x] = rowMajor([batch, height, width, channels]) as [number, number, number, number];
    const inside = order === 'blocksFirst' ? [block * made, made, 1] : [block, 1, block ** 2];
    const [rowInside, columnInside, c] = inside as [number, number, number];
    return movesStep(node, lowering, [{ axes: { sizes, strides: [[b, y, rowInside, x, columnInside, c], rowMajor(sizes)] } }]);
  },
} as const;

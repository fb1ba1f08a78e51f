/** Ops that move elements: each is a copy with steps of its own along every axis. */
import { INTEGER_RANGE, isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { copy, fill } from '../kernels/copy.js';
import { type Axes, broadcastStrides, rowMajor } from '../kernels/loops.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

type Sizes = readonly number[];

/** One copy: from an element of an input to an element of an output. */
interface Move {
  readonly axes: Axes;
  readonly from?: { readonly input?: number; readonly element?: number };
  readonly to?: { readonly output?: number; readonly element?: number };
}

function movesStep(node: Parameters<typeof plainStep>[0], lowering: Lowering, moves: readonly Move[]): Step {
  const runs = moves
    .filter(({ axes }) => axes.sizes.every((size) => size > 0))
    .map((move) => ({ ...move, run: copy(lowering.kernels, move.axes) }));
  return plainStep(node, {
    write: ({ body }, inputs, outputs) => {
      for (const { run, from = {}, to = {} } of runs)
        body.call(
          run,
          i32.offset(inputs[from.input ?? 0] as (typeof inputs)[0], 4 * (from.element ?? 0)),
          i32.offset(outputs[to.output ?? 0] as (typeof outputs)[0], 4 * (to.element ?? 0)),
        );
    },
  });
}

const firstOf = (values: readonly (Value | null)[]): Value => values[0] as Value;
const dot = (a: Sizes, b: Sizes): number => a.reduce((sum, each, index) => sum + each * (b[index] as number), 0);

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
      { axes: { sizes, strides: [from, rowMajor(sizes)] }, from: { element: dot(node.attributes.starts as Sizes, strides) } },
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
    const element = dot(
      strides,
      sizes.map((size, axis) => (isReversed(axis) ? size - 1 : 0)),
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
  pad: (node: NodeOf<'pad'>, lowering: Lowering): Step => {
    const { beginning, mode, value } = node.attributes;
    if (mode !== 'constant') throw new RangeError(`pads by the mode ${mode}`);
    const sizes = shapeOf(firstOf(node.inputs));
    const output = firstOf(node.outputs);
    const strides = rowMajor(shapeOf(output));
    const inner = copy(lowering.kernels, { sizes, strides: [rowMajor(sizes), strides] });
    const all = fill(lowering.kernels, { sizes: [elementCount(output)], strides: [[1]] }, bitsOf(output, value));
    return plainStep(node, {
      write: ({ body }, [from], [to]) => {
        body.call(all, to);
        body.call(inner, from, i32.offset(to, 4 * dot(beginning as Sizes, strides)));
      },
    });
  },
} as const;

/** A number as the four bytes that stand for it in memory. */
function bitsOf({ type }: Value, value: number): number {
  if (type !== null && isFloat(type.dataType)) return new Int32Array(new Float32Array([value]).buffer)[0] as number;
  const [least, greatest] = INTEGER_RANGE['int32'] as readonly [number, number];
  return Math.min(Math.max(value, least), greatest);
}

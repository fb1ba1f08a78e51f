/** Blocks of axes that move into the batch, and back: a strided copy for each place within a block. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { rowMajor } from '../kernels/loops.js';
import { combinations, elementAt, movesStep } from './moves.js';
import type { Lowering, Step } from './step.js';
import { bitsOf, shapeOf } from './values.js';

type Sizes = readonly number[];

export function lowerSpaceToBatch(node: NodeOf<'spaceToBatch'>, lowering: Lowering): Step {
  const [whole] = node.inputs as readonly [Value];
  const [cut] = node.outputs as readonly [Value];
  const { blockSizes, paddings } = node.attributes;
  const moves = pairsOf(shapeOf(whole), shapeOf(cut), blockSizes, paddings as Sizes).map(({ sizes, inWhole, inCut }) => ({
    axes: { sizes, strides: [inWhole.strides, inCut.strides] },
    ...{ from: { element: inWhole.element }, to: { element: inCut.element } },
  }));
  return movesStep(node, lowering, moves, bitsOf(cut.type?.dataType ?? 'float32', 0));
}

export function lowerBatchToSpace(node: NodeOf<'batchToSpace'>, lowering: Lowering): Step {
  const [cut] = node.inputs as readonly [Value];
  const [whole] = node.outputs as readonly [Value];
  const { blockSizes, crops } = node.attributes;
  const moves = pairsOf(shapeOf(whole), shapeOf(cut), blockSizes, crops as Sizes).map(({ sizes, inWhole, inCut }) => ({
    axes: { sizes, strides: [inCut.strides, inWhole.strides] },
    ...{ from: { element: inCut.element }, to: { element: inWhole.element } },
  }));
  return movesStep(node, lowering, moves);
}

/** Elements of one tensor: the first one, and the distance of neighbours along each axis. */
interface Lattice {
  readonly element: number;
  readonly strides: Sizes;
}

/** The same elements in a whole tensor and in one whose blocks lie in the batch. */
interface Pair {
  readonly sizes: Sizes;
  readonly inWhole: Lattice;
  readonly inCut: Lattice;
}

/** One pair for each place within a block. @param sides how much of the blocks lies before and behind the whole tensor, axis by axis */
function pairsOf(whole: Sizes, cut: Sizes, blocks: Sizes, sides: Sizes): readonly Pair[] {
  const [wholeStrides, cutStrides] = [rowMajor(whole), rowMajor(cut)];
  const batch = whole[0] as number;
  const phases = blocks.map((block, index) => phasesOf(whole[index + 1] as number, block, sides[2 * index] as number));
  return combinations(phases).map((each, blockPlace) => ({
    sizes: whole.map((size, axis) => each[axis - 1]?.count ?? size),
    inWhole: {
      element: elementAt([0, ...each.map(({ place }) => place)], wholeStrides),
      strides: wholeStrides.map((stride, axis) => stride * (blocks[axis - 1] ?? 1)),
    },
    inCut: { element: elementAt([blockPlace * batch, ...each.map(({ blockNumber }) => blockNumber)], cutStrides), strides: cutStrides },
  }));
}

/** The elements along an axis that lie at one place of their blocks. */
interface Phase {
  /** The block of the first one. */
  readonly blockNumber: number;
  /** Its place along the whole axis. */
  readonly place: number;
  readonly count: number;
}

/** @param before how many places of the first block lie before the axis */
const phasesOf = (length: number, block: number, before: number): readonly Phase[] =>
  Array.from({ length: block }, (_, inside) => {
    const blockNumber = Math.max(0, Math.ceil((before - inside) / block));
    const place = blockNumber * block + inside - before;
    return { blockNumber, place, count: Math.max(0, Math.ceil((length - place) / block)) };
  });

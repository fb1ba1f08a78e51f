/** Convolutions with few outputs at each place: a kernel of their own, and its weights. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { type Epilogue, NO_EPILOGUE } from '../kernels/epilogue.js';
import type { ProductShape } from '../kernels/matrix-product.js';
import { type Depth, depthOf } from '../kernels/matrix-tile.js';
import { NARROW_STEPS, type NarrowShape, narrowBytes, narrowHeadBytes, narrowProduct } from '../kernels/narrow-product.js';
import type { Blocks } from '../memory/weight-layout.js';
import { headBlocks } from './head-blocks.js';
import { plainStep } from './plain-step.js';
import type { GroupEpilogue, Lowering, Step } from './step.js';
import { shapeOf } from './values.js';

/** A kernel, and the address of its weights. */
export interface PlacedProduct {
  readonly run: Callable;
  readonly address: number;
}

const isNarrow = (columns: number, { run }: Depth): columns is NarrowShape['columns'] =>
  [1, 2, 4].includes(columns) && run % NARROW_STEPS === 0;

/**
 * Places a filter behind a head.
 * @param strides elements between the weights of two columns, and of two steps of the depth
 * @returns the head's address
 */
const placeFilter = (
  { weights }: Lowering,
  filter: Value,
  columns: number,
  depth: Depth,
  [columnStride, stepStride]: readonly [number, number],
  epilogue: Epilogue,
  head: readonly Blocks[],
): number =>
  weights.placeBlocks(narrowBytes(columns, depth, epilogue), [
    ...head,
    {
      ...{ name: filter.name, offset: narrowHeadBytes(epilogue), fromElement: 0 },
      // Each four steps are a block, in which the columns are rows.
      ...{ rows: columns, columns: depthOf(depth), rowStride: columnStride, columnStride: stepStride },
      ...{ width: NARROW_STEPS, blockBytes: 4 * NARROW_STEPS * columns },
    },
  ]);

/** The product of a convolution with one, two or four channels; undefined if it has more, or if its runs are not made of whole vectors. */
export function placeNarrow(
  lowering: Lowering,
  { filter, bias }: { readonly filter: Value; readonly bias: Value | null },
  { columns, outStrideBytes, ...shape }: ProductShape,
  { epilogue, channelConstants }: GroupEpilogue,
): PlacedProduct | undefined {
  if (!isNarrow(columns, shape.depth) || outStrideBytes !== 4 * columns) return undefined;
  const head = headBlocks({ width: NARROW_STEPS, blockBytes: 0 }, columns, 0, [bias, ...channelConstants]);
  const address = placeFilter(lowering, filter, columns, shape.depth, [1, columns], epilogue, head);
  return { run: narrowProduct(lowering.kernels, { columns, ...shape }, epilogue), address };
}

/**
 * A transposed convolution whose windows of 2 × 2 lie side by side and make one channel: the four outputs of each element are four columns
 * of one product.
 * @returns undefined for any other one
 */
export function lowerUpscale(node: NodeOf<'convTranspose2d'>, lowering: Lowering): Step | undefined {
  const [input, filter, bias = null] = node.inputs as readonly [Value, Value, (Value | null)?];
  const [output] = node.outputs as readonly [Value];
  const [batch, height, width, channels] = shapeOf(input) as [number, number, number, number];
  const depth: Depth = { run: channels, loops: [] };
  const isSideBySide = [...shapeOf(filter).slice(0, 2), ...node.attributes.strides].every((size) => size === 2);
  const isTwice = String(shapeOf(output)) === String([batch, 2 * height, 2 * width, 1]);
  if (!isSideBySide || !isTwice || node.attributes.padding.some((each) => each !== 0) || !isNarrow(4, depth)) return undefined;
  const numbers = { offset: 0, fromElement: 0, rows: 1, columns: 4, rowStride: 0, columnStride: 0, width: NARROW_STEPS, blockBytes: 0 };
  const head = bias === null ? [] : [{ name: bias.name, ...numbers }];
  const address = placeFilter(lowering, filter, 4, depth, [channels, 1], NO_EPILOGUE, head);
  const leftStrideBytes = 4 * channels;
  const run = narrowProduct(
    lowering.kernels,
    {
      ...{ columns: 4, lines: batch * height, rows: width, depth, leftStrideBytes, leftLineBytes: leftStrideBytes * width },
      ...{ outLineBytes: 16 * width, halfBytes: 8 * width },
    },
    NO_EPILOGUE,
  );
  return plainStep(node, { write: ({ body }, [from], [to]) => body.call(run, from, i32.const(address), to) });
}

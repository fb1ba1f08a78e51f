/** Matrix products: by weights that are laid out when the model is loaded, or by a matrix that is laid out in each run. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { broadcastStrides } from '../kernels/loops.js';
import { matrixProduct } from '../kernels/matrix-product.js';
import { PANEL_COLUMNS, panelBytes, panelHeadBytes } from '../kernels/matrix-tile.js';
import { packPanels } from '../kernels/pack-panels.js';
import { stepOf } from './convolution.js';
import { headBlocks } from './head-blocks.js';
import type { GroupEpilogue, Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

export function lowerMatmul(node: NodeOf<'matmul'>, end: GroupEpilogue, lowering: Lowering): Step {
  const [left, right] = node.inputs as readonly [Value, Value];
  const isWeight =
    lowering.constants.has(right.name) &&
    shapeOf(right)
      .slice(0, -2)
      .every((size) => size === 1);
  return isWeight ? byWeights(node, left, right, end, lowering) : byMatrix(node, left, right, end, lowering);
}

/** All matrices of the left side are one with more rows. */
function byWeights(node: NodeOf<'matmul'>, left: Value, right: Value, end: GroupEpilogue, lowering: Lowering): Step {
  const [depth, columns] = shapeOf(right).slice(-2) as [number, number];
  const { kernels, weights } = lowering;
  const blockBytes = panelBytes({ run: depth, loops: [] }, end.epilogue);
  const address = weights.placeBlocks(Math.ceil(columns / PANEL_COLUMNS) * blockBytes, [
    ...headBlocks({ width: PANEL_COLUMNS, blockBytes }, columns, 0, [null, ...end.channelConstants]),
    {
      ...{ name: right.name, offset: panelHeadBytes(end.epilogue), fromElement: 0 },
      ...{ rows: depth, columns, rowStride: columns, columnStride: 1, width: PANEL_COLUMNS, blockBytes },
    },
  ]);
  const run = matrixProduct(kernels, productShape(elementCount(left) / depth, depth, columns), end.epilogue);
  return {
    ...stepOf(node, left, end),
    scratchBytes: 0,
    write: ({ body, of }) => {
      const to = body.let(of(end.output));
      const distances = end.operands.map((each) => i32.sub(of(each), to));
      body.call(run, of(left), i32.const(address), to, ...distances);
    },
  };
}

/** The right matrix is laid out in panels first. */
function byMatrix(node: NodeOf<'matmul'>, left: Value, right: Value, end: GroupEpilogue, lowering: Lowering): Step {
  const [rows, depth] = shapeOf(left).slice(-2) as [number, number];
  const columns = shapeOf(right).at(-1) as number;
  const batch = shapeOf(end.output).slice(0, -2);
  const { kernels } = lowering;
  if (end.epilogue.channelNumbers > 0) throw new RangeError('has constants by channel behind a computed matrix');
  const pack = packPanels(kernels, { rows: depth, columns, rowStride: columns, columnStride: 1 });
  const run = matrixProduct(kernels, productShape(rows, depth, columns), end.epilogue);
  const strides = [left, right].map((each) => broadcastStrides(shapeOf(each).slice(0, -2), batch));
  const count = batch.reduce((product, size) => product * size, 1);
  const matrixOf = (index: number, side: number): number => {
    let rest = index;
    let place = 0;
    for (const [axis, size] of [...batch.entries()].reverse()) {
      place += (rest % size) * (strides[side]?.[axis] as number);
      rest = Math.floor(rest / size);
    }
    return place;
  };
  return {
    ...stepOf(node, left, end),
    reads: [left, right, ...end.operands],
    mayReplace: [],
    scratchBytes: Math.ceil(columns / PANEL_COLUMNS) * panelBytes({ run: depth, loops: [] }, end.epilogue),
    write: ({ body, of, scratch }) => {
      const from = of(right);
      const to = body.let(of(end.output));
      const distances = end.operands.map((each) => body.let(i32.sub(of(each), to)));
      let packed = -1;
      for (let index = 0; index < count; index++) {
        const matrix = matrixOf(index, 1);
        if (matrix !== packed) body.call(pack, i32.offset(from, 4 * matrix * depth * columns), scratch);
        packed = matrix;
        const a = i32.offset(of(left), 4 * matrixOf(index, 0) * rows * depth);
        body.call(run, a, scratch, i32.offset(to, 4 * index * rows * columns), ...distances);
      }
    },
  };
}

const productShape = (rows: number, depth: number, columns: number) => ({
  ...{ lines: 1, rows, columns, depth: { run: depth, loops: [] } },
  ...{ leftStrideBytes: 4 * depth, leftLineBytes: 0, outStrideBytes: 4 * columns, outLineBytes: 0 },
});

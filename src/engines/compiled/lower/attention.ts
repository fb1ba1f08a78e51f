/** Attention as one step: for each head keys and values are laid out in panels, then a kernel computes all of its rows. */
import type { Value } from '../../../graph/graph.js';
import type { I32, V128 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import { f32x4 } from '../asm/vector.js';
import { type AttentionShape, attention, scoreBytes } from '../kernels/attention.js';
import { NO_EPILOGUE } from '../kernels/epilogue.js';
import type { Kernels } from '../kernels/kernel.js';
import { broadcastStrides } from '../kernels/loops.js';
import { PANEL_COLUMNS, panelBytes } from '../kernels/matrix-tile.js';
import { packPanels } from '../kernels/pack-panels.js';
import { NO_TERM, type RowTerm } from '../kernels/softmax.js';
import type { Attention } from './find-attention.js';
import type { Lowering, Step } from './step.js';
import { operandsOf, termName, withSums, writeTerm } from './term.js';
import { roomFor, shapeOf } from './values.js';
import type { View } from './view.js';

export function lowerAttention(found: Attention, { kernels }: Lowering): Step {
  const { node, scores, queries, keys, values, output, outputStrides } = found;
  const shape = shapeOf(scores);
  const batch = shape.slice(0, -2);
  const operands = operandsOf(found.term).filter((each) => each !== scores);
  const operandStrides = operands.map((each) => broadcastStrides(shapeOf(each), shape));
  const sizes: AttentionShape = {
    ...{ queries: shape.at(-2) as number, keys: shape.at(-1) as number },
    ...{ depth: queries.shape.at(-1) as number, columns: values.shape.at(-1) as number },
    ...{ queryStride: queries.strides.at(-2) as number, outputStride: outputStrides.at(-2) as number },
  };
  const run = attention(kernels, sizes, rowTermOf(found, operands, operandStrides, kernels));
  const packed = [keys, values].map((view) => {
    const [rows, columns] = view.shape.slice(-2) as unknown as Pair;
    const [rowStride, columnStride] = view.strides.slice(-2) as unknown as Pair;
    return { view, between: matrixStrides(view, batch), run: packPanels(kernels, { rows, columns, rowStride, columnStride }) };
  });
  const valuesFrom = panelsBytes(keys);
  const scoresFrom = valuesFrom + panelsBytes(values);
  const betweenQueries = matrixStrides(queries, batch);
  return {
    node,
    reads: [...new Set([queries.source, keys.source, values.source, ...operands])],
    writes: [output],
    mayReplace: [],
    scratchBytes: scoresFrom + roomFor(scoreBytes(sizes, kernels.tileRows)),
    write: ({ body, of, scratch }) => {
      const panels = [scratch, i32.offset(scratch, valuesFrom)] as const;
      const done: (number | undefined)[] = [];
      for (const matrix of placesOf(batch)) {
        const addressOf = (value: Value, between: readonly number[], first = 0) =>
          i32.offset(of(value), 4 * (first + dot(matrix, between)));
        for (const [side, { view, between, run: layOut }] of packed.entries()) {
          const first = dot(matrix, between);
          // Heads may share their keys and values.
          if (done[side] !== first) body.call(layOut, addressOf(view.source, between, view.first), panels[side] as I32);
          done[side] = first;
        }
        body.call(
          run,
          addressOf(queries.source, betweenQueries, queries.first),
          ...panels,
          i32.offset(scratch, scoresFrom),
          addressOf(output, outputStrides.slice(0, -2)),
          ...operands.map((each, index) => addressOf(each, (operandStrides[index] as number[]).slice(0, -2))),
        );
      }
    },
  };
}

type Pair = readonly [number, number];

/** Bytes of a matrix in panels. */
function panelsBytes({ shape }: View): number {
  const [rows, columns] = shape.slice(-2) as unknown as Pair;
  return roomFor(Math.ceil(columns / PANEL_COLUMNS) * panelBytes({ run: rows, loops: [] }, NO_EPILOGUE));
}

/** Elements between neighbouring matrices along each axis of the batch: none where the same matrix is taken again. */
function matrixStrides({ shape, strides }: View, batch: readonly number[]): readonly number[] {
  const missing = batch.length - (shape.length - 2);
  return batch.map((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? 0 : (strides[axis - missing] as number),
  );
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, each, index) => sum + each * (b[index] as number), 0);

/** The places of a shape's elements, row by row. */
const placesOf = (shape: readonly number[]): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (places, size) => places.flatMap((place) => Array.from({ length: size }, (_, index) => [...place, index])),
    [[]],
  );

/** The expression of the scores, in which the factors of queries and keys come first. */
function rowTermOf(
  { term, scores, queries, keys }: Attention,
  operands: readonly Value[],
  strides: readonly (readonly number[])[],
  kernels: Kernels,
): RowTerm {
  const factor = queries.factor * keys.factor;
  if (factor === 1 && term.kind === 'sums') return NO_TERM;
  const given = withSums(term, scores);
  const nameOf = (value: Value): string => `o${operands.indexOf(value)}`;
  return {
    name: `${factor} ${termName(given, nameOf)}`,
    operands: strides.map((each) => ({ rowStride: each.at(-2) as number, columnStride: each.at(-1) as number })),
    write: (body, x, loaded) => {
      const sums = factor === 1 ? x : body.let(f32x4.mul(x, f32x4.const(factor)));
      return writeTerm(kernels, body, given, sums, (value) => loaded[operands.indexOf(value)] as V128);
    },
  };
}

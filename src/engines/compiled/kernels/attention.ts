/**
 * Attention of one head: softmax(term(q · k)) · v for all rows of q. A block of rows is taken through all three steps before the next one,
 * so that its scores stay in the nearest cache, and the whole matrix of scores is never written. Rows are whole, other than in
 * FlashAttention (Dao et al., 2022), whose blocks of keys need a running maximum (Milakov and Gimelshein, 2018): a row of scores is small
 * beside a processor's cache.
 */
import type { Callable } from '../asm/function.js';
import { NO_EPILOGUE } from './epilogue.js';
import type { Kernels } from './kernel.js';
import { matrixProduct } from './matrix-product.js';
import { type RowTerm, softmax } from './softmax.js';

/** So many bytes of scores are under way, half of the nearest cache of most processors. */
const MAX_SCORE_BYTES = 16_384;

export interface AttentionShape {
  readonly queries: number;
  readonly keys: number;
  /** Products in each score. */
  readonly depth: number;
  /** Columns of the values, and of the output. */
  readonly columns: number;
  /** Elements between rows. */
  readonly queryStride: number;
  readonly outputStride: number;
}

/** Elements between rows of scores: whole vectors. */
const scoreStride = (keys: number): number => Math.ceil(keys / 4) * 4;

/** Rows that are taken through all steps at once. */
function blockRows({ queries, keys }: AttentionShape, tileRows: number): number {
  const tiles = Math.floor(MAX_SCORE_BYTES / (4 * scoreStride(keys)) / tileRows);
  return Math.min(queries, Math.max(1, tiles) * tileRows);
}

/** Bytes of the scores under way. */
export const scoreBytes = (shape: AttentionShape, tileRows: number): number => 4 * scoreStride(shape.keys) * blockRows(shape, tileRows);

/**
 * Parameters: the addresses of the queries, of the panels of keys (a column for each key), of the panels of values, of memory for scores
 * and of the output, then those of the tensors that the expression of scores reads.
 */
export function attention(kernels: Kernels, shape: AttentionShape, term: RowTerm): Callable {
  const { queries, keys, depth, columns, queryStride, outputStride } = shape;
  const stride = scoreStride(keys);
  const block = blockRows(shape, kernels.tileRows);
  const stepsOf = (rows: number) => ({
    rows,
    score: matrixProduct(
      kernels,
      {
        ...{ lines: 1, rows, columns: keys, depth: { run: depth, loops: [] } },
        ...{ leftStrideBytes: 4 * queryStride, leftLineBytes: 0, outStrideBytes: 4 * stride, outLineBytes: 0 },
      },
      NO_EPILOGUE,
    ),
    weigh: softmax(kernels, { rows, length: keys, rowStride: stride }, term),
    combine: matrixProduct(
      kernels,
      {
        ...{ lines: 1, rows, columns, depth: { run: keys, loops: [] } },
        ...{ leftStrideBytes: 4 * stride, leftLineBytes: 0, outStrideBytes: 4 * outputStride, outLineBytes: 0 },
      },
      NO_EPILOGUE,
    ),
  });
  const full = stepsOf(block);
  const last = queries % block === 0 ? undefined : stepsOf(queries % block);
  const name = `attention ${JSON.stringify([shape, term.operands])} ${term.name}`;
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', ...term.operands.map(() => 'i32' as const)] as const;
  return kernels.define(name, parameters, undefined, (body, left, keyPanels, valuePanels, scores, out, ...operands) => {
    const run = ({ rows, score, weigh, combine }: typeof full): void => {
      body.call(score, left, keyPanels, scores);
      body.call(weigh, scores, scores, ...operands);
      body.call(combine, scores, valuePanels, out);
      body.advance(left, 4 * rows * queryStride);
      body.advance(out, 4 * rows * outputStride);
      for (const [index, each] of operands.entries()) body.advance(each, 4 * rows * (term.operands[index]?.rowStride as number));
    };
    body.repeat(Math.floor(queries / block), () => run(full));
    if (last !== undefined) run(last);
  });
}

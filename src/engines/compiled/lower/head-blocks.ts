/** The numbers at the head of blocks of weights: the bias, then the constants by channel of what follows. */
import type { Value } from '../../../graph/graph.js';
import type { Blocks } from '../memory/weight-layout.js';

/**
 * Numbers by channel at the head of blocks of columns, which begin where their memory does.
 * @param heads in order; `null` stays zeros
 * @param firstColumn the first of these numbers that the blocks have
 */
export const headBlocks = (
  { width, blockBytes }: { readonly width: number; readonly blockBytes: number },
  columns: number,
  firstColumn: number,
  heads: readonly (Value | null)[],
): readonly Blocks[] =>
  heads.flatMap((value, index) => {
    if (value === null) return [];
    const numbers = { rows: 1, columns, rowStride: 0, columnStride: 1, width, blockBytes };
    return [{ name: value.name, offset: index * 4 * width, fromElement: firstColumn, ...numbers }];
  });

/** The numbers at the head of blocks of weights: the bias, then the constants by channel of what follows. */
import type { Value } from '../../../graph/graph.js';
import type { Lowering } from './step.js';

/**
 * Places numbers by channel at the head of blocks of columns.
 * @param heads in order; `null` stays zeros
 * @param firstColumn the first of these numbers that the blocks have
 */
export function placeHead(
  { weights }: Lowering,
  { width, blockBytes }: { readonly width: number; readonly blockBytes: number },
  address: number,
  columns: number,
  firstColumn: number,
  heads: readonly (Value | null)[],
): void {
  for (const [index, value] of heads.entries()) {
    if (value === null) continue;
    weights.place(value.name, {
      kind: 'interleaved',
      address: address + index * 4 * width,
      fromElement: firstColumn,
      ...{ rows: 1, columns, rowStride: 0, columnStride: 1, width, blockBytes },
    });
  }
}

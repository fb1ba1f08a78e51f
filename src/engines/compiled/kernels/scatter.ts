/** Slices put in places that rows of indices name, one after the other: where two meet, the later one finds the earlier one there. */
import type { V128 } from '../asm/code.js';
import type { Callable } from '../asm/function.js';
import { v128 } from '../asm/vector.js';
import { moveToSlice, type RowTarget } from './bounded-index.js';
import type { Kernels } from './kernel.js';

/** How an element that is there and one that comes become one, four at a time. */
export interface Combination {
  readonly name: string;
  readonly write: (there: V128, comes: V128) => V128;
}

export interface ScatterRowsShape extends RowTarget {
  readonly rows: number;
}

/** Parameters: the addresses of the tensor, of the indices and of the slices. */
export const scatterRows = (kernels: Kernels, shape: ScatterRowsShape, { name, write }: Combination): Callable =>
  kernels.define(`scatter rows ${JSON.stringify(shape)} ${name}`, ['i32', 'i32', 'i32'], undefined, (body, tensor, indices, slices) => {
    const { rows, lengths, inner } = shape;
    body.repeat(rows, () => {
      const to = body.let(tensor);
      moveToSlice(body, to, indices, shape);
      const four = (lanes: number): void => {
        body.storeLanes(to, body.let(write(v128.load(to), v128.load(slices))), lanes);
        for (const each of [to, slices]) body.advance(each, 4 * lanes);
      };
      if (inner >= 4) body.repeat(Math.floor(inner / 4), () => four(4));
      if (inner % 4 > 0) four(inner % 4);
      body.advance(indices, 4 * lengths.length);
    });
  });

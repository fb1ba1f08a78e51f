/** Lays a matrix that the model computes out in panels. */
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import { PANEL_COLUMNS, PANEL_ROW_BYTES } from './matrix-tile.js';

/** Panels without a bias. Parameters: the address of the matrix, row by row, and of the first panel. */
export const packPanels = (kernels: Kernels, rows: number, columns: number): Callable =>
  kernels.define(`pack panels ${rows} ${columns}`, ['i32', 'i32'], undefined, (body, from, to) => {
    const panel = (width: number): void => {
      const source = body.let(from);
      for (const offset of [0, 16]) body.store(to, f32x4.const(0), offset);
      body.advance(to, PANEL_ROW_BYTES);
      body.repeat(rows, () => {
        body.store(to, v128.load(source));
        if (width > 4) body.store(to, v128.load(source, 16), 16);
        body.advance(source, 4 * columns);
        body.advance(to, PANEL_ROW_BYTES);
      });
    };
    const panels = Math.floor(columns / PANEL_COLUMNS);
    if (panels > 0)
      body.repeat(panels, () => {
        panel(PANEL_COLUMNS);
        body.set(from, i32.add(from, i32.const(PANEL_ROW_BYTES)));
      });
    if (columns % PANEL_COLUMNS > 0) panel(columns % PANEL_COLUMNS);
  });

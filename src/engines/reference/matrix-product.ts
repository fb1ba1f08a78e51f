/** The product of two matrices in float64: what convolutions and `matmul` spend their time in. */
import type { TensorData } from '../../graph/element-type.js';

/** How many columns of the right matrix are multiplied at once: with two rows of the left one, their sums stay in registers. */
const PANEL_COLUMNS = 4;

/** The right matrix of a product, in panels of {@link PANEL_COLUMNS} columns; columns that lack in the last panel are zeros. */
export interface RightMatrix {
  readonly panels: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** The place of a matrix among values: its first element, and the way from one row or column to the next. */
export interface MatrixPlace {
  readonly start: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** Copies a matrix into panels. */
export function packRight(values: TensorData, rows: number, columns: number, { start, rowStep, columnStep }: MatrixPlace): RightMatrix {
  const panels = new Float64Array(rows * Math.ceil(columns / PANEL_COLUMNS) * PANEL_COLUMNS);
  for (let first = 0, at = 0; first < columns; first += PANEL_COLUMNS) {
    const width = Math.min(PANEL_COLUMNS, columns - first);
    for (let row = 0; row < rows; row++, at += PANEL_COLUMNS) {
      const from = start + row * rowStep + first * columnStep;
      for (let column = 0; column < width; column++) panels[at + column] = values[from + column * columnStep] as number;
    }
  }
  return { panels, rows, columns };
}

/**
 * Multiplies.
 * @param sums gets the product, row by row, from its first element on
 * @param left the left matrix, row by row; each row has as many elements as `right` has rows
 * @param count of the left matrix's rows
 */
export function multiplyInto(sums: Float64Array, left: Float64Array, count: number, right: RightMatrix): void {
  for (let column = 0; column < right.columns; column += PANEL_COLUMNS) multiplyPanel(sums, left, count, right, column);
}

const tile = new Float64Array(2 * PANEL_COLUMNS);

function multiplyPanel(
  sums: Float64Array,
  left: Float64Array,
  count: number,
  { panels, rows, columns }: RightMatrix,
  column: number,
): void {
  const width = Math.min(PANEL_COLUMNS, columns - column);
  for (let row = 0; row < count; row += 2) {
    // The last row of an odd number of them is computed twice.
    const hasSecond = row + 1 < count;
    multiplyTile(left, row * rows, hasSecond ? (row + 1) * rows : row * rows, rows, panels, column * rows);
    const at = row * columns + column;
    for (let each = 0; each < width; each++) sums[at + each] = tile[each] as number;
    if (hasSecond) for (let each = 0; each < width; each++) sums[at + columns + each] = tile[PANEL_COLUMNS + each] as number;
  }
}

/** Two rows times one panel. Locals hold the sums, which makes this about four times as fast as sums in an array. */
function multiplyTile(left: Float64Array, first: number, second: number, rows: number, panels: Float64Array, panel: number): void {
  let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let row = 0, at = panel; row < rows; row++, at += PANEL_COLUMNS) {
    const a = left[first + row] as number;
    const b = left[second + row] as number;
    const w0 = panels[at] as number;
    const w1 = panels[at + 1] as number;
    const w2 = panels[at + 2] as number;
    const w3 = panels[at + 3] as number;
    a0 += a * w0;
    a1 += a * w1;
    a2 += a * w2;
    a3 += a * w3;
    b0 += b * w0;
    b1 += b * w1;
    b2 += b * w2;
    b3 += b * w3;
  }
  tile[0] = a0;
  tile[1] = a1;
  tile[2] = a2;
  tile[3] = a3;
  tile[4] = b0;
  tile[5] = b1;
  tile[6] = b2;
  tile[7] = b3;
}

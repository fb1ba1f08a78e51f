/** Lays a matrix that the model computes out in panels. */
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, lanes, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import { PANEL_COLUMNS, PANEL_ROW_BYTES } from './matrix-tile.js';

export interface PackedMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Elements between neighbouring rows, and between neighbouring columns. */
  readonly rowStride: number;
  readonly columnStride: number;
}

/**
 * Panels without a bias. Rows that lie side by side are copied in whole vectors, columns that do are transposed four by four, and any other
 * matrix is copied element by element.
 * Parameters: the addresses of the matrix and of the first panel.
 */
export const packPanels = (kernels: Kernels, matrix: PackedMatrix): Callable =>
  kernels.define(`pack panels ${JSON.stringify(matrix)}`, ['i32', 'i32'], undefined, (body, from, to) => {
    const { columns, rowStride, columnStride } = matrix;
    const writePanel = columnStride === 1 ? copyRows : rowStride === 1 ? transposeColumns : copyElements;
    const panel = (width: number): void => {
      for (const offset of [0, 16]) body.store(to, f32x4.const(0), offset);
      body.advance(to, PANEL_ROW_BYTES);
      writePanel(body, matrix, body.let(from), to, width);
    };
    const panels = Math.floor(columns / PANEL_COLUMNS);
    if (panels > 0)
      body.repeat(panels, () => {
        panel(PANEL_COLUMNS);
        body.advance(from, 4 * PANEL_COLUMNS * columnStride);
      });
    if (columns % PANEL_COLUMNS > 0) panel(columns % PANEL_COLUMNS);
  });

/** Writes the rows of a panel, and moves the address behind it. @param width columns of the matrix in the panel */
type WritePanel = (body: FunctionBuilder, matrix: PackedMatrix, source: Local<'i32'>, to: Local<'i32'>, width: number) => void;

const copyRows: WritePanel = (body, { rows, rowStride }, source, to, width) => {
  body.repeat(rows, () => {
    body.store(to, v128.load(source));
    if (width > 4) body.store(to, v128.load(source, 16), 16);
    body.advance(source, 4 * rowStride);
    body.advance(to, PANEL_ROW_BYTES);
  });
};

const copyElements: WritePanel = (body, { rows, rowStride, columnStride }, source, to, width) => {
  body.repeat(rows, () => {
    for (let column = 0; column < width; column++) body.store(to, i32.load(i32.offset(source, 4 * column * columnStride)), 4 * column);
    body.advance(source, 4 * rowStride);
    body.advance(to, PANEL_ROW_BYTES);
  });
};

const transposeColumns: WritePanel = (body, matrix, source, to, width) => {
  const { rows, columnStride } = matrix;
  const four = (first: number): void => {
    // Columns that the matrix does not have are not read: their lanes get another column, which no sum that counts takes.
    const column = (index: number) => v128.load(i32.offset(source, 4 * Math.min(first + index, width - 1) * columnStride));
    const [a, b, c, d] = [0, 1, 2, 3].map((index) => body.let(column(index))) as [
      Local<'v128'>,
      Local<'v128'>,
      Local<'v128'>,
      Local<'v128'>,
    ];
    const [low, lower] = [v128.shuffle(a, b, lanes(0, 4, 1, 5)), v128.shuffle(c, d, lanes(0, 4, 1, 5))].map((each) => body.let(each));
    const [high, higher] = [v128.shuffle(a, b, lanes(2, 6, 3, 7)), v128.shuffle(c, d, lanes(2, 6, 3, 7))].map((each) => body.let(each));
    for (const [row, [x, y]] of [
      [low, lower],
      [low, lower],
      [high, higher],
      [high, higher],
    ].entries())
      body.store(
        to,
        v128.shuffle(x as never, y as never, row % 2 === 0 ? lanes(0, 1, 4, 5) : lanes(2, 3, 6, 7)),
        row * PANEL_ROW_BYTES + 4 * first,
      );
  };
  const blocks = Math.floor(rows / 4);
  if (blocks > 0)
    body.repeat(blocks, () => {
      for (let first = 0; first < width; first += 4) four(first);
      body.advance(source, 16);
      body.advance(to, 4 * PANEL_ROW_BYTES);
    });
  if (rows % 4 > 0) copyElements(body, { ...matrix, rows: rows % 4 }, source, to, width);
};

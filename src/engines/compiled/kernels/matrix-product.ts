/** Products of matrices with panels, and convolutions as such products: tiles over all rows and columns. */
import type { I32 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { type Epilogue, operandParameters } from './epilogue.js';
import type { Kernels } from './kernel.js';
import { type Depth, PANEL_COLUMNS, panelBytes, writeTile } from './matrix-tile.js';

/** All panels are run over so many bytes of the left matrix before the next bytes come, so that these stay in the nearest cache but one. */
const MAX_LEFT_BLOCK_BYTES = 131_072;

/** Lines of rows: a matrix is one line, a convolution has a line for each row of its output. */
export interface ProductShape {
  readonly lines: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: Depth;
  /** Bytes between rows, and between lines, of the left matrix and of the product. */
  readonly leftStrideBytes: number;
  readonly leftLineBytes: number;
  readonly outStrideBytes: number;
  readonly outLineBytes: number;
}

/**
 * A whole product.
 * Parameters: the addresses of the left matrix, of the panels and of the output, then the operands of the epilogue.
 */
export function matrixProduct(kernels: Kernels, shape: ProductShape, epilogue: Epilogue): Callable {
  const { columns, depth } = shape;
  const panels = Math.floor(columns / PANEL_COLUMNS);
  const restColumns = columns % PANEL_COLUMNS;
  const [block, blocks, rest] = blocksOf(shape, kernels.tileRows);
  const kernelsOf = (part: ProductShape) => ({
    full: panels > 0 ? panelProduct(kernels, part, PANEL_COLUMNS, epilogue) : undefined,
    last: restColumns > 0 ? panelProduct(kernels, part, restColumns, epilogue) : undefined,
  });
  const ofBlock = kernelsOf(block);
  const ofRest = rest === undefined ? undefined : kernelsOf(rest);
  const name = `product ${JSON.stringify(shape)} ${epilogue.name}`;
  const parameters = ['i32', 'i32', 'i32', ...operandParameters(epilogue)] as const;
  return kernels.define(name, parameters, undefined, (body, left, panelsAt, out, ...operands) => {
    const run = ({ full, last }: ReturnType<typeof kernelsOf>): void => {
      const panel = body.let(panelsAt);
      const column = body.let(out);
      if (full !== undefined)
        body.repeat(panels, () => {
          body.call(full, left, panel, column, ...operands);
          body.advance(panel, panelBytes(depth, epilogue));
          body.advance(column, 4 * PANEL_COLUMNS);
        });
      if (last !== undefined) body.call(last, left, panel, column, ...operands);
    };
    body.repeat(blocks, () => {
      run(ofBlock);
      if (blocks > 1 || ofRest !== undefined) {
        const byLine = shape.lines > 1;
        body.advance(left, byLine ? block.lines * shape.leftLineBytes : block.rows * shape.leftStrideBytes);
        body.advance(out, byLine ? block.lines * shape.outLineBytes : block.rows * shape.outStrideBytes);
      }
    });
    if (ofRest !== undefined) run(ofRest);
  });
}

/** Cuts a product into blocks of lines, or of rows if it has one line alone. */
function blocksOf(shape: ProductShape, most: number): readonly [block: ProductShape, blocks: number, rest: ProductShape | undefined] {
  const axis = shape.lines > 1 ? 'lines' : 'rows';
  const bytes = shape.lines > 1 ? shape.leftLineBytes : shape.leftStrideBytes;
  const unit = shape.lines > 1 ? 1 : tileRowsOf(shape.rows, most);
  const size = Math.min(shape[axis], Math.max(1, Math.floor(MAX_LEFT_BLOCK_BYTES / bytes / unit)) * unit);
  const rest = shape[axis] % size;
  return [{ ...shape, [axis]: size }, Math.floor(shape[axis] / size), rest === 0 ? undefined : { ...shape, [axis]: rest }];
}

/** All rows and one panel of columns. Parameters as those of the whole product. */
function panelProduct(kernels: Kernels, shape: ProductShape, columns: number, epilogue: Epilogue): Callable {
  const { lines, rows } = shape;
  const name = `panel ${JSON.stringify({ ...shape, columns })} ${epilogue.name}`;
  const parameters = ['i32', 'i32', 'i32', ...operandParameters(epilogue)] as const;
  return kernels.define(name, parameters, undefined, (body, left, panel, out, ...operands) => {
    if (lines === 1) return writeLine(kernels, body, shape, columns, epilogue, left, panel, out, operands);
    body.repeat(lines, () => {
      writeLine(kernels, body, { ...shape, rows }, columns, epilogue, body.let(left), panel, body.let(out), operands);
      body.advance(left, shape.leftLineBytes);
      body.advance(out, shape.outLineBytes);
    });
  });
}

/** One line: as many full tiles as fit, then a lower one. It moves the addresses of the left matrix and of the output. */
function writeLine(
  kernels: Kernels,
  body: FunctionBuilder,
  { rows, depth, leftStrideBytes, outStrideBytes }: ProductShape,
  columns: number,
  epilogue: Epilogue,
  left: Local<'i32'>,
  panel: I32,
  out: Local<'i32'>,
  operands: readonly I32[],
): void {
  const tileRows = tileRowsOf(rows, kernels.tileRows);
  const tiles = Math.floor(rows / tileRows);
  const tile = (height: number): void => {
    const shape = { rows: height, columns, depth, leftStrideBytes, outStrideBytes };
    writeTile(kernels, body, shape, { left, panel, out, operands }, epilogue);
  };
  if (tiles > 0)
    body.repeat(tiles, () => {
      tile(tileRows);
      body.advance(left, tileRows * leftStrideBytes);
      body.advance(out, tileRows * outStrideBytes);
    });
  if (rows % tileRows > 0) tile(rows % tileRows);
}

/** The height of tiles that leaves the fullest last one. */
function tileRowsOf(rows: number, most: number): number {
  const fullness = (height: number): number => (rows % height === 0 ? 1 : (rows % height) / height);
  return fullness(most - 1) > fullness(most) ? most - 1 : most;
}

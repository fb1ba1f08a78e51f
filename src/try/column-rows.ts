/** Text of a table, or JSON, to rows by the names of their columns. */
import type { Cell, Row } from '../index.js';
import type { ColumnSpec } from '../manifest.js';

/**
 * Reads rows for an input of named columns. Without a heading, cells are in the order of the columns. What
 * a cell should be, predict says better.
 * @throws {Error} in words for the person who typed it
 */
export function readColumnRows(text: string, columns: readonly ColumnSpec[]): readonly Row[] {
  const trimmed = text.trim();
  const names = columns.map(({ name }) => name);
  if (trimmed === '') throw new Error(`Type or paste rows of ${names.join(', ')}.`);
  if (/^[[{]/.test(trimmed)) return readJson(trimmed);
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== '');
  const cells = lines.map(cellsOf);
  const [first = []] = cells;
  const hasHeading = first.some((cell) => names.includes(cell)) && first.every((cell) => names.includes(cell));
  const order = hasHeading ? first : names;
  const rows = hasHeading ? cells.slice(1) : cells;
  if (rows.length === 0) throw new Error('There is a heading, but no row below it.');
  return rows.map((row, index) => {
    const line = index + (hasHeading ? 2 : 1);
    if (row.length !== order.length) throw new Error(`Line ${line} has ${row.length} cells; ${order.join(', ')} are ${order.length}.`);
    return Object.fromEntries(
      order.map((name, at) => [
        name,
        cellFor(
          columns.find((column) => column.name === name),
          row[at] as string,
        ),
      ]),
    );
  });
}

function readJson(text: string): readonly Row[] {
  try {
    const json = JSON.parse(text) as Row | readonly Row[];
    return Array.isArray(json) ? json : [json as Row];
  } catch (thrown) {
    throw new Error(`This is no JSON: ${(thrown as Error).message}`);
  }
}

/** Spaces part cells only where nothing else does: names of categories may hold some. */
function cellsOf(line: string): string[] {
  const parts = /[,;\t]/.test(line) ? line.split(/[,;\t]/) : line.trim().split(/\s+/);
  return parts.map((part) => part.trim().replace(/^"(.*)"$/, '$1'));
}

function cellFor(column: ColumnSpec | undefined, cell: string): Cell {
  if (column !== undefined && 'categories' in column) return column.categories.find((category) => String(category) === cell) ?? cell;
  return cell === '' || Number.isNaN(Number(cell)) ? cell : Number(cell);
}

/** A heading and a few rows that fit: numbers about their means, categories in turn; each seed gives its own. */
export function exampleRows(columns: readonly ColumnSpec[], count: number, seed: number): string {
  const cell = (column: ColumnSpec, row: number) => {
    if ('categories' in column) return String(column.categories[(row + seed) % column.categories.length]);
    return String(Number((column.mean + column.std * (((row * 7 + seed * 3) % 11) / 5 - 1)).toPrecision(4)));
  };
  const rows = Array.from({ length: count }, (_, row) => columns.map((column) => cell(column, row)).join(', '));
  return [columns.map(({ name }) => name).join(', '), ...rows].join('\n');
}
